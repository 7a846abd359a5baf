using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Correlate;

/// <summary>A counted event of a group.</summary>
/// <param name="Value">Hash of the distinct value, or the bits of the number; of events that are put together, how many there are.</param>
/// <param name="Source">Log source it came from; 0 where nobody asks for it.</param>
internal readonly record struct Entry(long TimeMs, ulong Sequence, ulong Value, byte Input, uint Source = 0);

/// <summary>Window that fulfilled the condition: entries from <paramref name="First"/> to <paramref name="Last"/>.</summary>
internal readonly record struct Window(int First, int Last, long Count);

/// <summary>
/// One group of a correlation: its events by time, and running figures over the window that ends at the newest, so that an event that
/// comes in order costs little. An event that comes late is put where it belongs, the windows it lies in are judged again and the figures rebuilt.
/// </summary>
internal sealed class GroupState(CompiledCorrelation rule, int place, long grainMs)
{
    /// <summary>Events of one moment that say the same, and how many of a moment are compared.</summary>
    private const int MaxAlike = 4, MaxLook = 256;

    // More events never make such a condition fail.
    private readonly bool onlyAtLeast = rule.Source.Bounds.All(b => b.Operator is Operator.Greater or Operator.GreaterOrEqual);
    // What counts is which values or inputs a window holds, not how often.
    private readonly bool ofKinds = rule.Source.Type is CorrelationType.ValueCount or CorrelationType.Temporal;
    private Entry[] items = new Entry[4];
    private int start, count;
    // value_count: how often each value lies in the newest window, which begins at countedFrom
    private Dictionary<ulong, int>? values;
    private int countedFrom;
    // temporal: newest time of each input; temporal_ordered: for each step the latest start of a chain that reaches it
    private readonly long[]? marks = rule.Source.Type is CorrelationType.Temporal or CorrelationType.TemporalOrdered ? NewMarks(rule.RuleInputs.Length) : null;

    public CompiledCorrelation Rule => rule;
    /// <summary>Place of its record.</summary>
    public int Place => place;
    /// <summary>Begin of the window that is filling, for correlations judged at the close; and when it closes. Unix milliseconds.</summary>
    public long OpenedMs { get; set; }
    public long DeadlineMs { get; set; }
    /// <summary>Nothing has come since the last window: a whole span of nothing is awaited.</summary>
    public bool Watching { get; set; }
    /// <summary>Log source of the last event of the window that closed last.</summary>
    public uint Source { get; set; }
    public bool Fired { get; set; }
    public long FiredAtMs { get; set; }
    public ReadOnlySpan<Entry> Entries => items.AsSpan(start, count);
    public long NewestMs => items[start + count - 1].TimeMs;
    public bool IsEmpty => count == 0;

    private static long[] NewMarks(int n)
    {
        var marks = new long[n];
        Array.Fill(marks, long.MinValue);
        return marks;
    }

    /// <summary>
    /// Whether enough events of the same moment say the same already: a further one changes no window and is no further evidence. Logs that are sent again, or tell the same line many
    /// times within their second, would fill a group with them. Only the last events of a moment are looked at.
    /// </summary>
    public bool Repeats(in Entry entry)
    {
        if (!ofKinds || count < MaxAlike) return false;
        var alike = 0;
        var end = NewestMs == entry.TimeMs ? count : FirstAt(entry.TimeMs + 1);
        for (var at = end - 1; at >= 0 && at >= end - MaxLook && items[start + at].TimeMs == entry.TimeMs; at--)
            if (IsOfKind(items[start + at], entry) && ++alike == MaxAlike) return true;
        return false;
    }

    private bool IsOfKind(in Entry one, in Entry other) => rule.Source.Type == CorrelationType.Temporal ? one.Input == other.Input : one.Value == other.Value;

