using Palisade.Engine.Rules.Policy;

namespace Palisade.Server.Streaming;

/// <summary>What tenants changed about the rules, in force from the next batch on. A change makes a new state, swapped whole: the stream never waits for it.</summary>
public sealed class LiveRules
{
    private readonly Lock gate = new();
    private readonly Dictionary<uint, IReadOnlyDictionary<string, RuleSetting>> settings = [];
    private readonly Dictionary<uint, OwnRules?> own = [];
    private readonly Dictionary<uint, IReadOnlyList<Mute>> mutes = [];
    private TenantPolicies current = TenantPolicies.Empty;

    public TenantPolicies Current => Volatile.Read(ref current);

    /// <summary>Exchanges a tenant's settings and own rules.</summary>
    public void SwapRules(uint tenant, IReadOnlyDictionary<string, RuleSetting> changed, OwnRules? rules)
    {
        lock (gate)
        {
            (settings[tenant], own[tenant]) = (changed, rules);
            Renew(tenant);
        }
    }

    /// <summary>Exchanges a tenant's mutes.</summary>
    public void SwapMutes(uint tenant, IReadOnlyList<Mute> changed)
    {
        lock (gate)
        {
            mutes[tenant] = changed;
            Renew(tenant);
        }
    }

    private void Renew(uint tenant)
    {
        var (set, rules, hidden) = (settings.GetValueOrDefault(tenant), own.GetValueOrDefault(tenant), mutes.GetValueOrDefault(tenant));
        var none = (set is null || set.Count == 0) && rules is null && (hidden is null || hidden.Count == 0);
        Volatile.Write(ref current, current.With(tenant, none ? null : new TenantPolicy(set ?? new Dictionary<string, RuleSetting>(), hidden ?? [], rules)));
    }
}
