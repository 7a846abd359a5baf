using System.Threading.Channels;
using Palisade.Engine;
using Palisade.Server.Incidents;
using Palisade.Server.Ingest;

namespace Palisade.Server.Streaming;

/// <summary>
/// The other half of the stream: of each judged batch, findings go to the alerts at once and rows into block sets. One set is
/// being stored while the next is being filled.
/// </summary>
internal sealed class StreamKeeper(
    StreamJudge judge, IStreamStore store, IStreamAlerts alerts, IIncidentSink incidents, StreamIncidents gathered, Backlog backlog, SourceStats stats, Sightings sightings, IUnparsedSink unparsed, StreamOptions options, TimeProvider clock, ILogger log,
    ulong stored, StreamPlan? plan)
{
    /// <summary>Bytes of raw records one block set may hold. A block of the store holds several times as much.</summary>
    private const long SetBytes = 8 << 20;

    private readonly Channel<(BlockSet Set, StreamPlan? Plan)> full = Channel.CreateBounded<(BlockSet, StreamPlan?)>(1);
    private BlockSet set = null!;
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

    /// <summary>Waits for a batch, but not longer than the rows at hand may wait for their block.</summary>
    private async Task<bool> WaitAsync(CancellationToken stop)
    {
        if (set.IsEmpty || plan is not null) return await judge.Judged.WaitToReadAsync(stop);
        var left = TimeSpan.FromMilliseconds(options.BlockMilliseconds) - clock.GetElapsedTime(set.StartedAt);
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
                // Nothing came in time: the rows at hand go as they are.
            }
        }
        await HandOverAsync(null, stop);
        return true;
    }

    private async ValueTask KeepAsync(JudgedBatch batch, CancellationToken stop)
    {
        var events = batch.Events;
        if (batch.Findings.Count > 0)
            await Retry.RunAsync(() => alerts.ApplyAsync(events, batch.Findings, batch.From, batch.To, stop), "apply alerts", clock, log, stop);
        if (batch.Incidents.Count > 0) await KeepAsync(batch.Incidents, stop);
        if (batch.IsAfterthought)
        {
            judge.Return(batch);
            return;
        }
        Volatile.Write(ref position, batch.To);
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
        if (set.IsEmpty) return;
        var (done, planned) = (set, plan);
        done.Snapshot = snapshot;
        set = new BlockSet(store, done.To + 1, clock.GetTimestamp());
        stored = done.To;
        plan = null;
        await full.Writer.WriteAsync((done, planned), stop);
    }
}
