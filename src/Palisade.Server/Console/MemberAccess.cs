using System.Security.Claims;
using Palisade.Server.Identity;

namespace Palisade.Server.Console;

/// <summary>The person of a cookie and the tenants of that person.</summary>
internal sealed class MemberAccess(MembershipService memberships) : IConsoleAccess
{
    public async Task<ConsoleUser?> FindAsync(ClaimsPrincipal principal, CancellationToken stop)
    {
        if (principal.Identity is not { IsAuthenticated: true } || principal.UserId() is not { } id) return null;
        var email = principal.FindFirstValue(ClaimTypes.Email) ?? principal.Identity.Name ?? "";
        var places = await memberships.TenantsOfAsync(id, stop);
        return new ConsoleUser(id, principal.Identity.Name ?? email, email, [.. places.Select(p => new Place(p.Id, p.Slug, p.Name, p.Role, p.TimeZone))]);
    }
}
