using Palisade.Protocol;

namespace Palisade.Engine.Incidents;

/// <summary>One step of an incident's story: what one rule saw, from when to when.</summary>
public sealed class IncidentStep(RuleInfo rule, string technique)
{
    public RuleInfo Rule { get; } = rule;
    /// <summary>What was tried, in the field's words; empty where the rule's name says it.</summary>
    public string Technique { get; } = technique;
    /// <summary>Unix milliseconds UTC.</summary>
    public long FirstMs { get; internal set; } = long.MaxValue;
    public long LastMs { get; internal set; } = long.MinValue;
    public long Count { get; internal set; }
    public AttackOutcome Outcome { get; internal set; }
    /// <summary>How much more or less it says for having been seldom or often seen in incidents of this tenant when it came; 1 is neither, 0: not weighed yet.</summary>
    internal float Rarity { get; set; }
}

/// <summary>An event worth keeping as an example of what a step did.</summary>
/// <param name="TimeMs">Unix milliseconds UTC.</param>
/// <param name="Source">The address; empty where there is none.</param>
public readonly record struct IncidentMark(ulong Sequence, long TimeMs, string Source, IncidentStep Step, AttackOutcome Outcome);

/// <summary>One address that took part.</summary>
public readonly record struct IncidentSource(string Address, long Count, long FirstMs, long LastMs);

/// <summary>
/// One story: what happened, from where, against what, and what came of it. It grows while its stage works and keeps its id;
/// whoever reads it does so between two batches.
/// </summary>
public sealed partial class Incident
{
    /// <summary>Addresses kept by name; more are only counted.</summary>
    public const int MaxSources = 4_096;
    /// <summary>Targets, hosts and users kept by name, each.</summary>
    public const int MaxNames = 64;
    /// <summary>Events kept by sequence.</summary>
    public const int MaxEvents = 20_000;
    private const int MaxSteps = 64;
    /// <summary>Examples that wait to be taken.</summary>
    private const int MaxMarks = 64;

    private struct Member
    {
        public long Count, FirstMs, LastMs;
    }

    private readonly Dictionary<UInt128, Member> sources = [];
    /// <summary>That of its first address, and whether the others are of it too; null: not worked out since an address went or another story came.</summary>
    private (UInt128 Of, bool IsOne)? network;
    private readonly Dictionary<string, long> targets = new(StringComparer.Ordinal);
    private readonly List<string> hosts = [], users = [];
    private readonly List<ulong> sequences = [];
    private readonly List<IncidentStep> steps = [];
    private readonly List<IncidentMark> marks = [];
    private int sequencesTaken;
    private readonly long[] outcomes = new long[5];
    private ulong lastSequence;

    internal Incident(string id, uint tenant, string key) => (Id, Tenant, Key) = (id, tenant, key);

    /// <summary>Stable: the same story from the same records has the same id.</summary>
    public string Id { get; }
    public uint Tenant { get; }
    /// <summary>What its events have in common, for the stage itself.</summary>
    internal string Key { get; }
    /// <summary>Class of its furthest phase.</summary>
    public string Class { get; internal set; } = "other";
    public FindingLevel Level { get; internal set; }
    public AttackOutcome Outcome { get; internal set; }
    /// <summary>Unix milliseconds UTC.</summary>
    public long FirstMs { get; internal set; } = long.MaxValue;
    public long LastMs { get; internal set; } = long.MinValue;
    /// <summary>Events in all.</summary>
    public long Count { get; internal set; }
    /// <summary>How much it asks for a person's eyes, 0 to 100: repeats count less and less, every further phase counts more.</summary>
    public int Score { get; internal set; }
    /// <summary>Rises with every change.</summary>
    public long Version { get; internal set; }
    /// <summary>Id of the incident that took it up, or null.</summary>
    public string? MergedInto { get; internal set; }
    internal bool IsDirty { get; set; }
    /// <summary>Over: what comes next of its kind is another incident.</summary>
    internal bool IsClosed { get; set; }
    /// <summary>Of many at once: that an address took part ties nothing else to it.</summary>
    internal bool IsShared { get; set; }
    /// <summary>Not yet enough of it to be shown.</summary>
    internal bool IsHeld { get; set; }
    /// <summary>Number of the mute that hides the behaviour it was opened for: it is not shown. 0: none does.</summary>
    internal int MutedBy { get; set; }
    /// <summary>It took up another one that people may have seen.</summary>
    internal bool TookOver { get; set; }
    /// <summary>Entities that were tied to it.</summary>
    internal int Ties { get; set; }
    internal bool IsLive => !IsClosed && MergedInto is null;