    /// <summary>Adds an event at its time; returns its place.</summary>
    public int Insert(in Entry entry)
    {
        if (grainMs > 0 && Together(entry) is var with && with >= 0) return with;
        if (start + count == items.Length)
        {
            if (start > count / 2) items.AsSpan(start, count).CopyTo(items);
            else
            {
                var larger = new Entry[items.Length * 2];
                items.AsSpan(start, count).CopyTo(larger);
                items = larger;
            }
            start = 0;
        }
        var at = start + count;
        while (at > start && items[at - 1].TimeMs > entry.TimeMs)
        {
            items[at] = items[at - 1];
            at--;
        }
        items[at] = entry;
        count++;
        var place = at - start;
        if (place == count - 1) Advance(entry);
        else Join(place, entry);
        return place;
    }

    // Adds an event to the entry of its grain, whose sequence becomes the event's; its place, or -1 where there is none.
    private int Together(in Entry entry)
    {
        var grain = entry.TimeMs / grainMs;
        var at = FirstAt(grain * grainMs);
        if (at == count || items[start + at].TimeMs / grainMs != grain) return -1;
        ref var known = ref items[start + at];
        known = known with { Sequence = entry.Sequence, Value = Weight(known) + 1 };
        return at;
    }

    private static ulong Weight(in Entry entry) => Math.Max(1, entry.Value);

    /// <summary>Takes an entry that came late into the running figures: those of the newest window only change where it lies in that window.</summary>
    private void Join(int place, in Entry entry)
    {
        switch (rule.Source.Type)
        {
            case CorrelationType.ValueCount:
                if (place < countedFrom || place == countedFrom && entry.TimeMs < NewestMs - rule.Source.SpanMs) countedFrom++;
                else values![entry.Value] = values.GetValueOrDefault(entry.Value) + 1;
                break;
            case CorrelationType.Temporal:
                marks![entry.Input] = Math.Max(marks[entry.Input], entry.TimeMs);
                break;
            case CorrelationType.TemporalOrdered:
                Rebuild();
                break;
        }
    }

    /// <summary>Events up to a time, counted or summed as the correlation says, and whether that fulfils the condition; those events are forgotten.</summary>
    public bool Close(long untilMs, out long figure, out long firstMs, out List<ulong> sequences, int maxSequences)
    {
        var n = 0;
        while (n < count && items[start + n].TimeMs <= untilMs) n++;
        var closed = Entries[..n];
        firstMs = n > 0 ? closed[0].TimeMs : untilMs - rule.Source.SpanMs;
        if (n > 0) Source = closed[^1].Source;
        sequences = [];
        foreach (var entry in closed)
        {
            if (sequences.Count == maxSequences) break;
            if (sequences.Count == 0 || sequences[^1] != entry.Sequence) sequences.Add(entry.Sequence);
        }
        bool holds;
        if (rule.Source.Type == CorrelationType.Temporal)
        {
            (figure, holds) = (n, True(rule.Condition!, Mask(closed)));
        }
        else
        {
            var number = rule.Source.Type switch
            {
                CorrelationType.EventCount => n,
                CorrelationType.ValueCount => Distinct(closed),
                _ => n == 0 ? 0 : Figure(closed),
            };
            figure = rule.Source.Type == CorrelationType.ValueSum ? n : (long)number;
            holds = Bounds(number);
        }
        Drop(n);
        return holds;
    }

    /// <summary>Whether nothing at all fulfils the condition.</summary>
    public bool HoldsForNothing => rule.Source.Type == CorrelationType.Temporal ? True(rule.Condition!, 0) : Bounds(0);

    /// <summary>Forgets events before a time, and the oldest beyond <paramref name="max"/>; returns how many of those.</summary>
    public int Evict(long beforeMs, int max)
    {
        var gone = 0;
        while (gone < count && items[start + gone].TimeMs < beforeMs) gone++;
        var over = Math.Max(0, count - gone - max);
        Drop(gone + over);
        return over;
    }

    private void Drop(int n)
    {
        if (values is not null)
        {
            for (; countedFrom < n; countedFrom++) Uncount(items[start + countedFrom].Value);
            countedFrom -= n;
        }
        start += n;
        count -= n;
    }

    /// <summary>Takes the newest entry into the running figures.</summary>
    private void Advance(in Entry entry)
    {
        var span = rule.Source.SpanMs;
        switch (rule.Source.Type)
        {
            case CorrelationType.ValueCount:
                values ??= [];
                values[entry.Value] = values.GetValueOrDefault(entry.Value) + 1;
                while (items[start + countedFrom].TimeMs < entry.TimeMs - span) Uncount(items[start + countedFrom++].Value);
                break;
            case CorrelationType.Temporal:
                marks![entry.Input] = entry.TimeMs;
                break;
            case CorrelationType.TemporalOrdered:
                Step(marks!, entry, span);
                break;
        }
    }

