using System.Threading.Channels;
using Palisade.Engine;
using Palisade.Server.Incidents;
using Palisade.Server.Ingest;

namespace Palisade.Server.Streaming;

/// <summary>
/// The other half of the stream: of each judged batch, findings go to the alerts and rows into block sets. One set is
/// being stored while the next is being filled. While more waits in the journal than a batch holds, the findings of a moment's batches are
/// written together: an alert that many of them touch costs as much as one that one does.
/// </summary>
internal sealed class StreamKeeper(
    StreamJudge judge, IStreamStore store, IStreamAlerts alerts, IIncidentSink incidents, StreamIncidents gathered, Backlog backlog, SourceStats stats, Sightings sightings, IUnparsedSink unparsed, StreamOptions options, TimeProvider clock, ILogger log,
    ulong stored, StreamPlan? plan)
{
    /// <summary>Bytes of raw records one block set may hold. A block of the store holds several times as much.</summary>
    private const long SetBytes = 12 << 20;

    private readonly Channel<(BlockSet Set, StreamPlan? Plan)> full = Channel.CreateBounded<(BlockSet, StreamPlan?)>(1);
    /// <summary>Longest wait of findings for those of the next batches.</summary>
    private static readonly TimeSpan AlertPace = TimeSpan.FromMilliseconds(400);
    private BlockSet set = null!;
    private ulong kept;
    private long alertsSince;
    private ulong position;

    /// <summary>Full sets in order, each with its plan when it is a repeated one.</summary>
    public ChannelReader<(BlockSet Set, StreamPlan? Plan)> Full => full.Reader;

    /// <summary>Last journal sequence whose alerts are written.</summary>
    public ulong Position => Volatile.Read(ref position);

    /// <summary>Keeps batches until there are no more.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        set = new BlockSet(store, stored + 1, clock.GetTimestamp());
        while (true)
        {
            if (judge.Judged.TryRead(out var batch)) await KeepAsync(batch, stop);
            else if (!await WaitAsync(stop)) break;
        }
        await HandOverAsync(null, stop);
        full.Writer.Complete();
    }

    /// <summary>A set is handed over before the next batch could overfill it, or when its oldest row has waited long enough.</summary>
    private bool IsDue => set.Events > Math.Max(0, options.BlockRows - EventBatch.MaxEvents) || set.Bytes >= SetBytes
        || clock.GetElapsedTime(set.StartedAt).TotalMilliseconds >= options.BlockMilliseconds;

    /// <summary>Waits for a batch, but not longer than the rows at hand may wait for their block, and their findings for their alerts.</summary>
    private async Task<bool> WaitAsync(CancellationToken stop)
    {
        var rows = set.IsEmpty || plan is not null ? TimeSpan.MaxValue : TimeSpan.FromMilliseconds(options.BlockMilliseconds) - clock.GetElapsedTime(set.StartedAt);
        var found = alerts.AreWaiting ? AlertPace - clock.GetElapsedTime(alertsSince) : TimeSpan.MaxValue;
        var left = rows < found ? rows : found;
        if (left == TimeSpan.MaxValue) return await judge.Judged.WaitToReadAsync(stop);
        if (left > TimeSpan.Zero)
        {
            using var due = new CancellationTokenSource(left, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, due.Token);
            try
            {
                return await judge.Judged.WaitToReadAsync(either.Token);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                // Nothing came in time: what is at hand goes as it is.
            }
        }
        if (rows <= found) await HandOverAsync(null, stop);
        else await WriteAlertsAsync(stop);
        return true;
    }

    /// <summary>Writes the findings gathered so far.</summary>
    private async ValueTask WriteAlertsAsync(CancellationToken stop)
    {
        if (alerts.AreWaiting) await Retry.RunAsync(() => alerts.WriteAsync(stop), "apply alerts", clock, log, stop);
        Volatile.Write(ref position, kept);
    }

    private async ValueTask KeepAsync(JudgedBatch batch, CancellationToken stop)
    {
        var events = batch.Events;
        if (batch.Findings.Count > 0)
        {
            if (!alerts.AreWaiting) alertsSince = clock.GetTimestamp();
            alerts.Gather(events, batch.Findings, batch.From, batch.To);
        }
        if (!batch.IsAfterthought) kept = batch.To;
        if (!alerts.AreWaiting || !batch.IsFull || batch.Incidents.Count > 0 || clock.GetElapsedTime(alertsSince) >= AlertPace) await WriteAlertsAsync(stop);
        if (batch.Incidents.Count > 0) await KeepAsync(batch.Incidents, stop);
        if (batch.IsAfterthought)
        {
            judge.Return(batch);
            return;
        }
        foreach (var record in batch.Records) backlog.Judged(record.Sequence, record.Lane, record.Length);
        backlog.Advance(batch.IsFull);
        Fill(batch);
        stats.Record(events);
        sightings.Record(events);
        unparsed.Record(events, stored);
        var (last, snapshot) = (batch.To, batch.Snapshot);
        judge.Return(batch);
        if (snapshot is not null || (plan is null ? IsDue : last >= plan.To)) await HandOverAsync(snapshot, stop);
    }

    /// <summary>Behind the alerts of the same events, which incidents are linked to.</summary>
    private async Task KeepAsync(IReadOnlyList<IncidentProjection> changed, CancellationToken stop)
    {
        var started = clock.GetTimestamp();
        await Retry.RunAsync(() => incidents.ApplyAsync(changed, stop), "write incidents", clock, log, stop);
        gathered.Took(clock.GetElapsedTime(started));
    }

    /// <summary>Moves what is not stored yet from the batch to the block set.</summary>
    private void Fill(JudgedBatch batch)
    {
        if (batch.To <= stored) return;
        var events = batch.Events;
        if (set.IsEmpty) set = new BlockSet(store, set.From, batch.StartedAt);
        foreach (var refused in batch.Refused)
            if (refused.Sequence > stored) set.Ledger.Refusals(refused.Lane, refused.ReceivedMs, refused.Payload);
        for (var i = 0; i < events.Count; i++)
            if (events.Header(i).Sequence > stored) set.Add(events, i, plan);
        foreach (ref readonly var finding in batch.Findings.Items)
            if (events.Header(finding.Event).Sequence > stored) set.Add(events, finding);
        set.Reach(batch.To);
    }

    private async ValueTask HandOverAsync(StreamState? snapshot, CancellationToken stop)
    {
        // A cursor or a snapshot is written behind the alerts of what it covers.
        await WriteAlertsAsync(stop);
        if (set.IsEmpty) return;
        var (done, planned) = (set, plan);
        done.Snapshot = snapshot;
        set = new BlockSet(store, done.To + 1, clock.GetTimestamp());
        stored = done.To;
        plan = null;
        await full.Writer.WriteAsync((done, planned), stop);
    }
}
