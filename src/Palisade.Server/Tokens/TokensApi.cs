using Microsoft.EntityFrameworkCore;
using Palisade.Server.Api;
using Palisade.Server.Control;
using Palisade.Server.Identity;
using Palisade.Server.Tenants;

namespace Palisade.Server.Tokens;

public sealed record TokenDto(
    Guid Id, string Name, string Prefix, TokenScope Scope, string? Source, DateTimeOffset Created, DateTimeOffset? Expires, DateTimeOffset? LastUsed, DateTimeOffset? Revoked);

public sealed record TokenList(IReadOnlyList<TokenDto> Items, string? Next);

/// <param name="Token">The token itself, shown this once.</param>
public sealed record NewTokenDto(string Token, TokenDto Info);

public sealed record TokenPost(string Name, TokenScope Scope, string? Source = null, int? TtlDays = null);

internal static class TokensApi
{
    public static void MapTokensApi(this RouteGroupBuilder api)
    {
        api.MapGet("/tokens", ListAsync).WithTags("tokens").Needs(Role.Admin);
        api.MapPost("/tokens", CreateAsync).WithTags("tokens").Needs(Role.Admin);
        api.MapDelete("/tokens/{id:guid}", RevokeAsync).WithTags("tokens").Needs(Role.Admin);
    }

    private static async Task<IResult> ListAsync(HttpContext http, ControlDbFactory factory, CancellationToken stop)
    {
        await using var db = factory.For(ApiCaller.Of(http).Tenant);
        var rows = await db.Set<ApiToken>().AsNoTracking().OrderBy(t => t.Created).ToListAsync(stop);
        return TypedResults.Ok(new TokenList([.. rows.Select(Dto)], null));
    }

    private static async Task<IResult> CreateAsync(TokenPost post, HttpContext http, ControlDbFactory factory, TokenService tokens, TimeProvider clock, CancellationToken stop)
    {
        if (string.IsNullOrWhiteSpace(post.Name) || post.Name.Length > 120) return Problem.Invalid("token.name", "a name has 1 to 120 characters");
        if (post.Source is { } source && !Sources.SourceRegistry.IsName(source)) return Problem.Invalid("token.source", "no source can have this name");
        if (post.TtlDays is < 1 or > 3650) return Problem.Invalid("token.ttl", "ttl_days is 1 to 3650");
        var caller = ApiCaller.Of(http);
        var expires = post.TtlDays is { } days ? clock.GetUtcNow().AddDays(days) : (DateTimeOffset?)null;
        var made = await factory.ChangeAsync(new TenantContext(caller.Tenant),
            db => tokens.CreateAsync(db, caller.Tenant, post.Name, post.Scope, post.Source, expires, caller.Actor, stop), stop);
        return TypedResults.Created($"/api/v1/tokens/{made.Row.Id}", new NewTokenDto(made.Token, Dto(made.Row)));
    }

    private static async Task<IResult> RevokeAsync(Guid id, HttpContext http, TokenService tokens, CancellationToken stop)
    {
        var caller = ApiCaller.Of(http);
        return await tokens.RevokeAsync(caller.Tenant, id, caller.Actor, stop) ? TypedResults.NoContent() : Problem.NotFound("token.not_found", "no such token");
    }

    private static TokenDto Dto(ApiToken t) => new(t.Id, t.Name, t.Prefix, t.Scope, t.DefaultSource, t.Created, t.Expires, t.LastUsed, t.Revoked);
}
