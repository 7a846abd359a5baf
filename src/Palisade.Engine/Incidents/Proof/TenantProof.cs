using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Proof;

/// <summary>
/// Recent attacks on the sites of one tenant and recent deeds of its web servers, and which of them belong together. Bounded: the oldest to come make room,
/// attempts that were refused and deeds that are usual in places of their own, so that they push nothing else out.
/// </summary>
internal sealed class TenantProof(HostWords words)
{
    /// <summary>Time between the stamps of a request and what came of it, in either order: a log of a site may be written at the end of a request that waits for its command.</summary>
    public const long WindowMs = 60_000;
    /// <summary>A script may be asked for long after it was written.</summary>
    private const long ScriptMs = 24 * 3_600_000;
    private const long UsualMs = 600_000;
    private const int UsualTimes = 3, MaxUsual = 4_096, MaxHosts = 64, MaxExamined = 256;

    private readonly Dictionary<ulong, (long FirstMs, int Count)> usual = [];
    private readonly HashSet<string> hosts = new(StringComparer.Ordinal);

    public Recent<WebAttempt> Answered { get; } = new(4_096);
    public Recent<WebAttempt> Refused { get; } = new(1_024);
    public Recent<HostDeed> Rare { get; } = new(1_024);
    public Recent<HostDeed> Usual { get; } = new(512);
    public IReadOnlyDictionary<ulong, (long FirstMs, int Count)> Shapes => usual;
    public IReadOnlySet<string> Hosts => hosts;

    public void Add(WebAttempt attempt) => (attempt.IsRefused ? Refused : Answered).Add(attempt);

    public void Add(HostDeed deed)
    {
        if (deed.Host.Length > 0 && hosts.Count < MaxHosts) hosts.Add(deed.Host);
        var had = usual.TryGetValue(deed.Shape, out var known);
        if (had || usual.Count < MaxUsual) usual[deed.Shape] = had ? (Math.Min(known.FirstMs, deed.TimeMs), Math.Min(known.Count, int.MaxValue - 1) + 1) : (deed.TimeMs, 1);
        (IsUsual(deed) ? Usual : Rare).Add(deed);
    }

    public void Restore(ulong shape, long firstMs, int count) => usual[shape] = (firstMs, count);

    public void Restore(string host) => hosts.Add(host);

    /// <summary>The attempt that a deed proves best; null where none.</summary>
    public (WebAttempt Attempt, AttackOutcome Outcome)? For(HostDeed deed)
    {
        (WebAttempt Attempt, AttackOutcome Outcome, int Common, long Apart)? best = null;
        foreach (var attempts in (ReadOnlySpan<Recent<WebAttempt>>)[Answered, Refused])
        {
            var examined = 0;
            for (var i = 0; i < attempts.Count && examined < MaxExamined; i++)
            {
                var attempt = attempts[i];
                if (!IsNear(attempt, deed)) continue;
                examined++;
                var (outcome, common) = Judge(attempt, deed);
                if (outcome == AttackOutcome.Unknown) continue;
                var apart = Math.Abs(deed.TimeMs - attempt.TimeMs);
                if (best is null || (outcome, common, -apart).CompareTo((best.Value.Outcome, best.Value.Common, -best.Value.Apart)) > 0) best = (attempt, outcome, common, apart);
            }
        }
        return best is { } found ? (found.Attempt, found.Outcome) : null;
    }

    /// <summary>The deeds that prove an attempt, the latest to come first.</summary>
    public IEnumerable<(HostDeed Deed, AttackOutcome Outcome)> For(WebAttempt attempt)
    {
        foreach (var deeds in new[] { Rare, Usual })
        {
            var examined = 0;
            for (var i = 0; i < deeds.Count && examined < MaxExamined; i++)
            {
                if (!IsNear(attempt, deeds[i])) continue;
                examined++;
                if (Judge(attempt, deeds[i]).Outcome is > AttackOutcome.Unknown and var outcome) yield return (deeds[i], outcome);
            }
        }
    }

