using Microsoft.AspNetCore.Http.HttpResults;
using Palisade.Server.Audit;
using Palisade.Server.Identity;
using Palisade.Server.Tokens;
using Palisade.Server.Usage;

namespace Palisade.Server.Api;

/// <summary>
/// Stands before every handler of /api/v1: finds the tenant from the token, or from the header and the person's
/// membership, and checks the role. A tenant one may not see does not exist.
/// </summary>
internal sealed class ApiGate(MembershipService members, IUsageMeter usage)
{
    /// <summary>Slug of the tenant, sent with a session cookie. A page of another site cannot set it, which also stops forged requests.</summary>
    public const string TenantHeader = "Palisade-Tenant";

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var (caller, refusal) = http.Items[TokenScheme.Item] is TokenIdentity token ? OfToken(token, http) : await OfPersonAsync(http);
        if (caller is null) return refusal;
        var least = http.GetEndpoint()?.Metadata.GetMetadata<NeedsRole>()?.Role ?? Role.Viewer;
        if (caller.Role > least)
            return Problem.Of(StatusCodes.Status403Forbidden, "role.too_low", $"this needs the role {least.ToString().ToLowerInvariant()} (or a token of scope write)");
        caller.Attach(http);
        return await next(context);
    }

    private static (ApiCaller?, ProblemHttpResult?) OfToken(TokenIdentity token, HttpContext http)
    {
        if (token.Scope == TokenScope.Ingest) return (null, Problem.Of(StatusCodes.Status403Forbidden, "token.scope", "this token may only send logs"));
        var actor = new Actor("token", token.TokenId.ToString(), token.Name, Access.AddressOf(http));
        return (new ApiCaller(token.Tenant, token.Scope == TokenScope.Write ? Role.Admin : Role.Viewer, null, actor), null);
    }

    private async Task<(ApiCaller?, ProblemHttpResult?)> OfPersonAsync(HttpContext http)
    {
        var safe = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);
        var slug = http.Request.Headers[TenantHeader].ToString();
        if (slug.Length == 0 && !safe)
            return (null, Problem.Invalid("tenant.header", $"a change with a session cookie needs the header {TenantHeader}"));
        if (http.User.UserId() is not { } user) return (null, Problem.Of(StatusCodes.Status401Unauthorized, "unauthenticated", "sign in, or send a token"));
        var places = await members.TenantsOfAsync(user, http.RequestAborted);
        if (slug.Length == 0) slug = http.Request.Query["tenant"].ToString();
        var place = slug.Length == 0 && places.Count == 1 ? places[0] : places.FirstOrDefault(p => p.Slug == slug);
        if (place is null) return (null, Problem.NotFound("tenant.not_found", slug.Length == 0 ? $"say which tenant by the header {TenantHeader}" : "no such tenant"));
        usage.UserActive(place.Id, user);
        return (new ApiCaller(place.Id, place.Role, user, Access.ActorOf(http)), null);
    }
}
