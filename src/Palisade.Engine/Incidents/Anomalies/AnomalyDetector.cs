using Palisade.Engine.Incidents.Habits;
using Palisade.Engine.Rules.Policy;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Anomalies;

/// <summary>
/// Looks at what hosts, accounts and networks do over weeks for what has no signature: connections in a beat, first log-ins from a country, journeys too
/// fast, passwords tried slowly, new children of old programs. Every detector learns first, tells one thing once, and has a daily bound, so that a quiet
/// week stays quiet. Holds state, so one instance a shard; not thread-safe. The same events in the same order give the same findings.
/// </summary>
/// <remarks>Requests to sites are the business of <see cref="SiteHabits"/>.</remarks>
public sealed partial class AnomalyDetector(IncidentContent content, IncidentTracker tracker, PolicyStage policy)
{
    private readonly Dictionary<uint, TenantAnomalies> tenants = [];

    /// <summary>Takes a batch that detectors, correlations and habits have seen; adds a finding with a <see cref="Firing"/> for each anomaly.</summary>
    public void Observe(EventBatch events, FindingList findings)
    {
        ArgumentNullException.ThrowIfNull(events);
        ArgumentNullException.ThrowIfNull(findings);
        for (var i = 0; i < events.Count; i++)
        {
            if (!events.TryGet(i, Fields.EventCategory, out var category) || category.IsEmpty) continue;
            // Most of what comes are requests to sites: of those only a proxy's go out.
            if (category[0] == 'w' && !events.TryGet(i, Fields.DestinationIp, out _)) continue;
            ref readonly var header = ref events.Header(i);
            var e = new Observation(events, i, header.Sequence, IncidentTracker.TimeOf(header));
            var before = findings.Count;
            Of(header.Tenant).Observe(e, category, findings);
            policy.Mark(events, findings, before);
            for (var f = before; f < findings.Count; f++) tracker.Take(events, findings.Items[f]);
        }
    }

    /// <summary>Anomalies that were not told because their kind had its fill for the day, all tenants.</summary>
    public long Withheld => tenants.Values.Sum(t => t.Withheld);

    private TenantAnomalies Of(uint tenant)
    {
        if (!tenants.TryGetValue(tenant, out var found)) tenants[tenant] = found = new TenantAnomalies(content, new TenantBehaviours(content, policy, tenant));
        return found;
    }
}

/// <summary>One event as the detectors look at it.</summary>
/// <param name="TimeMs">Unix milliseconds UTC.</param>
internal readonly record struct Observation(EventBatch Events, int Event, ulong Sequence, long TimeMs)
{
    public ReadOnlySpan<byte> this[ushort field] => Events.Get(Event, field);

    public bool Has(ushort field, ReadOnlySpan<byte> value) => this[field].SequenceEqual(value);
}