    private static void Step(long[] chains, in Entry entry, long span)
    {
        var k = entry.Input;
        if (k == 0) chains[0] = entry.TimeMs;
        else if (chains[k - 1] != long.MinValue && entry.TimeMs - chains[k - 1] <= span) chains[k] = Math.Max(chains[k], chains[k - 1]);
    }

    private void Uncount(ulong value)
    {
        if (values!.TryGetValue(value, out var n) && n > 1) values[value] = n - 1;
        else values.Remove(value);
    }

    /// <summary>Recounts the running figures from the entries.</summary>
    public void Rebuild()
    {
        values?.Clear();
        countedFrom = 0;
        if (marks is not null) Array.Fill(marks, long.MinValue);
        var n = count;
        for (count = 1; count <= n; count++) Advance(items[start + count - 1]);
        count = n;
    }

    /// <summary>The first window that contains the entry at <paramref name="place"/> and fulfils the condition; whether the newest window does.</summary>
    /// <remarks>Of a late event whose kind others around it have, only windows that hold none of those are judged: no other has changed.</remarks>
    public bool Judge(int place, out Window window, out bool newestHolds)
    {
        window = default;
        newestHolds = false;
        var found = false;
        var span = rule.Source.SpanMs;
        var time = items[start + place].TimeMs;
        var (from, to) = ofKinds && place < count - 1 ? Changed(place) : (time, time + span);
        ValueWindow? sliding = null;
        for (var last = from == time ? place : FirstAt(from); last < count && items[start + last].TimeMs <= to; last++)
        {
            var newest = last == count - 1;
            // entries of one moment end in one window
            if (!newest && items[start + last + 1].TimeMs == items[start + last].TimeMs) continue;
            if (found && !newest) continue;
            if (!Holds(last, newest, ref sliding, out var w)) continue;
            if (newest) newestHolds = true;
            if (!found) window = w;
            found = true;
        }
        return found;
    }

    /// <summary>First and last end of the windows in which the entry at a place is the only one of its kind; the last is before the first where there is none.</summary>
    private (long From, long To) Changed(int place)
    {
        var entry = items[start + place];
        var span = rule.Source.SpanMs;
        var (from, to) = (entry.TimeMs, entry.TimeMs + span);
        for (var at = place - 1; at >= 0 && items[start + at].TimeMs >= entry.TimeMs - span; at--)
        {
            if (!IsOfKind(items[start + at], entry)) continue;
            from = Math.Max(from, items[start + at].TimeMs + span + 1);
            break;
        }
        for (var at = place + 1; at < count && items[start + at].TimeMs <= to; at++)
        {
            if (!IsOfKind(items[start + at], entry)) continue;
            to = items[start + at].TimeMs - 1;
            break;
        }
        return (from, to);
    }

    private bool Holds(int last, bool newest, ref ValueWindow? sliding, out Window window)
    {
        var end = items[start + last].TimeMs;
        var first = FirstAt(end - rule.Source.SpanMs);
        window = new Window(first, last, last - first + 1);
        var entries = Entries[first..(last + 1)];
        switch (rule.Source.Type)
        {
            case CorrelationType.EventCount when grainMs > 0:
                ulong events = 0;
                foreach (ref readonly var entry in entries) events += Weight(entry);
                window = window with { Count = (long)events };
                return Bounds(events);
            case CorrelationType.EventCount:
                return Bounds(entries.Length);
            case CorrelationType.ValueCount:
                // No window has more values than events.
                if (!newest && onlyAtLeast && !Bounds(entries.Length)) return false;
                var distinct = newest ? values!.Count : (sliding ??= ValueWindow.Begin()).Count(Entries, first, last);
                window = window with { Count = distinct };
                return Bounds(distinct);
            case CorrelationType.Temporal:
                return Inputs(entries, newest, end);
            case CorrelationType.TemporalOrdered:
                return Ordered(ref window, last, newest);
            default:
                return Bounds(Figure(entries));
        }
    }

