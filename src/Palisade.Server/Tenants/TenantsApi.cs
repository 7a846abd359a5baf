using Microsoft.EntityFrameworkCore;
using Palisade.Server.Api;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Identity;

namespace Palisade.Server.Tenants;

public sealed record TenantDto(string Slug, string Name, string Plan, TenantState State, DateTimeOffset Created, string TimeZone, string Language);

internal static class TenantsApi
{
    public static void MapTenantsApi(this RouteGroupBuilder api)
    {
        api.MapGet("/tenant", GetAsync).WithTags("tenant");
        api.MapGet("/users", UsersAsync).WithTags("users").Needs(Role.Admin);
        api.MapGet("/audit", AuditAsync).WithTags("audit").Needs(Role.Admin);
        api.MapGet("/audit/verify", VerifyAsync).WithTags("audit").Needs(Role.Admin);
    }

    private static async Task<IResult> GetAsync(HttpContext http, ControlDbFactory factory, CancellationToken stop)
    {
        var tenant = ApiCaller.Of(http).Tenant;
        await using var db = factory.For(tenant);
        var t = await db.Set<Tenant>().AsNoTracking().FirstAsync(t => t.Id == tenant, stop);
        return TypedResults.Ok(new TenantDto(t.Slug, t.Name, t.Plan, t.State, t.Created, t.TimeZone, t.Language));
    }

    private static async Task<IResult> UsersAsync(HttpContext http, MembershipService members, CancellationToken stop) =>
        TypedResults.Ok(new { items = await members.MembersAsync(ApiCaller.Of(http).Tenant, stop), next = (string?)null });

    private static async Task<IResult> AuditAsync(HttpContext http, ControlDbFactory factory, long? cursor, int? limit, CancellationToken stop)
    {
        var take = Math.Clamp(limit ?? 100, 1, 1000);
        var before = cursor ?? long.MaxValue;
        await using var db = factory.For(ApiCaller.Of(http).Tenant);
        var rows = await db.Set<AuditEntry>().AsNoTracking().Where(e => e.Sequence < before).OrderByDescending(e => e.Sequence).Take(take + 1).ToListAsync(stop);
        var items = rows.Take(take).Select(e => new { e.Sequence, e.At, e.ActorKind, actor = e.ActorName, e.Action, e.Target, e.Detail, e.Address, e.Hash }).ToList();
        return TypedResults.Ok(new { items, next = rows.Count > take ? items[^1].Sequence.ToString() : null });
    }

    private static async Task<IResult> VerifyAsync(HttpContext http, ControlDbFactory factory, CancellationToken stop)
    {
        var tenant = ApiCaller.Of(http).Tenant;
        await using var db = factory.For(tenant);
        return TypedResults.Ok(await AuditLog.VerifyAsync(db, tenant, stop));
    }
}
