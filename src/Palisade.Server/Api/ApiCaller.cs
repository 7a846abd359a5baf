using Palisade.Server.Audit;
using Palisade.Server.Identity;

namespace Palisade.Server.Api;

/// <summary>Who asks, and on behalf of which tenant.</summary>
/// <param name="User">Null for a token.</param>
public sealed record ApiCaller(uint Tenant, Role Role, Guid? User, Actor Actor)
{
    private static readonly object Item = new();

    /// <summary>The caller of a request below /api/v1; set before any handler runs.</summary>
    public static ApiCaller Of(HttpContext http) => (ApiCaller)http.Items[Item]!;

    internal void Attach(HttpContext http) => http.Items[Item] = this;
}

/// <summary>The least role an endpoint asks for.</summary>
public sealed record NeedsRole(Role Role);
