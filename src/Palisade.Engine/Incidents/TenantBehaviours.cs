using Palisade.Engine.Rules.Policy;

namespace Palisade.Engine.Incidents;

/// <summary>The rules of behaviour as one tenant has them.</summary>
internal readonly struct TenantBehaviours(IncidentContent content, PolicyStage policy, uint tenant)
{
    /// <summary>The rule with the tenant's level; null where the content has none of this id or the tenant switched it off, and then nothing of the kind is said.</summary>
    public RuleInfo? Of(string id) => content.Rule(id) is { } rule ? policy.InForce(tenant, rule) : null;

    /// <summary>Number of the mute that hides a finding of a behaviour; 0: none does.</summary>
    public int MutedBy(EventBatch events, in Finding finding) => policy.MutedBy(events, finding);
}
