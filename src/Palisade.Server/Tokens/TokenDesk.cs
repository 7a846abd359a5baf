using Microsoft.EntityFrameworkCore;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Identity;
using Palisade.Server.Tenants;

namespace Palisade.Server.Tokens;

/// <summary>Tokens as a person at the console makes and sees them. Every change asks for the person's role anew.</summary>
public sealed class TokenDesk(ControlDbFactory factory, TokenService tokens, MembershipService memberships, TimeProvider clock)
{
    /// <summary>Makes an ingest token; null when the person may not.</summary>
    /// <param name="days">Until it expires; null: never.</param>
    public async Task<NewToken?> MakeIngestAsync(uint tenant, Guid person, string name, string? source, int? days, Actor actor, CancellationToken stop)
    {
        if (!await MayAsync(tenant, person, stop)) return null;
        var expires = days is { } d ? clock.GetUtcNow().AddDays(d) : (DateTimeOffset?)null;
        return await factory.ChangeAsync(new TenantContext(tenant),
            db => tokens.CreateAsync(db, tenant, name, TokenScope.Ingest, source, expires, actor, stop), stop);
    }

    /// <summary>Revokes a token; false when there is none, or the person may not.</summary>
    public async Task<bool> RevokeAsync(uint tenant, Guid person, Guid token, Actor actor, CancellationToken stop) =>
        await MayAsync(tenant, person, stop) && await tokens.RevokeAsync(tenant, token, actor, stop);

    public async Task<ApiToken?> FindAsync(uint tenant, Guid id, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return await db.Set<ApiToken>().AsNoTracking().FirstOrDefaultAsync(t => t.Id == id, stop);
    }

    /// <summary>Ingest tokens that still work, the newest first, at most 500.</summary>
    public async Task<IReadOnlyList<ApiToken>> IngestAsync(uint tenant, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        await using var db = factory.For(tenant);
        var live = await db.Set<ApiToken>().AsNoTracking().Where(t => t.Scope == TokenScope.Ingest && t.Revoked == null).ToListAsync(stop);
        return [.. live.Where(t => t.Expires is not { } end || end > now).OrderByDescending(t => t.Created).Take(500)];
    }

    /// <summary>Whether the person may change tokens and sources, asked of the store.</summary>
    public async Task<bool> MayAsync(uint tenant, Guid person, CancellationToken stop) =>
        await memberships.RoleAsync(person, tenant, stop) is { } role && role <= Role.Admin;
}
