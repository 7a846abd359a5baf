using System.Security.Claims;
using Palisade.Server.Identity;

namespace Palisade.Server.Console;

/// <summary>A tenant that the person may enter.</summary>
/// <param name="TimeZone">IANA name.</param>
public sealed record Place(uint Tenant, string Slug, string Name, Role Role, string TimeZone)
{
    public bool CanWork => Role <= Role.Analyst;
    public bool CanConfigure => Role <= Role.Admin;
}

/// <summary>Who is in front of the screen, and where they may go.</summary>
public sealed record ConsoleUser(Guid Id, string Name, string Email, IReadOnlyList<Place> Places)
{
    /// <summary>What to call the person who gave no name: what stands before the at sign.</summary>
    public string ShortName => Name.Split('@')[0];
}

/// <summary>Looks up the signed-in person.</summary>
public interface IConsoleAccess
{
    /// <summary>The person behind a cookie; null when there is none, or the account is gone.</summary>
    Task<ConsoleUser?> FindAsync(ClaimsPrincipal principal, CancellationToken stop);
}

/// <summary>What every page of a tenant is given: the person, the place, and the span of time in the address.</summary>
public sealed record Scene(ConsoleUser User, Place Place, TimeRange Range)
{
    public uint Tenant => Place.Tenant;

    /// <summary>The page of an attacker: an address, a range or a fingerprint. The slash of a range stays one.</summary>
    /// <param name="over">The time to show; null: the one that is shown.</param>
    public string Attacker(string key, (DateTimeOffset From, DateTimeOffset To)? over = null) => Link(
        "attackers/" + string.Join('/', key.Split('/').Select(Uri.EscapeDataString)),
        over is { } time ? [("from", time.From.UtcDateTime.ToString("s") + "Z"), ("to", time.To.UtcDateTime.ToString("s") + "Z")] : []);

    /// <summary>An address in this tenant that keeps the time range, unless it names one itself.</summary>
    public string Link(string path, params (string Name, string? Value)[] query)
    {
        var keep = Range.Key == TimeRange.Default || query.Any(q => q.Name == "from")
            ? query
            : [.. query, ("from", Range.FromText), ("to", Range.ToText)];
        var text = string.Join('&', keep.Where(q => !string.IsNullOrEmpty(q.Value)).Select(q => $"{q.Name}={Uri.EscapeDataString(q.Value!)}"));
        return $"t/{Place.Slug}/{path}{(text.Length > 0 ? "?" + text : "")}";
    }
}
