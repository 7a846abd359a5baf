using System.Threading.Channels;
using Palisade.Engine;
using Palisade.Journal;
using Palisade.Server.Ingest;

namespace Palisade.Server.Streaming;

/// <summary>
/// Reads the journal, runs the engine, hands findings to alerts at once and rows to the event store in blocks. One block is
/// being stored while the next is being filled.
/// </summary>
/// <remarks>
/// Three positions, each durable on its own, always in this order:
/// <code>snapshot of correlation state ≤ stored ≤ read        alerts: a position of their own, between snapshot and read</code>
/// At start the engine goes back to its snapshot and replays. Replayed events at or below "stored" are not stored again, and the
/// alert sink skips what it has.
/// </remarks>
public sealed class StreamWorker(
    Journal.Journal journal, IStreamEngine engine, IStreamStore store, IStreamAlerts alerts, ILedgerStore ledger, IParserChoice parsers,
    SourceStats stats, Sightings sightings, StreamMeters meters, StreamOptions options, StreamFiles files, TimeProvider clock, ILogger<StreamWorker> log) : BackgroundService
{
    /// <summary>Bytes of raw records one engine batch, and one block set, may hold. A block of the store holds several times as much.</summary>
    private const long BatchBytes = 4 << 20, SetBytes = 8 << 20;
    /// <summary>Least time between two engine batches while few records come: larger batches cost less.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);
    private const int PaceBelow = 1024;

    private readonly Channel<(BlockSet Set, StreamPlan? Plan)> toStore = Channel.CreateBounded<(BlockSet, StreamPlan?)>(1);
    private readonly JournalBatch batch = new();
    private BlockWriter writer = null!;
    private BlockSet set = null!;
    private StreamPlan? plan;
    private ulong restored, stored, position;
    private long snapshotAt;

    /// <summary>Last journal sequence the engine has seen.</summary>
    public ulong Position => Volatile.Read(ref position);
    /// <summary>Last journal sequence that is stored.</summary>
    public ulong Stored => writer?.Stored ?? 0;
    /// <summary>Records that are durable in the journal and not stored yet.</summary>
    public ulong Lag => journal.DurableSequence is var d && d > Stored ? d - Stored : 0;
    /// <summary>Why the stream ended although the server runs; null while it works.</summary>
    public string? Fault { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        using var reader = journal.OpenReader("engine");
        using var storeCursor = journal.OpenReader("store");
        writer = new BlockWriter(store, ledger, files.Plan, files.State, storeCursor, reader, options.NodeId, meters, clock, log);
        try
        {
            await writer.StartAsync(stoppingToken);
            Restore(reader, storeCursor.Committed);
            // The two sides end together: a fault of one must not leave the other waiting for it.
            using var both = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            var storing = StoreAsync(both);
            var reading = ReadAsync(reader, both);
            await Task.WhenAll(storing, reading);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            log.StreamStopped(Stored);
        }
        catch (Exception e)
        {
            Fault = e.Message;
            log.StreamBroke(e, position);
        }
    }

    private void Restore(JournalReader reader, ulong storedBefore)
    {
        stored = storedBefore;
        var state = files.State.Read(out var problem);
        if (state is not null && state.Version != engine.Version) (state, problem) = (null, "it was made with other content");
        if (state is not null && state.Position > stored) (state, problem) = (null, "it is ahead of the event store");
        restored = state?.Position ?? Math.Min(reader.Committed, stored);
        if (problem is not null) log.StateUnusable(problem, restored);
        if (state is not null) engine.LoadState(new MemoryStream(state.Bytes, writable: false));
        plan = files.Plan.Read();
        if (plan is not null && plan.To <= stored) plan = null;
        if (plan is not null) log.Repeating(stored + 1, plan.To);
        reader.Seek(restored);
        position = restored;
        snapshotAt = clock.GetTimestamp();
        set = new BlockSet(store, stored + 1, snapshotAt);
        log.StreamStarts(restored, stored, plan?.To ?? 0);
    }

    private async Task ReadAsync(JournalReader reader, CancellationTokenSource both)
    {
        var stop = both.Token;
        try
        {
            while (true)
            {
                var count = reader.Read(batch, EventBatch.MaxEvents);
                if (count == 0)
                {
                    if (!await WaitAsync(reader, stop)) break;
                    continue;
                }
                for (var from = 0; from < count;) from = await FeedAsync(from, stop);
                if (count < PaceBelow) await Task.Delay(Pace, clock, stop);
            }
            if (!set.IsEmpty) await HandOverAsync(stop);
            toStore.Writer.Complete();
        }
        catch (Exception e)
        {
            toStore.Writer.TryComplete(e);
            await both.CancelAsync();
            throw;
        }
    }

    /// <summary>A set is handed over before the next batch could overfill it, or when its oldest row has waited long enough.</summary>
    private bool IsDue => set.Events > Math.Max(0, options.BlockRows - EventBatch.MaxEvents) || set.Bytes >= SetBytes
        || clock.GetElapsedTime(set.StartedAt).TotalMilliseconds >= options.BlockMilliseconds;

    /// <summary>Waits for records, but not longer than the rows at hand may wait for their block.</summary>
    private async Task<bool> WaitAsync(JournalReader reader, CancellationToken stop)
    {
        if (set.IsEmpty) return await reader.WaitAsync(stop);
        var left = TimeSpan.FromMilliseconds(options.BlockMilliseconds) - clock.GetElapsedTime(set.StartedAt);
        if (left > TimeSpan.Zero)
        {
            using var due = new CancellationTokenSource(left, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, due.Token);
            try
            {
                return await reader.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                // Nothing came in time: the rows at hand go as they are.
            }
        }
        await HandOverAsync(stop);
        return true;
    }

    /// <summary>Runs one engine batch over records of the read, from an index on; returns the index behind it.</summary>
    private async ValueTask<int> FeedAsync(int from, CancellationToken stop)
    {
        using var span = StreamMeters.Activity("palisade.stream.batch");
        var started = clock.GetTimestamp();
        engine.Clear();
        if (set.IsEmpty) set = new BlockSet(store, set.From, started);
        var next = from;
        long bytes = 0;
        // A plan's range ends where it ended before: same boundaries, same tokens.
        var end = plan?.To ?? ulong.MaxValue;
        while (next < batch.Count && bytes < BatchBytes && (next == from || batch.Sequence(next) <= end || batch.Sequence(from) > end))
        {
            var header = batch.Header(next);
            var parser = RecordInfo.AutoParser;
            if (header.Kind == FrameKind.Record && !parsers.TryGet(header.Source, out parser)) parser = await parsers.LoadAsync(header.Source, stop);
            bytes += Take(next, header, parser);
            next++;
        }
        var last = batch.Sequence(next - 1);
        engine.Detect();
        var events = engine.Events;
        if (engine.Findings.Count > 0)
            await Retry.RunAsync(() => alerts.ApplyAsync(events, engine.Findings, batch.Sequence(from), last, stop), "apply alerts", clock, log, stop);
        Keep(events, last);
        stats.Record(events);
        sightings.Record(events);
        meters.Batch(events.Count, Unparsed(events), engine.Findings.Count, clock.GetElapsedTime(started));
        span?.SetTag("palisade.records", next - from);
        Volatile.Write(ref position, last);
        if (plan is null ? IsDue : last >= plan.To) await HandOverAsync(stop);
        return next;
    }

    private int Take(int index, in FrameHeader header, short parser)
    {
        var payload = batch.Payload(index);
        var sequence = batch.Sequence(index);
        if (header.Kind == FrameKind.Record)
        {
            if (sequence > restored) engine.Add(new RecordInfo(sequence, header.ReceivedMs, header.Tenant, header.Source, parser), payload);
        }
        else if (header.Kind == FrameKind.Refusals && sequence > stored)
        {
            set.Ledger.Refusals(new IngestLane(header.Tenant, header.Source), header.ReceivedMs, payload);
        }
        return payload.Length;
    }

    /// <summary>Moves what is not stored yet from the engine's batch to the block set.</summary>
    private void Keep(EventBatch events, ulong last)
    {
        if (last <= stored) return;
        for (var i = 0; i < events.Count; i++)
            if (events.Header(i).Sequence > stored) set.Add(events, i, plan);
        foreach (ref readonly var finding in engine.Findings.Items)
            if (events.Header(finding.Event).Sequence > stored) set.Add(events, finding);
        set.Reach(last);
    }

    private static int Unparsed(EventBatch events)
    {
        var unparsed = 0;
        for (var i = 0; i < events.Count; i++)
            if (events.Header(i).Refusal != ParseRefusal.None) unparsed++;
        return unparsed;
    }

    private async ValueTask HandOverAsync(CancellationToken stop)
    {
        if (set.IsEmpty) return;
        if (clock.GetElapsedTime(snapshotAt).TotalSeconds >= options.SnapshotSeconds)
        {
            var state = new MemoryStream();
            engine.SaveState(state);
            set.Snapshot = new StreamState(set.To, engine.Version, state.ToArray());
            snapshotAt = clock.GetTimestamp();
        }
        var full = set;
        set = new BlockSet(store, full.To + 1, clock.GetTimestamp());
        stored = full.To;
        var planned = plan;
        plan = null;
        await toStore.Writer.WriteAsync((full, planned), stop);
    }

    private async Task StoreAsync(CancellationTokenSource both)
    {
        try
        {
            await foreach (var (full, planned) in toStore.Reader.ReadAllAsync(both.Token))
                await writer.WriteAsync(full, planned, engine.Version, both.Token);
        }
        catch
        {
            await both.CancelAsync();
            throw;
        }
    }
}

/// <summary>Where the stream keeps its two small files.</summary>
public sealed class StreamFiles
{
    public StreamFiles(string directory)
    {
        Directory.CreateDirectory(directory);
        Plan = new PlanFile(Path.Combine(directory, "insert.plan"));
        State = new StateFile(Path.Combine(directory, "correlation.state"));
    }

    public PlanFile Plan { get; }
    public StateFile State { get; }
}

/// <summary>Which parser a source asks for.</summary>
public interface IParserChoice
{
    /// <summary>The parser if the source is known already.</summary>
    bool TryGet(uint source, out short parser);
    /// <summary>Asks for the source; <see cref="RecordInfo.AutoParser"/> when nobody knows it.</summary>
    ValueTask<short> LoadAsync(uint source, CancellationToken stop);
}
