using System.Runtime.InteropServices;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Correlate;

/// <summary>
/// Correlations that few or no events fulfil (<c>lt</c>, <c>lte</c>, <c>eq</c>, <c>neq</c> on counts and sums; <c>not</c> in a condition over rules): judged when a window closes. A group's window opens with its first
/// event and closes once the watermark has passed its end; the next event behind it opens the next. Where nothing at all fulfils the condition, a whole span without an
/// event behind the last one fires too, once, unless the window before it fired already; then the group is forgotten.
/// The watermark of a tenant is the least of its sources' newest event times, less a delay; a source that is idle by receipt holds nothing up.
/// </summary>
public sealed partial class Correlator
{
    private const int MaxSources = 10_000;

    private sealed class TenantClock
    {
        public readonly Dictionary<uint, (long NewestMs, long ReceivedMs)> Sources = [];
        public readonly PriorityQueue<GroupState, long> Deadlines = new();
        public long ReceivedMs;
    }

    /// <summary>What a correlation that fired at a close counts as where another one counts it: the event at hand is anybody's.</summary>
    private readonly record struct Moment(long TimeMs, ulong Sequence, uint Source);

    private readonly SortedDictionary<uint, TenantClock> clocks = [];
    private Moment? closed;

    private TenantClock Clock(uint tenant)
    {
        if (!clocks.TryGetValue(tenant, out var clock)) clocks[tenant] = clock = new TenantClock();
        return clock;
    }

    private void Await(GroupState group, uint tenant, in Entry entry)
    {
        var span = group.Rule.Source.SpanMs;
        if (group.DeadlineMs != 0 && !group.Watching && entry.TimeMs < group.OpenedMs && group.OpenedMs - entry.TimeMs > options.LatenessMs) { Late++; return; }
        group.Insert(entry);
        Forgotten += group.Evict(long.MinValue, options.MaxEventsPerGroup);
        if (group.DeadlineMs == 0 || group.Watching || entry.TimeMs < group.OpenedMs) Open(group, tenant, entry.TimeMs, span);
    }

    private void Open(GroupState group, uint tenant, long atMs, long span)
    {
        (group.OpenedMs, group.DeadlineMs, group.Watching) = (atMs, atMs + span, false);
        Clock(tenant).Deadlines.Enqueue(group, group.DeadlineMs);
    }

    /// <summary>Moves the clock of an event's tenant and closes the windows it has passed. One event at a time, so that where a batch ends changes nothing.</summary>
    private void Tick(EventBatch batch, int e, FindingList findings)
    {
        ref readonly var header = ref batch.Header(e);
        var clock = Clock(header.Tenant);
        var source = clock.Sources.Count >= MaxSources && !clock.Sources.ContainsKey(header.Source) ? 0 : header.Source;
        var time = (header.Flags & EventFlags.FutureTime) != 0 ? header.ReceivedMs : header.TimeMs;
        ref var held = ref CollectionsMarshal.GetValueRefOrAddDefault(clock.Sources, source, out var known);
        held = (known ? Math.Max(held.NewestMs, time) : time, Math.Max(held.ReceivedMs, header.ReceivedMs));
        clock.ReceivedMs = Math.Max(clock.ReceivedMs, header.ReceivedMs);
        // the watermark is at most the time of this source
        if (!clock.Deadlines.TryPeek(out _, out var deadline) || deadline >= held.NewestMs - options.CloseDelayMs) return;
        var watermark = long.MaxValue;
        foreach (var (newest, received) in clock.Sources.Values)
            if (received >= clock.ReceivedMs - options.IdleSourceMs) watermark = Math.Min(watermark, newest);
        Close(clock, watermark - options.CloseDelayMs, batch, e, findings);
    }

    /// <summary>
    /// Closes every window that holds events: no more will come. For logs read to their end; call it with the last batch, before it is emptied.
    /// </summary>
    public void End(EventBatch batch, FindingList findings)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(findings);
        if (!closing || batch.Count == 0) return;
        foreach (var (tenant, clock) in clocks)
        {
            var last = LastOf(batch, tenant);
            if (last >= 0) Close(clock, long.MaxValue, batch, last, findings, clock.Sources.Values.Max(s => s.NewestMs));
        }
    }

    private static int LastOf(EventBatch batch, uint tenant)
    {
        for (var e = batch.Count - 1; e >= 0; e--)
            if (batch.Header(e).Tenant == tenant) return e;
        return -1;
    }

    /// <param name="end">Set where the log has ended: the newest time in it.</param>
    private void Close(TenantClock clock, long watermark, EventBatch batch, int e, FindingList findings, long? end = null)
    {
        while (clock.Deadlines.TryPeek(out var group, out var deadline) && deadline < watermark)
        {
            clock.Deadlines.Dequeue();
            // a window that was opened anew has another place in the queue
            if (group.DeadlineMs != deadline) continue;
            if (!group.Watching || end is null) Close(group, batch, e, findings, end);
        }
    }

    private void Close(GroupState group, EventBatch batch, int e, FindingList findings, long? end)
    {
        var rule = group.Rule;
        var tenant = table[group.Place].Tenant;
        var span = rule.Source.SpanMs;
        var last = group.IsEmpty ? group.OpenedMs : Math.Min(group.NewestMs, group.DeadlineMs);
        // a log that ended cuts its last windows short
        var until = end is { } newest ? Math.Min(group.DeadlineMs, Math.Max(last, newest)) : group.DeadlineMs;
        var holds = group.Close(group.DeadlineMs, out var figure, out var first, out var sequences, MaxSequences);
        if (holds)
        {
            ref readonly var header = ref batch.Header(e);
            // a state of version 2 did not say the source
            closed = new Moment(until, sequences.Count > 0 ? sequences[^1] : header.Sequence, group.Source != 0 ? group.Source : header.Source);
            if (rule.Alerts) Report(rule, group.Place, first, figure, sequences, e, findings);
            foreach (var (correlation, input) in byCorrelation[rule.Index]) FeedOuter(correlation, input, batch, e, findings, rule, group.Place);
            closed = null;
        }
        if (!group.IsEmpty) Open(group, tenant, group.Entries[0].TimeMs, span);
        else if (!group.Watching && !holds && end is null && group.HoldsForNothing)
        {
            (group.Watching, group.OpenedMs, group.DeadlineMs) = (true, last, last + span);
            Clock(tenant).Deadlines.Enqueue(group, group.DeadlineMs);
        }
        else
        {
            group.DeadlineMs = -1;
            Remove(group.Place);
        }
    }

    private void SaveClocks(BinaryWriter w)
    {
        w.Write(clocks.Count);
        foreach (var (tenant, clock) in clocks)
        {
            w.Write(tenant);
            w.Write(clock.Sources.Count);
            foreach (var (source, (newest, received)) in clock.Sources.OrderBy(s => s.Key))
            {
                w.Write(source);
                w.Write(newest);
                w.Write(received);
            }
        }
    }

    private void LoadClocks(BinaryReader r)
    {
        for (var n = Length(r); n > 0; n--)
        {
            var clock = Clock(r.ReadUInt32());
            for (var s = Length(r); s > 0; s--)
            {
                var source = r.ReadUInt32();
                var (newest, received) = (r.ReadInt64(), r.ReadInt64());
                clock.Sources[source] = (newest, received);
                clock.ReceivedMs = Math.Max(clock.ReceivedMs, received);
            }
        }
    }
}
