using System.Collections.Concurrent;
using System.Text;

namespace Palisade.Server.Ingest;

/// <summary>Where a message goes, or why nowhere.</summary>
public readonly record struct Route(IngestLane Lane, IngestRefusal Refusal);

/// <summary>
/// Finds the lane of a syslog message: by the token in its structured data, else by what the
/// listener or the sender's certificate says. Look-ups are remembered
/// for a few seconds, so that a message costs none and a revoked token stops soon.
/// </summary>
public sealed class SyslogRouter(IIngestDirectory directory, string tenant, string source, bool loopback, TimeProvider clock)
{
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(5);
    private const int MaxRemembered = 10_000;
    private readonly ConcurrentDictionary<string, (Route Route, long Until)> known = new(StringComparer.Ordinal);

    /// <summary>The lane if it is known without asking; false when <see cref="AskAsync"/> is needed.</summary>
    public bool TryRoute(ReadOnlySpan<byte> message, out Route route)
    {
        Span<char> chars = stackalloc char[SyslogToken.MaxLength];
        var key = Key(message, chars);
        if (known.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(key, out var found) && clock.GetTimestamp() < found.Until)
        {
            route = found.Route;
            return true;
        }
        route = default;
        return false;
    }

    /// <summary>Asks the control store and remembers the answer.</summary>
    public async ValueTask<Route> AskAsync(ReadOnlyMemory<byte> message, CancellationToken stop)
    {
        var token = Key(message.Span, new char[SyslogToken.MaxLength]).ToString();
        var route = token.Length > 0 ? await ByTokenAsync(token, stop) : await ByListenerAsync(stop);
        if (known.Count >= MaxRemembered) known.Clear();
        known[token] = (route, clock.GetTimestamp() + (long)(Remembered.TotalSeconds * clock.TimestampFrequency));
        return route;
    }

    private static ReadOnlySpan<char> Key(ReadOnlySpan<byte> message, Span<char> chars) =>
        SyslogToken.TryFind(message, out var token) ? chars[..Encoding.Latin1.GetChars(token, chars)] : default;

    private async ValueTask<Route> ByTokenAsync(string token, CancellationToken stop)
    {
        var grant = await directory.AuthenticateAsync(token, stop);
        if (grant.Refusal != IngestRefusal.None) return new(new IngestLane(grant.Tenant, 0), grant.Refusal);
        var found = await directory.SourceAsync(grant, grant.DefaultSource is "" ? source : grant.DefaultSource, stop);
        return new(new IngestLane(grant.Tenant, found.Source), found.Refusal);
    }

    private async ValueTask<Route> ByListenerAsync(CancellationToken stop)
    {
        if (tenant is "" && !loopback) return new(default, IngestRefusal.NoToken);
        var owner = await directory.TenantAsync(tenant, stop);
        if (owner == 0) return new(default, IngestRefusal.NoToken);
        var found = await directory.SourceAsync(owner, source, stop);
        return new(new IngestLane(owner, found.Source), found.Refusal);
    }
}
