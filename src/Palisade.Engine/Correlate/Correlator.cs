using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Match;
using Palisade.Engine.Detect.Sigma.Read;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Correlate;

/// <summary>
/// Sigma correlations over event time. State is keyed by (tenant, rule, group); holds state, so one instance a shard; not thread-safe.
/// </summary>
/// <remarks>
/// Windows slide with the events and are exact: a correlation holds when some span of its length that ends at an event fulfils the condition.
/// It fires when the condition comes to hold, and again only after it has not held in between, or when the window that fired has wholly passed.
/// Source: Sigma correlation rules specification 2.1; it leaves repetition and equal ends open.
/// </remarks>
public sealed partial class Correlator
{
    private const int SweepEvery = 16_384;
    private const int MaxSequences = 1_000;

    private readonly CorrelatorOptions options;
    private readonly (int Correlation, int Input)[][] byRule, byCorrelation;
    private readonly Dictionary<byte[], GroupState>[] groups;
    private readonly Dictionary<byte[], GroupState>.AlternateLookup<ReadOnlySpan<byte>>[] lookups;
    private readonly Dictionary<(int Correlation, uint Tenant), int> groupCounts = [];
    private byte[] key = new byte[1024];
    private byte[] folded = new byte[512];
    private readonly List<(int Correlation, int Input)> feeds = [];
    private readonly bool closing;
    private int sinceSweep;

    public Correlator(RuleSet rules) : this(rules, new CorrelatorOptions()) { }

    public Correlator(RuleSet rules, CorrelatorOptions options)
    {
        ArgumentNullException.ThrowIfNull(rules);
        Rules = rules;
        this.options = options;
        var n = rules.Correlations.Length;
        byRule = Inputs(rules.Compiled.Length, c => c.RuleInputs);
        byCorrelation = Inputs(n, c => c.CorrelationInputs);
        closing = Array.Exists(rules.Correlations, c => c.Source.AtClose);
        groups = [.. Enumerable.Range(0, n).Select(_ => new Dictionary<byte[], GroupState>(ByteKeys.Instance))];
        lookups = [.. groups.Select(g => g.GetAlternateLookup<ReadOnlySpan<byte>>())];

        (int, int)[][] Inputs(int count, Func<CompiledCorrelation, int[]> of)
        {
            var lists = Enumerable.Range(0, count).Select(_ => new List<(int, int)>()).ToArray();
            foreach (var c in rules.Correlations)
            {
                var inputs = of(c);
                // Later steps first: one event cannot be before itself in an ordered chain.
                for (var i = inputs.Length - 1; i >= 0; i--)
                    if (inputs[i] >= 0) lists[inputs[i]].Add((c.Index, i));
            }
            return [.. lists.Select(l => l.ToArray())];
        }
    }

    /// <summary>The set it evaluates.</summary>
    public RuleSet Rules { get; }
    /// <summary>Groups held.</summary>
    public int GroupCount => groups.Sum(g => g.Count);
    /// <summary>Events not counted because they came later than the lateness allows.</summary>
    public long Late { get; private set; }
    /// <summary>Events not counted because a correlation held too many groups of their tenant.</summary>
    public long Refused { get; private set; }
    /// <summary>Events forgotten before their time because a group held too many.</summary>
    public long Forgotten { get; private set; }
    /// <summary>Events not counted because a group-by field was missing.</summary>
    public long Ungrouped { get; private set; }

