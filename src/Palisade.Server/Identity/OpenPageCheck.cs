using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;

namespace Palisade.Server.Identity;

/// <summary>
/// Ends the open pages of a person when the session has ended: a page keeps its connection and sends no cookie again, so the
/// session is asked for now and then.
/// </summary>
internal sealed class OpenPageCheck(ILoggerFactory logs, SessionCheck sessions) : RevalidatingServerAuthenticationStateProvider(logs)
{
    protected override TimeSpan RevalidationInterval => TimeSpan.FromSeconds(10);

    protected override async Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken) =>
        authenticationState.User.Identity?.AuthenticationType != Access.People || await sessions.IsCurrentAsync(authenticationState.User, cancellationToken);
}
