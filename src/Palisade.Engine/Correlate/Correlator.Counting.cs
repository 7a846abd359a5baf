using Palisade.Engine.Rules;

namespace Palisade.Engine.Correlate;

/// <summary>Counts of at-least conditions: nothing but times and sequences, exact, without an object a group.</summary>
public sealed partial class Correlator
{
    /// <summary>Counts an event in a group that has no state; false where the record has no room for it.</summary>
    private bool Count(CompiledCorrelation rule, int place, ref GroupRecord group, long time, ulong sequence, int e, EventBatch batch, FindingList findings, bool chained)
    {
        var slab = table.Slab;
        ref readonly var how = ref counting[rule.Index];
        var newest = time;
        if (group.Count > 0)
        {
            var last = EventChunk.Newest(group);
            newest = group.BaseTimeMs + EventChunk.Time(last);
            if (time < newest - how.KeptMs) { Late++; return true; }
            if (!chained && EventChunk.Sequence(group, last) == sequence) return true;
            newest = Math.Max(newest, time);
        }
        var before = newest - how.KeptMs;
        var at = EventChunk.Insert(slab, ref group, time, sequence, before);
        if (at < 0) return false;
        if (group.Count < how.Threshold)
        {
            if (at == group.Count - 1) group.Fired = false;
            if (EventChunk.MayEvict(group, before)) EventChunk.Evict(slab, ref group, before, int.MaxValue);
            return true;
        }
        Judge(rule, place, at, e, batch, findings);
        // what was fed by the firing may have moved the records
        Forgotten += EventChunk.Evict(slab, ref table[place], before, how.MaxEvents);
        return true;
    }

    /// <summary>The first window that contains the event at <paramref name="at"/> and has enough of them fires; whether the newest has is kept.</summary>
    private void Judge(CompiledCorrelation rule, int place, int at, int e, EventBatch batch, FindingList findings)
    {
        ref var group = ref table[place];
        Span<ulong> two = stackalloc ulong[2];
        var events = EventChunk.Events(table.Slab, group, two);
        var span = rule.Source.SpanMs;
        var threshold = counting[rule.Index].Threshold;
        for (var last = at; last < events.Length && EventChunk.Time(events[last]) - (long)EventChunk.Time(events[at]) <= span; last++)
        {
            // events of one moment end in one window
            if (last + 1 < events.Length && EventChunk.Time(events[last + 1]) == EventChunk.Time(events[last])) continue;
            var first = EventChunk.FirstAt(events, EventChunk.Time(events[last]) - span);
            if (last - first + 1 < threshold) continue;
            Fire(rule, place, events, first, last, e, batch, findings);
            return;
        }
        if (at == events.Length - 1) group.Fired = false;
    }

    private void Fire(CompiledCorrelation rule, int place, ReadOnlySpan<ulong> events, int first, int last, int e, EventBatch batch, FindingList findings)
    {
        ref var group = ref table[place];
        var end = group.BaseTimeMs + EventChunk.Time(events[last]);
        if (group.Fired && Math.Abs(end - (long)EventChunk.FiredAt(table.Slab, ref group)) <= rule.Source.SpanMs) return;
        var sequences = new List<ulong>();
        var from = group.BaseTimeMs + EventChunk.Time(events[first]);
        if (rule.Alerts)
            foreach (var one in events[first..(last + 1)]) Note(sequences, EventChunk.Sequence(group, one));
        group.Fired = true;
        EventChunk.FiredAt(table.Slab, ref group) = (ulong)end;
        if (rule.Alerts) Report(rule, place, from, last - first + 1, sequences, e, findings);
        foreach (var (correlation, input) in byCorrelation[rule.Index]) FeedOuter(correlation, input, batch, e, findings, rule, place);
    }
}
