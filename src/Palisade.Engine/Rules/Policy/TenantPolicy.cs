using System.Collections.Frozen;
using Palisade.Protocol;

namespace Palisade.Engine.Rules.Policy;

/// <summary>What a tenant decided about one rule.</summary>
/// <param name="Enabled">False: it finds nothing in this tenant, and correlations do not count it.</param>
/// <param name="Level">Replaces the rule's own level; null: as the rule says.</param>
public readonly record struct RuleSetting(bool Enabled, FindingLevel? Level);

/// <summary>A rule that was read and does not load.</summary>
/// <param name="Problems">What is wrong with its file.</param>
public sealed record RefusedRule(RuleInfo Rule, IReadOnlyList<Diagnostic> Problems);

/// <summary>Rules a tenant wrote itself, compiled with the shipped ones they refer to. Immutable.</summary>
public sealed class OwnRules
{
    private readonly FrozenSet<RuleInfo> own;

    private OwnRules(RuleSet set, FrozenSet<RuleInfo> own, IReadOnlyList<RefusedRule> refused) => (Set, this.own, Refused) = (set, own, refused);

    /// <summary>Own rules and what they refer to.</summary>
    public RuleSet Set { get; }

    /// <summary>The rules of the tenant's own, those whose log source is not known here included.</summary>
    public IReadOnlyCollection<RuleInfo> Own => own;

    /// <summary>Those that do not load, such as a pipeline refuses or a placeholder without values.</summary>
    public IReadOnlyList<RefusedRule> Refused { get; }

    /// <summary>Whether a rule is the tenant's own; what own correlations borrow from the shipped rules is not.</summary>
    internal bool IsOwn(RuleInfo rule) => own.Contains(rule);

    /// <summary>Compiles the rules of one tenant.</summary>
    /// <param name="shared">Look-ups of log sources and field names, and the shipped rule files that own correlations refer to.</param>
    /// <param name="texts">Path and YAML of each own document. These alone pass through the pipelines.</param>
    /// <param name="options">Whose they are, and what they pass through.</param>
    public static OwnRules Compile(IEnumerable<(string path, byte[] bytes)> shared, IReadOnlyList<(string path, byte[] bytes)> texts, RuleLoadOptions options, out IReadOnlyList<Diagnostic> diagnostics)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(options);
        var set = RuleSet.Load(shared.Concat(texts), options with { PipedFiles = texts.Select(t => t.path).ToHashSet(StringComparer.Ordinal) }, out diagnostics);
        var files = texts.SelectMany(t => RuleTexts.Read(t.path, t.bytes)).GroupBy(t => t.Id, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First().File, StringComparer.Ordinal);
        var problems = diagnostics.Where(d => d.IsError).ToLookup(d => d.File, StringComparer.Ordinal);
        return new OwnRules(set, set.Rules.Where(r => files.ContainsKey(r.Id)).ToFrozenSet<RuleInfo>(ReferenceEqualityComparer.Instance),
            [.. set.Refused.Where(r => files.ContainsKey(r.Id)).Select(r => new RefusedRule(r, [.. problems[files[r.Id]]]))]);
    }
}

/// <summary>What a tenant changed about the rules: settings, rules of its own, mutes. Immutable; a change makes another.</summary>
public sealed class TenantPolicy
{
    private readonly FrozenDictionary<string, RuleSetting> settings;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<RuleInfo, RuleInfo> raised = new(ReferenceEqualityComparer.Instance);

    public TenantPolicy(IReadOnlyDictionary<string, RuleSetting> settings, IReadOnlyList<Mute> mutes, OwnRules? own)
    {
        this.settings = settings.ToFrozenDictionary(StringComparer.Ordinal);
        (Mutes, Own) = (mutes, own);
    }

    public IReadOnlyList<Mute> Mutes { get; }
    public OwnRules? Own { get; }

    /// <summary>Whether anything about rules is set; mutes aside.</summary>
    internal bool HasSettings => settings.Count > 0;

    /// <summary>Whether the rule finds anything in this tenant.</summary>
    public bool IsEnabled(RuleInfo rule) => !settings.TryGetValue(rule.Id, out var setting) || setting.Enabled;

    /// <summary>The rule with the level that the tenant gave it. The same rule gives the same instance.</summary>
    internal RuleInfo Apply(RuleInfo rule) =>
        settings.TryGetValue(rule.Id, out var setting) && setting.Level is { } level && level != rule.Level ? raised.GetOrAdd(rule, static (r, l) => r with { Level = l }, level) : rule;

    /// <summary>Whether a mute hides everything that is found in an event, what is learned of many included.</summary>
    internal bool HidesEvent(EventBatch events, int index)
    {
        foreach (var mute in Mutes)
            if (mute.HidesEvent(events, index)) return true;
        return false;
    }

    /// <summary>Number of the first mute that hides a finding; 0: none.</summary>
    internal int MutedBy(EventBatch events, in Finding finding)
    {
        foreach (var mute in Mutes)
            if (mute.Hides(events, finding)) return mute.Number;
        return 0;
    }
}

/// <summary>The policies of all tenants that have one. Immutable: swapped whole, between two batches.</summary>
public sealed class TenantPolicies
{
    private readonly FrozenDictionary<uint, TenantPolicy> byTenant;

    private TenantPolicies(FrozenDictionary<uint, TenantPolicy> byTenant) => this.byTenant = byTenant;

    public static TenantPolicies Empty { get; } = new(FrozenDictionary<uint, TenantPolicy>.Empty);

    public bool IsEmpty => byTenant.Count == 0;

    /// <summary>The policy of a tenant; null when it changed nothing.</summary>
    public TenantPolicy? Of(uint tenant) => byTenant.GetValueOrDefault(tenant);

    internal IEnumerable<KeyValuePair<uint, TenantPolicy>> All => byTenant;

    /// <summary>The same with the policy of one tenant exchanged; null takes it away.</summary>
    public TenantPolicies With(uint tenant, TenantPolicy? policy)
    {
        var all = new Dictionary<uint, TenantPolicy>(byTenant);
        if (policy is null) all.Remove(tenant);
        else all[tenant] = policy;
        return new TenantPolicies(all.ToFrozenDictionary());
    }
}
