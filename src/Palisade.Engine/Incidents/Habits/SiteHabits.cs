using System.Collections.Immutable;
using Palisade.Engine.Incidents.Proof;
using Palisade.Engine.Rules.Policy;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>
/// Looks at requests to sites over time, page by page and client by client, and gives the incidents that single requests do not show:
/// floods, scans, scraping, enumeration, abuse of log-ins, messages, bonuses and payment notices, planted scripts.
/// Holds state, so one instance a shard; not thread-safe. The same events in the same order give the same result.
/// </summary>
public sealed partial class SiteHabits(IncidentContent content, IncidentTracker tracker, HostProof proof, PolicyStage policy)
{
    private const int MaxFound = 16, MaxContext = 4_096;

    private readonly Dictionary<uint, TenantHabits> tenants = [];
    private ImmutableDictionary<uint, BusinessChoices> choices = ImmutableDictionary<uint, BusinessChoices>.Empty;
    private readonly AgentKinds kinds = new();
    private readonly Dictionary<RuleInfo, RuleInfo> asContext = new(ReferenceEqualityComparer.Instance);
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
            // The own scanner, say: neither a habit of the site nor a story.
            if (policy.Hides(events, i)) continue;
            var (n, isAttack) = (0, false);
            for (var f = firstOf[i]; f >= 0; f = nextOf[f])
            {
                ref readonly var finding = ref findings.Items[f];
                tracker.Take(events, finding);
                if (finding.Firing is not null || finding.Muted != 0 || n == MaxFound) continue;
                found[n++] = finding;
                isAttack |= !finding.Rule.ContextOnly;
            }
            if (!TryRead(events, i, text, out var length, out var request))
            {
                proof.TakeHost(events, i, findings);
                continue;
            }
            request.IsAttack = isAttack;
            if (isAttack) isAttack = request.IsAttack = Weigh(events, i, findings, ref request, found.AsSpan(0, n));
            Of(request.Tenant).Observe(request, text[..length], found.AsSpan(0, n), findings);
            proof.TakeRequest(events, i, request.Ip, found.AsSpan(0, n), findings);
        }
        Array.Clear(found);
    }

    /// <summary>Compares what findings point to with what the parameter usually holds: what is odd there makes them surer, what people there always send makes them context.</summary>
    /// <returns>Whether the request is an attack still.</returns>
    private bool Weigh(EventBatch events, int index, FindingList findings, ref Request request, Span<Finding> ofEvent)
    {
        var isAttack = false;
        var (n, habits) = (0, Of(request.Tenant));
        for (var f = firstOf[index]; f >= 0 && n < ofEvent.Length; f = nextOf[f])
        {
            ref var finding = ref findings.From(f)[0];
            if (finding.Firing is not null || finding.Muted != 0) continue;
            if (!finding.Rule.ContextOnly && finding.Length > 0 && finding.Field is Fields.UrlOriginal or Fields.UrlQuery or Fields.UrlPath)
            {
                var value = events.Get(index, finding.Field);
                request.Suspect = finding.Offset >= 0 && finding.Offset + finding.Length <= value.Length ? value.Slice(finding.Offset, finding.Length) : default;
                var verdict = habits.Weigh(request);
                if (verdict == ValueVerdict.Odd && finding.Confidence is FindingConfidence.Low or FindingConfidence.Medium) finding = finding with { Confidence = finding.Confidence + 1 };
                else if (verdict == ValueVerdict.Habit && finding.Confidence is FindingConfidence.Low or FindingConfidence.Medium) finding = finding with { Confidence = FindingConfidence.Low, Rule = Context(finding.Rule) };
            }
            ofEvent[n++] = finding;
            isAttack |= !finding.Rule.ContextOnly;
        }
        return isAttack;
    }

    /// <summary>The same rule as context.</summary>
    private RuleInfo Context(RuleInfo rule)
    {
        if (asContext.Count > MaxContext) asContext.Clear();
        if (!asContext.TryGetValue(rule, out var low)) asContext[rule] = low = rule with { Level = FindingLevel.Low };
        return low;
    }

    /// <summary>Requests of clients and pages that had to make room for others, all tenants.</summary>
    public long Evicted => tenants.Values.Sum(t => t.Evicted);

    private TenantHabits Of(uint tenant)
    {
        if (!tenants.TryGetValue(tenant, out var habits))
        {
            tenants[tenant] = habits = new TenantHabits(tenant, content, new TenantBehaviours(content, policy, tenant), tracker);
            habits.Choose(choices.GetValueOrDefault(tenant, BusinessChoices.Empty));
        }
        return habits;
    }

    /// <summary>What people of each tenant said that pages are for. Swapped whole, between two batches.</summary>
    public ImmutableDictionary<uint, BusinessChoices> Choices
    {
        get => choices;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (ReferenceEquals(choices, value)) return;
            choices = value;
            foreach (var (tenant, habits) in tenants) habits.Choose(value.GetValueOrDefault(tenant, BusinessChoices.Empty));
        }
    }

    /// <summary>Tenants whose requests were seen, and how many of each.</summary>
    public IEnumerable<(uint Tenant, uint Requests)> Seen => tenants.Select(t => (t.Key, t.Value.Total));

    /// <summary>Pages of a tenant that have a purpose or may have one, as <see cref="BusinessPage"/>s; between two batches only.</summary>
    public IReadOnlyList<BusinessPage> Pages(uint tenant) => tenants.TryGetValue(tenant, out var habits) ? habits.Pages() : [];

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
        if (!events.TryGet(index, Fields.HttpResponseStatusCode, out var status)) return TryReadAction(events, index, text, out length, ref request);
        if (!events.TryGet(index, Fields.SourceIp, out var source) || !Address.TryParse(source, out var ip)) return false;
        var target = events.TryGet(index, Fields.UrlOriginal, out var original) ? original : events.Get(index, Fields.UrlPath);
        if (target.IsEmpty) return false;
        ref readonly var header = ref events.Header(index);
        request.Events = events;
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
        request.Domain = events.Get(index, Fields.UrlDomain);
        request.Site = BusinessChoices.SiteKey(request.Domain, header.Tenant);
        request.PathKey = Hash.Mix(request.Shape.Key, request.Site);
        return true;
    }

    private static bool TryReadAction(EventBatch events, int index, Span<byte> text, out int length, ref Request request)
    {
        length = 0;
        Span<byte> target = stackalloc byte[96];
        if (ActionReader.Read(events, index, target, ref request) is not (> 0 and var n)) return false;
        ref readonly var header = ref events.Header(index);
        (request.Events, request.Event, request.Tenant, request.Sequence, request.TimeMs) = (events, index, header.Tenant, header.Sequence, IncidentTracker.TimeOf(header));
        length = PathShape.Read(target[..n], default, text, out var shape);
        request.Shape = new PathShape { Key = shape.Key };
        request.Domain = events.Get(index, Fields.UrlDomain);
        request.Site = BusinessChoices.SiteKey(request.Domain, header.Tenant);
        request.PathKey = Hash.Mix(request.Shape.Key, request.Site);
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
