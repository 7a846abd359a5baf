using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>
/// Looks at requests to sites over time, page by page and client by client, and gives the incidents that single requests do not show:
/// floods, scans, scraping, enumeration, abuse of log-ins, messages, bonuses and payment notices, planted scripts.
/// Holds state, so one instance a shard; not thread-safe. The same events in the same order give the same result.
/// </summary>
public sealed partial class SiteHabits(IncidentContent content, IncidentTracker tracker)
{
    private const int MaxFound = 16;

    private readonly Dictionary<uint, TenantHabits> tenants = [];
    private readonly AgentKinds kinds = new();
    private readonly int[] firstOf = new int[EventBatch.MaxEvents];
    private int[] nextOf = new int[256];
    private readonly Finding[] found = new Finding[MaxFound];

    /// <summary>
    /// Takes a batch that detectors and correlations have seen, event by event: first what was found goes into the stories, then the request into the
    /// habits, so that it does not matter where a batch begins. Adds a finding with a <see cref="Firing"/> where a behaviour is recognised.
    /// </summary>
    public void Observe(EventBatch events, FindingList findings)
    {
        ArgumentNullException.ThrowIfNull(events);
        ArgumentNullException.ThrowIfNull(findings);
        Chain(events.Count, findings);
        Span<byte> text = stackalloc byte[PathShape.MaxText];
        for (var i = 0; i < events.Count; i++)
        {
            var (n, isAttack) = (0, false);
            for (var f = firstOf[i]; f >= 0; f = nextOf[f])
            {
                ref readonly var finding = ref findings.Items[f];
                tracker.Take(events, finding);
                if (finding.Firing is not null || n == MaxFound) continue;
                found[n++] = finding;
                isAttack |= !finding.Rule.ContextOnly;
            }
            if (!TryRead(events, i, text, out var length, out var request)) continue;
            request.IsAttack = isAttack;
            Of(request.Tenant).Observe(request, text[..length], found.AsSpan(0, n), findings);
        }
        Array.Clear(found);
    }

    /// <summary>Requests of clients and pages that had to make room for others, all tenants.</summary>
    public long Evicted => tenants.Values.Sum(t => t.Evicted);

    private TenantHabits Of(uint tenant)
    {
        if (!tenants.TryGetValue(tenant, out var habits)) tenants[tenant] = habits = new TenantHabits(tenant, content, tracker);
        return habits;
    }

    /// <summary>Links each event to its findings, in their order.</summary>
    private void Chain(int count, FindingList findings)
    {
        firstOf.AsSpan(0, count).Fill(-1);
        if (nextOf.Length < findings.Count) nextOf = new int[findings.Count * 2];
        for (var f = findings.Count - 1; f >= 0; f--)
        {
            var at = findings.Items[f].Event;
            nextOf[f] = firstOf[at];
            firstOf[at] = f;
        }
    }

    private bool TryRead(EventBatch events, int index, Span<byte> text, out int length, out Request request)
    {
        request = default;
        length = 0;
        if (!events.TryGet(index, Fields.HttpResponseStatusCode, out var status) || !events.TryGet(index, Fields.SourceIp, out var source) || !Address.TryParse(source, out var ip)) return false;
        var target = events.TryGet(index, Fields.UrlOriginal, out var original) ? original : events.Get(index, Fields.UrlPath);
        if (target.IsEmpty) return false;
        ref readonly var header = ref events.Header(index);
        request.Event = index;
        request.Tenant = header.Tenant;
        request.Sequence = header.Sequence;
        request.TimeMs = IncidentTracker.TimeOf(header);
        request.Ip = ip;
        request.Status = (int)Number(status);
        request.Bytes = events.TryGet(index, Fields.HttpResponseBodyBytes, out var bytes) ? Number(bytes) : Number(events.Get(index, Fields.HttpResponseBytes));
        var method = events.Get(index, Fields.HttpRequestMethod);
        request.IsPost = method.SequenceEqual("POST"u8) || method.SequenceEqual("PUT"u8) || method.SequenceEqual("PATCH"u8);
        var referrer = events.Get(index, Fields.HttpRequestReferrer);
        request.HasReferrer = referrer.Length > 1;
        var agent = events.Get(index, Fields.UserAgentOriginal);
        request.Agent = Hash.Of(agent, 1);
        request.Kind = kinds.Of(agent, request.Agent);
        length = PathShape.Read(Local(target), events.Get(index, Fields.UrlQuery), text, out request.Shape);
        request.PathKey = Hash.Mix(request.Shape.Key, Hash.Of(events.Get(index, Fields.UrlDomain), header.Tenant));
        return true;
    }

    /// <summary>A target that names scheme and host, from its path on.</summary>
    private static ReadOnlySpan<byte> Local(ReadOnlySpan<byte> target)
    {
        if (target[0] == '/') return target;
        var at = target.IndexOf("://"u8);
        if (at < 0) return target;
        var slash = target[(at + 3)..].IndexOf((byte)'/');
        return slash < 0 ? "/"u8 : target[(at + 3 + slash)..];
    }

    private static long Number(ReadOnlySpan<byte> digits)
    {
        long value = 0;
        foreach (var c in digits)
        {
            if (c is < (byte)'0' or > (byte)'9' || value > long.MaxValue / 20) return value;
            value = value * 10 + (c - '0');
        }
        return value;
    }
}