    private static bool IsNear(WebAttempt attempt, HostDeed deed)
    {
        var later = deed.TimeMs - attempt.TimeMs;
        return later <= WindowMs && later >= (deed.Kind == DeedKind.Script ? -ScriptMs : -WindowMs);
    }

    /// <summary>
    /// Whether a deed shows that an attempt worked: it holds what the request brought, or a web shell was asked for and something unusual ran: succeeded;
    /// something unusual ran that such attacks start: likely; else unknown.
    /// </summary>
    private (AttackOutcome Outcome, int Common) Judge(WebAttempt attempt, HostDeed deed)
    {
        var host = SameHost(attempt, deed);
        if (host == Same.No) return default;
        var runs = words.Runs(attempt.Rule.Class);
        var common = CommonOf(attempt, deed, runs);
        // Where it is not known that it was the same host, a short word in common may be chance.
        if (common > 0 && (host == Same.Yes || common >= RequestText.Telling || hosts.Count <= 1) && !(common < RequestText.Telling && attempt.IsRefused && IsUsual(deed))) return (AttackOutcome.Succeeded, common);
        if (deed.Kind == DeedKind.Connection || attempt.IsRefused || !runs || host == Same.Unknown && hosts.Count > 1 || IsUsual(deed)) return default;
        if (Math.Abs(deed.TimeMs - attempt.TimeMs) > WindowMs || deed.Kind == DeedKind.Command && !deed.IsTool) return default;
        return (attempt.Rule.Class == "webshell" ? AttackOutcome.Succeeded : AttackOutcome.Likely, 0);
    }

    private static int CommonOf(WebAttempt attempt, HostDeed deed, bool runs)
    {
        if (deed.Kind == DeedKind.Command) return RequestText.Common(attempt.Plain, deed.Plain, wholly: !runs);
        // Every site has a page of this name.
        if (deed.Kind == DeedKind.Script && (attempt.IsRefused || deed.Plain.AsSpan().StartsWith("index."u8) || deed.Plain.AsSpan().StartsWith("default."u8))) return 0;
        return RequestText.HasName(attempt.Plain, deed.Plain) ? deed.Plain.Length : 0;
    }

    private enum Same { No, Unknown, Yes }

    /// <summary>By name, a short one and a whole one being the same where their first parts are; by address; by the log source that both came through.</summary>
    private static Same SameHost(WebAttempt attempt, HostDeed deed)
    {
        if (attempt.Host.Length > 0 && deed.Host.Length > 0) return IsSameName(attempt.Host, deed.Host) ? Same.Yes : Same.No;
        if (attempt.Address != 0 && deed.Address != 0) return attempt.Address == deed.Address ? Same.Yes : Same.No;
        return attempt.Source != 0 && attempt.Source == deed.Source ? Same.Yes : Same.Unknown;
    }

    private static bool IsSameName(string one, string other)
    {
        if (one == other) return true;
        var (a, b) = (one.IndexOf('.', StringComparison.Ordinal), other.IndexOf('.', StringComparison.Ordinal));
        return a >= 0 != b >= 0 && (a < 0 ? one : one[..a]) == (b < 0 ? other : other[..b]);
    }

    /// <summary>Done before, again and again: the site works so.</summary>
    private bool IsUsual(HostDeed deed) => usual.TryGetValue(deed.Shape, out var known) && known.Count >= UsualTimes && deed.TimeMs - known.FirstMs >= UsualMs;
}

/// <summary>The last so many to come; [0] came last.</summary>
internal sealed class Recent<T>(int capacity) where T : class
{
    private readonly List<T> items = [];
    private int next;

    public int Count => items.Count;
    public T this[int index] => items[(next - 1 - index + 2 * items.Count) % items.Count];

    public void Add(T item)
    {
        if (items.Count < capacity)
        {
            items.Add(item);
            next = items.Count;
            return;
        }
        if (next >= capacity) next = 0;
        items[next++] = item;
    }

    /// <summary>In the order they came.</summary>
    public IEnumerable<T> InOrder => Enumerable.Range(0, Count).Select(i => this[Count - 1 - i]);
}