    /// <summary>Addresses that took part, in order of their first event.</summary>
    public IEnumerable<IncidentSource> Sources => sources.OrderBy(s => s.Value.FirstMs).ThenBy(s => s.Key).Select(s => new IncidentSource(Address.Text(s.Key), s.Value.Count, s.Value.FirstMs, s.Value.LastMs));
    public int SourceCount => sources.Count;
    /// <summary>What was asked for or logged in to, most often first.</summary>
    public IEnumerable<string> Targets => targets.OrderByDescending(t => t.Value).ThenBy(t => t.Key, StringComparer.Ordinal).Select(t => t.Key);
    public IReadOnlyList<string> Hosts => hosts;
    public IReadOnlyList<string> Users => users;
    /// <summary>What was seen, in order of time.</summary>
    public IEnumerable<IncidentStep> Steps => steps.OrderBy(s => s.FirstMs).ThenBy(s => s.Rule.Id, StringComparer.Ordinal);
    internal List<IncidentStep> StepList => steps;
    internal bool HasSource(UInt128 address) => sources.ContainsKey(address);
    internal IEnumerable<UInt128> Addresses => sources.Keys;
    /// <summary>All its addresses are of one network (/24, /64).</summary>
    internal bool IsOfOneNetwork
    {
        get
        {
            if (network is { } known) return known.IsOne;
            var first = sources.Count > 0 ? Address.NetworkOf(sources.Keys.First()) : 0;
            network = (first, sources.Count > 0 && sources.Keys.All(a => Address.NetworkOf(a) == first));
            return network.Value.IsOne;
        }
    }

    /// <summary>Journal sequences of its events, ascending, at most <see cref="MaxEvents"/> of them.</summary>
    public IReadOnlyList<ulong> Sequences
    {
        get
        {
            var sorted = new List<ulong>(sequences.Count);
            foreach (var s in sequences.Order())
                if (sorted.Count == 0 || sorted[^1] != s) sorted.Add(s);
            return sorted;
        }
    }

    /// <summary>Gives the examples noted since the last time, in the order of their notice.</summary>
    public IReadOnlyList<IncidentMark> TakeMarks()
    {
        if (marks.Count == 0) return [];
        var taken = marks.ToArray();
        marks.Clear();
        return taken;
    }

    /// <summary>Gives the sequences added since the last time, in the order of their coming; after a restart all of them once more.</summary>
    /// <param name="most">Those behind the first so many of the incident are left out.</param>
    public IReadOnlyList<ulong> TakeSequences(int most)
    {
        var (from, to) = (sequencesTaken, Math.Min(sequences.Count, most));
        sequencesTaken = sequences.Count;
        return from < to ? sequences.GetRange(from, to - from) : [];
    }

    /// <summary>Events with this outcome.</summary>
    public long CountOf(AttackOutcome outcome) => outcomes[(int)outcome];

    internal IncidentStep Step(RuleInfo rule, string technique)
    {
        foreach (var s in steps)
            if (s.Rule.Id == rule.Id && s.Technique == technique) return s;
        if (steps.Count >= MaxSteps) return steps[^1];
        var step = new IncidentStep(rule, technique);
        steps.Add(step);
        return step;
    }

    /// <summary>Takes one event in.</summary>
    internal void Add(IncidentStep step, ulong sequence, long timeMs, UInt128 source, AttackOutcome outcome)
    {
        // Proven before its turn came: it is in the story.
        if (proven is not null && step.Rule.Kind != "behaviour" && proven.Contains(sequence)) return;
        // The first ones, every one that got further, and ever fewer of the rest: the same whenever they are taken.
        if (marks.Count < MaxMarks && (step.Count < 10 || outcome > step.Outcome || System.Numerics.BitOperations.IsPow2(step.Count + 1)))
            marks.Add(new IncidentMark(sequence, timeMs, source == 0 ? "" : Address.Text(source), step, outcome));
        AddTime(step, timeMs, outcome);
        AddSequence(sequence);
        AddSource(source, timeMs);
    }

