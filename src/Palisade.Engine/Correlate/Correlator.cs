using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
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
/// A group that nothing has touched for longer than an event could still matter, by receipt, is forgotten: at its next event at the latest, mostly before, since events
/// look at further records. Counts of at-least conditions are kept in <see cref="EventChunk"/>, everything else in a <see cref="GroupState"/> each.
/// Source: Sigma correlation rules specification 2.1; it leaves repetition and equal ends open.
/// </remarks>
public sealed partial class Correlator
{
    private const int MaxSequences = 1_000;

    private readonly CorrelatorOptions options;
    private readonly (int Correlation, int Input)[][] byRule, byCorrelation;
    private readonly GroupTable table = new();
    private readonly List<GroupState?> states = [];
    private readonly Stack<int> unusedStates = new();
    private readonly Dictionary<(int Correlation, uint Tenant), int> groupCounts = [];
    private readonly Counting[] counting;
    private readonly bool closing;
    private int hand, made, roomHand;

    public Correlator(RuleSet rules) : this(rules, new CorrelatorOptions()) { }

    public Correlator(RuleSet rules, CorrelatorOptions options)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(options);
        Rules = rules;
        this.options = options;
        var n = rules.Correlations.Length;
        byRule = Inputs(rules.Compiled.Length, c => c.RuleInputs);
        byCorrelation = Inputs(n, c => c.CorrelationInputs);
        closing = Array.Exists(rules.Correlations, c => c.AtClose);
        counting = [.. rules.Correlations.Select(c => Counting.Of(c, options))];

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
    public int GroupCount => table.Count;
    /// <summary>Events not counted because they came later than the lateness allows.</summary>
    public long Late { get; private set; }
    /// <summary>Events not counted because a correlation held too many groups of their tenant, or the group's key was too long.</summary>
    public long Refused { get; private set; }
    /// <summary>Groups that made room for others of their correlation and tenant before their time.</summary>
    public long Displaced { get; private set; }
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
            i = Gather(matches, i, batch);
            if (fed > 0) Forget(batch.Header(feeds[0].Event).ReceivedMs);
            for (var f = 0; f < fed; f++)
            {
                if (closing) for (; ticked < feeds[f].Event; ticked++) Tick(batch, ticked, findings);
                Feed(feeds[f], batch, findings, null, -1);
            }
        }
        if (closing) for (; ticked < batch.Count; ticked++) Tick(batch, ticked, findings);
    }

    private void Feed(in Feeding feed, EventBatch batch, FindingList findings, CompiledCorrelation? inner, int innerPlace)
    {
        var rule = Rules.Correlations[feed.Correlation];
        ref readonly var header = ref batch.Header(feed.Event);
        var (time, sequence, source) = closed is { } moment
            ? (moment.TimeMs, moment.Sequence, moment.Source)
            : ((header.Flags & EventFlags.FutureTime) != 0 ? header.ReceivedMs : header.TimeMs, header.Sequence, header.Source);
        ulong value = 0;
        if (rule.ValueFields[feed.Input].Length > 0 && !TryValue(rule, feed.Input, batch, feed.Event, inner, innerPlace, out value)) return;
        if (Group(rule, feed, header) is var place && place < 0) return;
        ref var group = ref table[place];
        group.Touch(header.ReceivedMs);
        if (!group.HasState)
        {
            if (Count(rule, place, ref group, time, sequence, feed.Event, batch, findings, inner is not null)) return;
            // further apart than a record can tell
            MakeState(rule, place);
        }
        Judge(rule, StateOf(place), new Entry(time, sequence, value, (byte)feed.Input, source), feed.Event, batch, findings, inner is not null);
    }

    private void Judge(CompiledCorrelation rule, GroupState group, in Entry entry, int e, EventBatch batch, FindingList findings, bool chained)
    {
        var span = rule.Source.SpanMs;
        if (!group.IsEmpty && entry.TimeMs < group.NewestMs - span - options.LatenessMs) { Late++; return; }
        if (rule.Source.Type == CorrelationType.EventCount && !group.IsEmpty && group.Entries[^1].Sequence == entry.Sequence && !chained) return;
        if (rule.AtClose)
        {
            Await(group, table[group.Place].Tenant, entry);
            return;
        }
        if (group.Repeats(entry)) return;
        var place = group.Insert(entry);
        var holds = group.Judge(place, out var window, out var newestHolds);
        if (holds) Fire(rule, group, window, batch, e, findings);
        else if (!newestHolds && place == group.Entries.Length - 1) group.Fired = false;
        Forgotten += group.Evict(group.NewestMs - span - options.LatenessMs, counting[rule.Index].MaxEvents);
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
            foreach (var entry in entries[window.First..(window.Last + 1)]) Note(sequences, entry.Sequence);
            Report(rule, group.Place, entries[window.First].TimeMs, window.Count, sequences, e, findings);
        }
        foreach (var (correlation, input) in byCorrelation[rule.Index]) FeedOuter(correlation, input, batch, e, findings, rule, group.Place);
    }

    private static void Note(List<ulong> sequences, ulong sequence)
    {
        if (sequences.Count < MaxSequences && (sequences.Count == 0 || sequences[^1] != sequence)) sequences.Add(sequence);
    }

    private void Report(CompiledCorrelation rule, int place, long firstMs, long count, List<ulong> sequences, int e, FindingList findings) =>
        findings.Add(new Finding(e, rule.Info, rule.Source.Outcome, 0, 0, 0, null, new Firing(Shown(rule, place), firstMs, sequences.Count > 0 ? sequences[0] : 0, count, sequences)
        {
            AtClose = closed is not null, EndMs = closed?.TimeMs ?? 0, Source = closed?.Source ?? 0,
        }));

    /// <summary>A group as people see it: what its events may lack and do is left out.</summary>
    private List<KeyValuePair<string, string>> Shown(CompiledCorrelation rule, int place)
    {
        var shown = new List<KeyValuePair<string, string>>(rule.Source.GroupBy.Count);
        for (var i = 0; i < rule.Source.GroupBy.Count; i++)
            if (table.ValueOf(place, i) is { IsEmpty: false } value) shown.Add(new(rule.Source.GroupBy[i], Encoding.UTF8.GetString(value)));
        return shown;
    }

    private bool TryValue(CompiledCorrelation rule, int input, EventBatch batch, int e, CompiledCorrelation? inner, int innerPlace, out ulong value)
    {
        value = 0;
        var fields = rule.ValueFields[input];
        if (rule.Source.Type == CorrelationType.ValueCount || rule.Source.Type == CorrelationType.ValuePercentile && double.IsNaN(rule.Source.Percentile))
        {
            value = 14695981039346656037UL;
            foreach (var field in fields)
            {
                if (!TryRead(field, batch, e, inner, innerPlace, out var part)) return false;
                foreach (var b in Fold(part)) value = (value ^ b) * 1099511628211UL;
                value = (value ^ 0xFF) * 1099511628211UL;
            }
            return true;
        }
        if (!TryRead(fields[0], batch, e, inner, innerPlace, out var text) || !ValueTests.TryNumber(text, out var number)) return false;
        value = BitConverter.DoubleToUInt64Bits(number);
        return true;
    }

    private GroupState StateOf(int place) => states[table[place].More - 1]!;

    /// <summary>Gives a group a state, and that the events the record held.</summary>
    private GroupState MakeState(CompiledCorrelation rule, int place)
    {
        var state = new GroupState(rule, place, counting[rule.Index].GrainMs);
        ref var group = ref table[place];
        if (group.Count > 0)
        {
            Span<ulong> two = stackalloc ulong[2];
            var events = EventChunk.Events(table.Slab, group, two);
            var entries = new Entry[events.Length];
            for (var i = 0; i < entries.Length; i++) entries[i] = new Entry(group.BaseTimeMs + EventChunk.Time(events[i]), EventChunk.Sequence(group, events[i]), 0, 0);
            state.Restore(entries);
        }
        if (group.Fired) (state.Fired, state.FiredAtMs) = (true, (long)EventChunk.FiredAt(table.Slab, ref group));
        EventChunk.Release(table.Slab, ref group);
        if (!unusedStates.TryPop(out var at))
        {
            at = states.Count;
            states.Add(null);
        }
        states[at] = state;
        (group.HasState, group.Fired, group.Count, group.More) = (true, false, 0, at + 1);
        return state;
    }

    /// <summary>Looks at the next records, two for each group that was made and one for every four events, and forgets those that nothing has touched for longer than an event could still matter.</summary>
    private void Forget(long nowMs)
    {
        var records = made * 2 + (fed + 3) / 4;
        made = 0;
        for (; records > 0 && table.Places > 0; records--)
        {
            if (hand >= table.Places) hand = 0;
            if (IsIdle(table[hand], nowMs)) Remove(hand);
            hand++;
        }
    }

    // Those judged at the close have a time of their own.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsIdle(in GroupRecord group, long nowMs) =>
        group.Rule != GroupRecord.Unused && group.Touched * 1000L < nowMs - counting[group.Rule].KeptMs;

    private void Remove(int place)
    {
        ref var group = ref table[place];
        if (group.HasState)
        {
            states[group.More - 1] = null;
            unusedStates.Push(group.More - 1);
        }
        else EventChunk.Release(table.Slab, ref group);
        CollectionsMarshal.GetValueRefOrAddDefault(groupCounts, (group.Rule, group.Tenant), out _)--;
        table.Remove(place);
        if (table.Count == 0) Clear();
    }

    private void Clear()
    {
        table.Clear();
        states.Clear();
        unusedStates.Clear();
        groupCounts.Clear();
        hand = roomHand = 0;
    }
}