    /// <summary>Takes what the detector matched in this batch; adds a finding with a <see cref="Firing"/> for each correlation that fires.</summary>
    public void Process(EventBatch batch, FindingList findings)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(findings);
        var matches = CollectionsMarshal.AsSpan(findings.Matches);
        var ticked = 0;
        for (var i = 0; i < matches.Length;)
        {
            if (closing) for (; ticked < matches[i].Event; ticked++) Tick(batch, ticked, findings);
            var end = i + 1;
            while (end < matches.Length && matches[end].Event == matches[i].Event) end++;
            if (end == i + 1)
            {
                foreach (var (correlation, input) in byRule[matches[i].Rule]) Feed(correlation, input, batch, matches[i].Event, findings, null, null);
            }
            else FeedTogether(matches[i..end], batch, findings);
            i = end;
        }
        if (closing) for (; ticked < batch.Count; ticked++) Tick(batch, ticked, findings);
    }

    /// <summary>Several rules matched one event: later steps first, since an event cannot be before itself in an ordered chain.</summary>
    private void FeedTogether(ReadOnlySpan<RuleMatch> matches, EventBatch batch, FindingList findings)
    {
        feeds.Clear();
        foreach (var match in matches) feeds.AddRange(byRule[match.Rule]);
        feeds.Sort(static (a, b) => a.Correlation != b.Correlation ? a.Correlation.CompareTo(b.Correlation) : b.Input.CompareTo(a.Input));
        foreach (var (correlation, input) in feeds) Feed(correlation, input, batch, matches[0].Event, findings, null, null);
    }

    private void Feed(int index, int input, EventBatch batch, int e, FindingList findings, CompiledCorrelation? inner, GroupState? innerGroup)
    {
        var rule = Rules.Correlations[index];
        ref readonly var header = ref batch.Header(e);
        var time = (header.Flags & EventFlags.FutureTime) != 0 ? header.ReceivedMs : header.TimeMs;
        if (++sinceSweep >= SweepEvery) Sweep(header.ReceivedMs);
        ulong value = 0;
        if (rule.ValueFields[input].Length > 0 && !TryValue(rule, input, batch, e, inner, innerGroup, out value)) return;
        if (Group(rule, input, batch, e, inner, innerGroup, header) is not { } group) return;
        group.TouchedMs = Math.Max(group.TouchedMs, header.ReceivedMs);
        var span = rule.Source.SpanMs;
        if (!group.IsEmpty && time < group.NewestMs - span - options.LatenessMs) { Late++; return; }
        if (rule.Source.Type == CorrelationType.EventCount && !group.IsEmpty && group.Entries[^1].Sequence == header.Sequence && inner is null) return;
        if (rule.Source.AtClose)
        {
            Await(group, header.Tenant, new Entry(time, header.Sequence, value, (byte)input));
            return;
        }
        var place = group.Insert(new Entry(time, header.Sequence, value, (byte)input));
        var holds = group.Judge(place, out var window, out var newestHolds);
        if (holds) Fire(rule, group, window, batch, e, findings);
        else if (!newestHolds && place == group.Entries.Length - 1) group.Fired = false;
        Forgotten += group.Evict(group.NewestMs - span - options.LatenessMs, Limit(rule));
    }

    /// <summary>A threshold needs no more events than it counts to; the rest is room for late ones.</summary>
    private int Limit(CompiledCorrelation rule)
    {
        if (rule.Source.Type != CorrelationType.EventCount) return options.MaxEventsPerGroup;
        double top = 0;
        foreach (var bound in rule.Source.Bounds)
        {
            if (bound.Operator is not (Operator.Greater or Operator.GreaterOrEqual)) return options.MaxEventsPerGroup;
            top = Math.Max(top, bound.Value);
        }
        return (int)Math.Clamp(top * 2 + 2, 64, Math.Max(64, options.MaxEventsPerGroup));
    }

    private void Fire(CompiledCorrelation rule, GroupState group, Window window, EventBatch batch, int e, FindingList findings)
    {
        var entries = group.Entries;
        var end = entries[window.Last].TimeMs;
        if (group.Fired && Math.Abs(end - group.FiredAtMs) <= rule.Source.SpanMs) return;
        group.Fired = true;
        group.FiredAtMs = end;
        if (rule.Alerts)
        {
            var sequences = new List<ulong>();
            foreach (var entry in entries[window.First..(window.Last + 1)])
            {
                if (sequences.Count == MaxSequences) break;
                if (sequences.Count == 0 || sequences[^1] != entry.Sequence) sequences.Add(entry.Sequence);
            }
            findings.Add(new Finding(e, rule.Info, rule.Source.Outcome, 0, 0, 0, null,
                new Firing(group.Group, entries[window.First].TimeMs, entries[window.First].Sequence, window.Count, sequences)));
        }
        foreach (var (correlation, input) in byCorrelation[rule.Index])
            Feed(correlation, input, batch, e, findings, rule, group);
    }

    private bool TryValue(CompiledCorrelation rule, int input, EventBatch batch, int e, CompiledCorrelation? inner, GroupState? innerGroup, out ulong value)
    {
        value = 0;
        var fields = rule.ValueFields[input];
        if (rule.Source.Type == CorrelationType.ValueCount || rule.Source.Type == CorrelationType.ValuePercentile && double.IsNaN(rule.Source.Percentile))
        {
            value = 14695981039346656037UL;
            foreach (var field in fields)
            {
                if (!TryRead(field, batch, e, inner, innerGroup, out var part)) return false;
                foreach (var b in Fold(part)) value = (value ^ b) * 1099511628211UL;
                value = (value ^ 0xFF) * 1099511628211UL;
            }
            return true;
        }
        if (!TryRead(fields[0], batch, e, inner, innerGroup, out var text) || !ValueTests.TryNumber(text, out var number)) return false;
        value = BitConverter.DoubleToUInt64Bits(number);
        return true;
    }

    private ReadOnlySpan<byte> Fold(ReadOnlySpan<byte> value)
    {
        var need = Folding.MaxLength(value.Length);
        if (folded.Length < need) folded = new byte[need * 2];
        return folded.AsSpan(0, Folding.Fold(value, folded, out _));
    }

    /// <summary>A field of what is fed: of the inner correlation's group where it has one of that name, else of the event.</summary>
    private bool TryRead(int field, EventBatch batch, int e, CompiledCorrelation? inner, GroupState? innerGroup, out ReadOnlySpan<byte> value)
    {
        if (inner is not null)
        {
            var at = Array.IndexOf(inner.OwnFields, field);
            if (at >= 0) { value = Encoding.UTF8.GetBytes(innerGroup!.Group[at].Value); return true; }
        }
        foreach (var id in Rules.FieldIds[field])
            if (batch.TryGet(e, id, out value) && !value.IsEmpty) return true;
        value = default;
        return false;
    }

    /// <summary>Finds or makes the group; null where a field is missing or there is no room.</summary>
    private GroupState? Group(CompiledCorrelation rule, int input, EventBatch batch, int e, CompiledCorrelation? inner, GroupState? innerGroup, in EventHeader header)
    {
        // tenant, then each folded value behind its length
        BinaryPrimitives.WriteUInt32LittleEndian(key, header.Tenant);
        var n = 4;
        var fields = rule.GroupFields[input];
        foreach (var field in fields)
        {
            if (!TryRead(field, batch, e, inner, innerGroup, out var value)) { Ungrouped++; return null; }
            var part = Fold(value);
            if (key.Length < n + 4 + part.Length) Array.Resize(ref key, (n + 4 + part.Length) * 2);
            BinaryPrimitives.WriteInt32LittleEndian(key.AsSpan(n), part.Length);
            part.CopyTo(key.AsSpan(n + 4));
            n += 4 + part.Length;
        }
        var lookup = lookups[rule.Index];
        if (lookup.TryGetValue(key.AsSpan(0, n), out var group)) return group;
        ref var held = ref CollectionsMarshal.GetValueRefOrAddDefault(groupCounts, (rule.Index, header.Tenant), out _);
        if (held >= options.MaxGroups) { Refused++; return null; }
        held++;
        var shown = new KeyValuePair<string, string>[fields.Length];
        for (var i = 0; i < fields.Length; i++)
        {
            TryRead(fields[i], batch, e, inner, innerGroup, out var value);
            shown[i] = new(rule.Source.GroupBy[i], Encoding.UTF8.GetString(value));
        }
        var kept = key.AsSpan(0, n).ToArray();
        group = new GroupState(rule, shown) { TouchedMs = header.ReceivedMs, Correlation = rule.Index, Key = kept };
        groups[rule.Index].Add(kept, group);
        return group;
    }

    /// <summary>Forgets groups that nothing has touched for longer than an event could still matter, by receipt.</summary>
    private void Sweep(long nowMs)
    {
        sinceSweep = 0;
        for (var i = 0; i < groups.Length; i++)
        {
            // those have a time of their own
            if (Rules.Correlations[i].Source.AtClose) continue;
            var idle = nowMs - Rules.Correlations[i].Source.SpanMs - options.LatenessMs;
            foreach (var (k, group) in groups[i])
            {
                if (group.TouchedMs >= idle) continue;
                groups[i].Remove(k);
                CollectionsMarshal.GetValueRefOrAddDefault(groupCounts, (i, BinaryPrimitives.ReadUInt32LittleEndian(k)), out _)--;
            }
        }
    }
}
