using System.Text;
using Palisade.Engine.Correlate;
using Palisade.Engine.Detect.Sigma;

namespace Palisade.Engine.Rules.Policy;

/// <summary>
/// Carries out what tenants changed about the rules: runs the rules of their own on their events alone, takes away what they switched off, gives levels, marks
/// what is muted. Holds the state of own correlations, so one instance a pipeline; a change of rules keeps the state of those that stayed the same.
/// </summary>
/// <remarks>
/// State on disk, little-endian: <code>magic u32 "PPS1" · tenants i32 · each: tenant u32 · length i32 · correlation state</code>
/// Tenants in ascending order: the same state gives the same bytes.
/// </remarks>
public sealed class PolicyStage
{
    private const uint Magic = 0x31535050;

    private readonly Dictionary<uint, Runner> runners = [];
    private readonly Dictionary<uint, byte[]> waiting = [];
    private readonly HashSet<uint> present = [];
    private TenantPolicies policies = TenantPolicies.Empty;
    private int judged;

    private sealed class Runner(OwnRules rules)
    {
        public OwnRules Rules => rules;
        public SigmaDetector Detector { get; } = new(rules.Set);
        public Correlator Correlator { get; } = new(rules.Set);
        public FindingList Findings { get; } = new();
    }

    /// <summary>What is in force. Set it between two batches.</summary>
    public TenantPolicies Policies
    {
        get => policies;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (ReferenceEquals(value, policies)) return;
            policies = value;
            foreach (var tenant in runners.Keys.Where(t => value.Of(t)?.Own is null).ToList()) runners.Remove(tenant);
            foreach (var (tenant, policy) in value.All)
            {
                if (policy.Own is not { } own || runners.TryGetValue(tenant, out var before) && ReferenceEquals(before.Rules, own)) continue;
                runners[tenant] = Renew(tenant, runners.GetValueOrDefault(tenant), own);
            }
        }
    }

    private Runner Renew(uint tenant, Runner? before, OwnRules own)
    {
        var runner = new Runner(own);
        if (before is not null && before.Correlator.GroupCount > 0)
        {
            using var state = new MemoryStream();
            before.Correlator.Save(state);
            state.Position = 0;
            runner.Correlator.Load(state);
        }
        else if (waiting.Remove(tenant, out var stored)) runner.Correlator.Load(new MemoryStream(stored, writable: false));
        return runner;
    }

    /// <summary>After the detectors: own rules run, what is switched off goes, the rest is given its level and marked.</summary>
    /// <param name="shared">The set by which the detectors judged.</param>
    public void AfterDetect(EventBatch events, FindingList findings, RuleSet shared)
    {
        ArgumentNullException.ThrowIfNull(findings);
        judged = 0;
        if (policies.IsEmpty) return;
        if (runners.Count > 0) RunOwn(events, findings);
        Apply(events, findings);
        DropMatches(events, findings.Matches, shared);
        judged = findings.Count;
    }

    /// <summary>After the correlations: own ones run, and firings get what findings got.</summary>
    public void AfterCorrelate(EventBatch events, FindingList findings)
    {
        if (policies.IsEmpty) return;
        foreach (var tenant in present)
        {
            if (!runners.TryGetValue(tenant, out var runner)) continue;
            runner.Findings.Truncate(0);
            runner.Correlator.Process(events, runner.Findings);
            TakeOver(runner, findings);
        }
        Apply(events, findings);
    }

    /// <summary>Whether a person wants to hear nothing of what is found in an event, whatever finds it.</summary>
    public bool Hides(EventBatch events, int index)
    {
        ArgumentNullException.ThrowIfNull(events);
        return !policies.IsEmpty && policies.Of(events.Header(index).Tenant) is { Mutes.Count: > 0 } policy && policy.HidesEvent(events, index);
    }

    /// <summary>A rule as it is in force for a tenant; null: switched off.</summary>
    internal RuleInfo? InForce(uint tenant, RuleInfo rule)
    {
        if (policies.IsEmpty || policies.Of(tenant) is not { HasSettings: true } policy) return rule;
        return policy.IsEnabled(rule) ? policy.Apply(rule) : null;
    }

    /// <summary>Number of the mute that hides a finding; 0: none does.</summary>
    internal int MutedBy(EventBatch events, in Finding finding) =>
        !policies.IsEmpty && policies.Of(events.Header(finding.Event).Tenant) is { Mutes.Count: > 0 } policy ? policy.MutedBy(events, finding) : 0;

    /// <summary>Whether a mute hides still what happens at a time.</summary>
    internal bool IsMuting(uint tenant, int number, long timeMs) =>
        !policies.IsEmpty && policies.Of(tenant) is { } policy && policy.Mutes.Any(m => m.Number == number && timeMs < m.ExpiresMs);

    /// <summary>Marks what mutes hide of the behaviours that were recognised.</summary>
    /// <param name="from">The first finding of theirs.</param>
    internal void Mark(EventBatch events, FindingList findings, int from)
    {
        if (policies.IsEmpty) return;
        foreach (ref var finding in findings.From(from))
            if (policies.Of(events.Header(finding.Event).Tenant) is { Mutes.Count: > 0 } policy && policy.MutedBy(events, finding) is var mute and > 0) finding = finding with { Muted = mute };
    }

    private void RunOwn(EventBatch events, FindingList findings)
    {
        present.Clear();
        uint last = 0;
        for (var i = 0; i < events.Count; i++)
        {
            var tenant = events.Header(i).Tenant;
            if (tenant == last) continue;
            last = tenant;
            if (runners.ContainsKey(tenant)) present.Add(tenant);
        }
        foreach (var tenant in present)
        {
            var runner = runners[tenant];
            runner.Findings.Clear();
            runner.Detector.Detect(events, runner.Findings, tenant);
            DropMatches(events, runner.Findings.Matches, runner.Rules.Set);
            TakeOver(runner, findings);
        }
    }

    private static void TakeOver(Runner runner, FindingList findings)
    {
        foreach (ref readonly var finding in runner.Findings.Items)
            if (runner.Rules.IsOwn(finding.Rule)) findings.Add(finding);
    }

    /// <summary>Applies the policies to what was found since the last time, in place and in order.</summary>
    private void Apply(EventBatch events, FindingList findings)
    {
        var fresh = findings.From(judged);
        var kept = 0;
        foreach (ref var finding in fresh)
        {
            if (policies.Of(events.Header(finding.Event).Tenant) is { } policy)
            {
                if (policy.HasSettings)
                {
                    if (!policy.IsEnabled(finding.Rule)) continue;
                    if (policy.Apply(finding.Rule) is var rule && !ReferenceEquals(rule, finding.Rule)) finding = finding with { Rule = rule };
                }
                if (policy.Mutes.Count > 0 && policy.MutedBy(events, finding) is var mute and > 0) finding = finding with { Muted = mute };
            }
            fresh[kept++] = finding;
        }
        findings.Truncate(judged + kept);
    }

    /// <summary>Correlations do not count what a tenant switched off.</summary>
    private void DropMatches(EventBatch events, List<RuleMatch> matches, RuleSet set)
    {
        var kept = 0;
        for (var i = 0; i < matches.Count; i++)
        {
            var match = matches[i];
            if (policies.Of(events.Header(match.Event).Tenant) is { HasSettings: true } policy && !policy.IsEnabled(set.Compiled[match.Rule].Info)) continue;
            matches[kept++] = match;
        }
        matches.RemoveRange(kept, matches.Count - kept);
    }

    /// <summary>Writes the state of own correlations.</summary>
    public void Save(Stream to)
    {
        using var w = new BinaryWriter(to, Encoding.UTF8, leaveOpen: true);
        w.Write(Magic);
        w.Write(runners.Count);
        foreach (var (tenant, runner) in runners.OrderBy(r => r.Key))
        {
            using var state = new MemoryStream();
            runner.Correlator.Save(state);
            w.Write(tenant);
            w.Write((int)state.Length);
            w.Write(state.GetBuffer(), 0, (int)state.Length);
        }
    }

    /// <summary>Takes up a state; false when the bytes are none. That of a tenant whose rules are not in force yet waits for them.</summary>
    /// <exception cref="InvalidDataException">The bytes are such a state, and damaged.</exception>
    public bool TryLoad(Stream from)
    {
        using var r = new BinaryReader(from, Encoding.UTF8, leaveOpen: true);
        try
        {
            if (r.ReadUInt32() != Magic) return false;
            for (var n = r.ReadInt32(); n > 0; n--)
            {
                var tenant = r.ReadUInt32();
                var length = r.ReadInt32();
                if (length < 0) throw new InvalidDataException("a length in the state of own rules is out of range");
                var bytes = r.ReadBytes(length);
                if (bytes.Length < length) throw new InvalidDataException("the state of own rules ends early");
                if (runners.TryGetValue(tenant, out var runner)) runner.Correlator.Load(new MemoryStream(bytes, writable: false));
                else waiting[tenant] = bytes;
            }
            return true;
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException("the state of own rules ends early", e);
        }
    }
}
