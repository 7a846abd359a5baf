using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Tenants;
using Palisade.Server.Tokens;

namespace Palisade.Server.Identity;

/// <summary>A tenant that a person may see.</summary>
public sealed record TenantPlace(uint Id, string Slug, string Name, Role Role, string TimeZone, string Language);

/// <summary>A person of a tenant.</summary>
public sealed record Member(Guid Id, string Email, string DisplayName, Role Role, bool TwoFactor, DateTimeOffset? LastSignIn);

public enum MemberRefusal { None, NotFound, LastOwner, Exists }

/// <summary>Who belongs to which tenant, and as what.</summary>
public sealed class MembershipService(ControlDbFactory factory, TimeProvider clock)
{
    /// <summary>The active tenants of a person, by name.</summary>
    public async Task<IReadOnlyList<TenantPlace>> TenantsOfAsync(Guid user, CancellationToken stop)
    {
        await using var db = factory.ForSystem();
        var rows = await db.Set<Membership>().Where(m => m.UserId == user)
            .Join(db.Set<Tenant>().Where(t => t.State == TenantState.Active), m => m.TenantId, t => t.Id, (m, t) => new { t, m.Role })
            .OrderBy(x => x.t.Name).ThenBy(x => x.t.Id).AsNoTracking().ToListAsync(stop);
        return [.. rows.Select(x => new TenantPlace(x.t.Id, x.t.Slug, x.t.Name, x.Role, x.t.TimeZone, x.t.Language))];
    }

    /// <summary>A person's place in the tenant of this slug; null when there is none, so that a page answers "not found".</summary>
    public async Task<TenantPlace?> PlaceAsync(Guid user, string slug, CancellationToken stop) =>
        (await TenantsOfAsync(user, stop)).FirstOrDefault(t => t.Slug == slug);

    /// <summary>A person's role in a tenant; null without membership.</summary>
    public async Task<Role?> RoleAsync(Guid user, uint tenant, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return (await db.Set<Membership>().AsNoTracking().FirstOrDefaultAsync(m => m.UserId == user, stop))?.Role;
    }

    public async Task<IReadOnlyList<Member>> MembersAsync(uint tenant, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return await db.Set<Membership>().Join(db.Set<User>(), m => m.UserId, u => u.Id, (m, u) => new { m, u }).OrderBy(x => x.u.Email)
            .Select(x => new Member(x.u.Id, x.u.Email!, x.u.DisplayName, x.m.Role, x.u.TwoFactorEnabled, x.u.LastSignIn)).ToListAsync(stop);
    }

    /// <summary>Adds a person who has an account already.</summary>
    public Task<MemberRefusal> AddAsync(uint tenant, string email, Role role, Actor actor, CancellationToken stop) =>
        factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            var wanted = email.ToUpperInvariant();
            if (await db.Set<User>().FirstOrDefaultAsync(u => u.NormalizedEmail == wanted, stop) is not { } user) return MemberRefusal.NotFound;
            if (await db.Set<Membership>().AnyAsync(m => m.UserId == user.Id, stop)) return MemberRefusal.Exists;
            await AddAsync(db, tenant, user, role, actor, stop);
            return MemberRefusal.None;
        }, stop);

    /// <summary>Adds a person in the caller's transaction.</summary>
    public async Task AddAsync(ControlDb db, uint tenant, User user, Role role, Actor actor, CancellationToken stop)
    {
        db.Add(new Membership { TenantId = tenant, UserId = user.Id, Role = role, Created = clock.GetUtcNow() });
        await AuditLog.AppendAsync(db, tenant, actor, "member.add", user.Id.ToString(), new { user.Email, Role = role.ToString() }, clock.GetUtcNow(), stop);
    }

    /// <summary>Changes a member's role, or removes the member when <paramref name="role"/> is null. The last owner stays.</summary>
    public Task<MemberRefusal> ChangeAsync(uint tenant, Guid user, Role? role, Actor actor, CancellationToken stop) =>
        factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            if (await db.Set<Membership>().FirstOrDefaultAsync(m => m.UserId == user, stop) is not { } row) return MemberRefusal.NotFound;
            if (row.Role == Role.Owner && role != Role.Owner && await db.Set<Membership>().CountAsync(m => m.Role == Role.Owner, stop) == 1)
                return MemberRefusal.LastOwner;
            var before = row.Role;
            if (role is { } next) row.Role = next;
            else db.Remove(row);
            // Open pages remember what their person may do: with less of it, sessions end and the person signs in again.
            if ((role is null || role > before) && await db.Set<User>().FirstOrDefaultAsync(u => u.Id == user, stop) is { } person)
                person.SecurityStamp = TokenText.Base32(RandomNumberGenerator.GetBytes(20));
            await AuditLog.AppendAsync(db, tenant, actor, role is null ? "member.remove" : "member.role", user.ToString(),
                new { from = before.ToString(), to = role?.ToString() }, clock.GetUtcNow(), stop);
            return MemberRefusal.None;
        }, stop);
}
