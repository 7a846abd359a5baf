using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.EntityFrameworkCore;
using Palisade.Server.Control;

namespace Palisade.Server.Identity;

/// <summary>Ends a session when the account's password or codes changed after it began, or the account is gone.</summary>
internal sealed class SessionCheck(ControlDbFactory factory, TimeProvider clock)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<Guid, (string? Stamp, long ReadAt)> stamps = new();

    public async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        if (await IsCurrentAsync(context.Principal, context.HttpContext.RequestAborted)) return;
        context.RejectPrincipal();
        await context.HttpContext.SignOutAsync(Access.People);
    }

    /// <summary>Whether a person's session goes on.</summary>
    public async Task<bool> IsCurrentAsync(ClaimsPrincipal? principal, CancellationToken stop) =>
        principal?.UserId() is { } user && await StampAsync(user, stop) is { } stamp && stamp == principal.FindFirstValue(Access.Stamp);

    private async Task<string?> StampAsync(Guid user, CancellationToken stop)
    {
        if (stamps.TryGetValue(user, out var known) && clock.GetElapsedTime(known.ReadAt) < Fresh) return known.Stamp;
        await using var db = factory.ForSystem();
        var stamp = await db.Set<User>().Where(u => u.Id == user).Select(u => u.SecurityStamp).FirstOrDefaultAsync(stop);
        stamps[user] = (stamp, clock.GetTimestamp());
        return stamp;
    }

    /// <summary>Forgets what was read; call after the stamp changed.</summary>
    public void Changed(Guid user) => stamps.TryRemove(user, out _);
}