    internal void AddTime(IncidentStep step, long timeMs, AttackOutcome outcome)
    {
        FirstMs = Math.Min(FirstMs, timeMs);
        LastMs = Math.Max(LastMs, timeMs);
        outcomes[(int)outcome]++;
        step.FirstMs = Math.Min(step.FirstMs, timeMs);
        step.LastMs = Math.Max(step.LastMs, timeMs);
        step.Count++;
        if (outcome > step.Outcome) step.Outcome = outcome;
    }

    internal void AddSequence(ulong sequence)
    {
        if (sequence == lastSequence) return;
        lastSequence = sequence;
        Count++;
        if (sequences.Count < MaxEvents) sequences.Add(sequence);
    }

    internal void AddSource(UInt128 source, long timeMs)
    {
        if (source == 0) return;
        ref var member = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrNullRef(sources, source);
        if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref member))
        {
            member.Count++;
            member.FirstMs = Math.Min(member.FirstMs, timeMs);
            member.LastMs = Math.Max(member.LastMs, timeMs);
        }
        else if (sources.Count < MaxSources)
        {
            sources[source] = new Member { Count = 1, FirstMs = timeMs, LastMs = timeMs };
            // Asked for with each finding: thousands of addresses of one network are not walked through for it.
            if (network is { } known) network = sources.Count == 1 ? null : (known.Of, known.IsOne && Address.NetworkOf(source) == known.Of);
        }
    }

    internal void AddTarget(string target)
    {
        if (target.Length == 0) return;
        if (targets.TryGetValue(target, out var n)) targets[target] = n + 1;
        else if (targets.Count < MaxNames) targets[target] = 1;
    }

    internal void AddHost(string host) => AddName(hosts, host);

    internal void AddUser(string user) => AddName(users, user);

    private static void AddName(List<string> names, string name)
    {
        if (name.Length > 0 && names.Count < MaxNames && !names.Contains(name)) names.Add(name);
    }

    /// <summary>Gives an address and its events up to another incident that tells more of them.</summary>
    internal void Forget(UInt128 source, ReadOnlySpan<ulong> theirs)
    {
        if (sources.Remove(source, out var member)) Count = Math.Max(0, Count - member.Count);
        network = null;
        var gone = theirs.ToArray();
        sequences.RemoveAll(s => Array.IndexOf(gone, s) >= 0);
        sequencesTaken = Math.Min(sequencesTaken, sequences.Count);
        marks.RemoveAll(m => Array.IndexOf(gone, m.Sequence) >= 0);
    }

    /// <summary>Takes up another story that proved to be the same.</summary>
    internal void Absorb(Incident other)
    {
        FirstMs = Math.Min(FirstMs, other.FirstMs);
        LastMs = Math.Max(LastMs, other.LastMs);
        var count = Count + other.Count;
        network = null;
        for (var i = 0; i < outcomes.Length; i++) outcomes[i] += other.outcomes[i];
        foreach (var (address, m) in other.sources)
        {
            var own = sources.GetValueOrDefault(address, new Member { FirstMs = long.MaxValue, LastMs = long.MinValue });
            if (own.Count > 0 || sources.Count < MaxSources)
                sources[address] = new Member { Count = own.Count + m.Count, FirstMs = Math.Min(own.FirstMs, m.FirstMs), LastMs = Math.Max(own.LastMs, m.LastMs) };
        }
        foreach (var (target, n) in other.targets)
            if (targets.TryGetValue(target, out var had)) targets[target] = had + n;
            else if (targets.Count < MaxNames) targets[target] = n;
        foreach (var host in other.hosts) AddHost(host);
        foreach (var user in other.users) AddUser(user);
        foreach (var s in other.sequences) AddSequence(s);
        Count = count;
        foreach (var theirs in other.steps)
        {
            var step = Step(theirs.Rule, theirs.Technique);
            step.FirstMs = Math.Min(step.FirstMs, theirs.FirstMs);
            step.LastMs = Math.Max(step.LastMs, theirs.LastMs);
            step.Count += theirs.Count;
            step.Rarity = Math.Max(step.Rarity, theirs.Rarity);
            if (theirs.Outcome > step.Outcome) step.Outcome = theirs.Outcome;
        }
        AbsorbProofs(other);
        other.MergedInto = Id;
    }
}