    private bool Bounds(double n)
    {
        foreach (var bound in rule.Source.Bounds)
            if (!bound.Holds(n)) return false;
        return true;
    }

    private int FirstAt(long time)
    {
        int low = 0, high = count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (items[start + middle].TimeMs < time) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private static int Distinct(ReadOnlySpan<Entry> entries) => ValueWindow.Begin().Count(entries, 0, entries.Length - 1);

    private bool Inputs(ReadOnlySpan<Entry> entries, bool newest, long end)
    {
        var mask = 0UL;
        if (newest)
        {
            for (var i = 0; i < marks!.Length; i++)
                if (marks[i] != long.MinValue && marks[i] >= end - rule.Source.SpanMs) mask |= 1UL << i;
        }
        else
        {
            mask = Mask(entries);
        }
        if (rule.Condition is not null) return True(rule.Condition, mask);
        if (rule.Source.Bounds.Count > 0) return Bounds(System.Numerics.BitOperations.PopCount(mask));
        return System.Numerics.BitOperations.PopCount(mask) == rule.RuleInputs.Length;
    }

    private static ulong Mask(ReadOnlySpan<Entry> entries)
    {
        var mask = 0UL;
        foreach (var e in entries) mask |= 1UL << e.Input;
        return mask;
    }

    private static bool True(Node node, ulong mask) => node.Kind switch
    {
        NodeKind.Atom => (mask >> node.Atom!.Field & 1) != 0,
        NodeKind.And => Array.TrueForAll(node.Children, c => True(c, mask)),
        NodeKind.Or => Array.Exists(node.Children, c => True(c, mask)),
        NodeKind.Not => !True(node.Children[0], mask),
        _ => true,
    };

    private bool Ordered(ref Window window, int last, bool newest)
    {
        var chains = marks!;
        if (!newest)
        {
            chains = NewMarks(chains.Length);
            foreach (var e in Entries[..(last + 1)]) Step(chains, e, rule.Source.SpanMs);
        }
        var end = items[start + last].TimeMs;
        if (chains[^1] == long.MinValue || end - chains[^1] > rule.Source.SpanMs) return false;
        window = new Window(FirstAt(chains[^1]), last, chains.Length);
        return true;
    }

    private double Figure(ReadOnlySpan<Entry> entries)
    {
        if (rule.Source.Type == CorrelationType.ValuePercentile && double.IsNaN(rule.Source.Percentile)) return Rarity(entries);
        if (rule.Source.Type == CorrelationType.ValuePercentile)
        {
            var numbers = new double[entries.Length];
            for (var i = 0; i < numbers.Length; i++) numbers[i] = BitConverter.UInt64BitsToDouble(entries[i].Value);
            Array.Sort(numbers);
            var at = rule.Source.Percentile / 100 * (numbers.Length - 1);
            var low = (int)Math.Floor(at);
            return low + 1 < numbers.Length ? numbers[low] + (at - low) * (numbers[low + 1] - numbers[low]) : numbers[low];
        }
        double sum = 0;
        foreach (var e in entries) sum += BitConverter.UInt64BitsToDouble(e.Value);
        return rule.Source.Type == CorrelationType.ValueAverage ? sum / entries.Length : sum;
    }

    /// <summary>Percent of the events whose value is no more frequent than the newest one's: small where it is rare.</summary>
    private static double Rarity(ReadOnlySpan<Entry> entries)
    {
        var frequencies = new Dictionary<ulong, int>();
        foreach (var e in entries) frequencies[e.Value] = frequencies.GetValueOrDefault(e.Value) + 1;
        var own = frequencies[entries[^1].Value];
        long within = 0;
        foreach (var (_, n) in frequencies)
            if (n <= own) within += n;
        return 100.0 * within / entries.Length;
    }

    /// <summary>Puts entries back that a snapshot held, oldest first.</summary>
    public void Restore(Entry[] saved)
    {
        items = saved.Length == 0 ? new Entry[4] : saved;
        start = 0;
        count = saved.Length;
        Rebuild();
    }
}
