using Palisade.Engine.Incidents.Proof;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents;

/// <summary>What the log of a host proves of an attack on a site makes the story of the one and that of the other one.</summary>
public sealed partial class IncidentTracker
{
    /// <summary>Puts a request and what it did on its host into the story of who sent it.</summary>
    internal Incident Prove(uint tenantId, WebAttempt attempt, HostDeed deed, RuleInfo rule, AttackOutcome outcome)
    {
        var tenant = Of(tenantId);
        var incident = StoryOf(tenantId, tenant, attempt);
        if (!incident.Has(attempt.Sequence))
        {
            incident.Add(incident.Step(attempt.Rule, attempt.Technique), attempt.Sequence, attempt.TimeMs, attempt.Client, attempt.Outcome);
            incident.AddTarget(attempt.Path);
        }
        // What rules said of the same record of the host, where it is no story of somebody else.
        var other = tenant.ByKey.Values.Where(i => i.SourceCount == 0 && i.IsLive && !i.IsShared && !ReferenceEquals(i, incident) && i.FirstMs <= deed.TimeMs && i.LastMs >= deed.TimeMs && i.Has(deed.Sequence))
            .MinBy(i => i.Key, StringComparer.Ordinal);
        if (other is not null) Absorb(tenant, incident, other);
        incident.Prove(new IncidentProof(
            attempt.Sequence, attempt.TimeMs, Address.Text(attempt.Client), attempt.Target, deed.Sequence, deed.TimeMs, deed.Kind, deed.Host, deed.Account, deed.Text, outcome, attempt.Rule.Class), attempt, rule);
        incident.AddHost(deed.Host);
        incident.AddUser(deed.Account);
        (incident.IsHeld, incident.MutedBy) = (false, 0);
        if (!incident.IsShared) Index(tenant, incident, incident.SourceCount <= options.HubSources ? attempt.Client : 0, deed.Host, deed.Account, deed.TimeMs);
        Touch(incident);
        return incident;
    }

    /// <summary>The story that has the request; else one its sender has a part in; else a new one.</summary>
    private Incident StoryOf(uint tenantId, Tenant tenant, WebAttempt attempt)
    {
        if (Alive(tenant, 'a', Hash.Of(attempt.Client), attempt.TimeMs) is { } known && known.HasSource(attempt.Client)) return known;
        return OpenFor(tenantId, "proof " + Address.Text(attempt.Client), attempt.Client, attempt.Sequence, attempt.TimeMs);
    }

    /// <summary>Open incidents of a tenant, in no order.</summary>
    internal IEnumerable<Incident> OpenOf(uint tenantId) => tenants.TryGetValue(tenantId, out var tenant) ? tenant.ByKey.Values : [];

    /// <summary>Gives an open incident back the proofs that were written down with it.</summary>
    internal void Restore(uint tenantId, string id, IReadOnlyList<IncidentProof> proofs, HashSet<ulong> told, int count)
    {
        if (ById(tenantId, id) is not { } incident) return;
        incident.Restore(proofs, told, count);
        IncidentJudge.Judge(incident, content);
    }
}
