using System.Threading.Channels;
using Microsoft.IO;
using Palisade.Engine;
using Palisade.Journal;
using Palisade.Server.Ingest;

namespace Palisade.Server.Streaming;

/// <summary>
/// The engine's half of the stream: journal records in, judged batches out, in order. It runs one or two batches ahead of
/// <see cref="StreamKeeper"/>, so that judging goes on while alerts are written and rows are encoded.
/// </summary>
internal sealed class StreamJudge(
    JournalReader reader, IStreamEngine engine, IParserChoice parsers, RecordEnds ends, StreamIncidents incidents, StreamMeters meters, StreamOptions options, TimeProvider clock, ulong restored, StreamPlan? plan)
{
    /// <summary>Batches there are: one is judged, one waits, one is kept.</summary>
    private const int Batches = 3;
    /// <summary>Bytes of raw records one engine batch may hold. A block of the store holds several times as much.</summary>
    private const long BatchBytes = 4 << 20;
    /// <summary>Snapshots are tens of megabytes, every few seconds: their memory is used again.</summary>
    private static readonly RecyclableMemoryStreamManager Memory = new(new RecyclableMemoryStreamManager.Options { MaximumSmallPoolFreeBytes = 32 << 20 });
    /// <summary>Least time between two engine batches while few records come: larger batches cost less.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);
    private const int PaceBelow = 1024;

    private readonly Channel<JudgedBatch> judged = Channel.CreateBounded<JudgedBatch>(Batches);
    private readonly Channel<JudgedBatch> free = Channel.CreateBounded<JudgedBatch>(Batches);
    private readonly JournalBatch read = new();
    private readonly ulong planEnd = plan?.To ?? 0;
    private long snapshotAt = clock.GetTimestamp();

    /// <summary>Batches in journal order; complete when the journal is closed and read to its end.</summary>
    public ChannelReader<JudgedBatch> Judged => judged.Reader;

    /// <summary>Takes a batch back.</summary>
    public void Return(JudgedBatch batch) => free.Writer.TryWrite(batch);

    /// <summary>Reads until the journal is closed.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        for (var i = 0; i < Batches; i++) free.Writer.TryWrite(new JudgedBatch());
        while (true)
        {
            var count = reader.Read(read, EventBatch.MaxEvents);
            ends.Ask();
            if (count == 0)
            {
                engine.Rest();
                if (incidents.AreDue) await HandOverAsync(stop);
                if (!await WaitAsync(stop)) break;
                continue;
            }
            for (var from = 0; from < count;)
            {
                var batch = await free.Reader.ReadAsync(stop);
                from = await JudgeAsync(batch, from, stop);
                await judged.Writer.WriteAsync(batch, stop);
            }
            if (count < PaceBelow) await Task.Delay(Pace, clock, stop);
        }
        await HandOverAsync(stop);
        judged.Writer.Complete();
    }

    /// <summary>Hands over the incidents that wait although no batch comes to bring them.</summary>
    private async ValueTask HandOverAsync(CancellationToken stop)
    {
        if (!incidents.AreWaiting) return;
        var batch = await free.Reader.ReadAsync(stop);
        batch.Begin(0, clock.GetTimestamp());
        batch.IsAfterthought = true;
        batch.Incidents = incidents.Take();
        await judged.Writer.WriteAsync(batch, stop);
    }

    /// <summary>Waits for more; while lines wait for the rest of their record or incidents to be handed over, not longer than until they may be looked at again.</summary>
    private async ValueTask<bool> WaitAsync(CancellationToken stop)
    {
        if (!ends.AreAwaited && !incidents.AreWaiting && !engine.IsOwing) return await reader.WaitAsync(stop);
        using var look = new CancellationTokenSource(RecordEnds.Look, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, look.Token);
        try
        {
            return await reader.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return true;
        }
    }

    /// <summary>Judges records of the read, from an index on; returns the index behind them.</summary>
    private async ValueTask<int> JudgeAsync(JudgedBatch batch, int from, CancellationToken stop)
    {
        using var span = StreamMeters.Activity("palisade.stream.batch");
        batch.Begin(read.Sequence(from), clock.GetTimestamp());
        engine.Batch = batch.Batch;
        var next = from;
        long bytes = 0;
        // A plan's range ends where it ended before: same boundaries, same tokens.
        while (next < read.Count && bytes < BatchBytes && (next == from || planEnd < batch.From || read.Sequence(next) <= planEnd))
        {
            var header = read.Header(next);
            var reading = SourceReading.Auto;
            if (header.Kind is FrameKind.Record or FrameKind.RecordEnd && !parsers.TryGet(header.Source, out reading)) reading = await parsers.LoadAsync(header.Source, stop);
            bytes += Take(batch, next, header, reading);
            next++;
        }
        batch.To = read.Sequence(next - 1);
        batch.IsFull = bytes >= BatchBytes || read.Count >= PaceBelow;
        engine.Detect();
        incidents.Note(engine.Changed, batch.Events, batch.Findings);
        if (batch.To >= planEnd && clock.GetElapsedTime(snapshotAt).TotalSeconds >= options.SnapshotSeconds) batch.Snapshot = TakeSnapshot(batch.To);
        // What a snapshot holds no replay brings again: it must be handed over before.
        if (batch.Snapshot is not null || incidents.AreDue) batch.Incidents = incidents.Take();
        meters.Batch(batch.Events.Count, Unparsed(batch.Events), batch.Findings.Count, clock.GetElapsedTime(batch.StartedAt));
        span?.SetTag("palisade.records", next - from);
        return next;
    }

    private int Take(JudgedBatch batch, int index, in FrameHeader header, in SourceReading reading)
    {
        var payload = read.Payload(index);
        var sequence = read.Sequence(index);
        if (header.Kind == FrameKind.Record)
        {
            batch.Records.Add(new(new IngestLane(header.Tenant, header.Source), sequence, payload.Length));
            if (sequence <= restored) return payload.Length;
            var info = new RecordInfo(sequence, header.ReceivedMs, header.Tenant, header.Source, reading.Parser, reading.Zone, Converted: (header.Encoding & RecordEncodings.Converted) != 0);
            if ((header.Encoding & ~RecordEncodings.Converted) == RecordEncodings.Line) engine.AddLine(info, header.SenderSession, payload);
            else engine.Add(info, payload);
        }
        else if (header.Kind == FrameKind.RecordEnd)
        {
            if (sequence > restored) engine.EndRecord(new RecordInfo(sequence, header.ReceivedMs, header.Tenant, header.Source, reading.Parser, reading.Zone), header.SenderSession);
        }
        else if (header.Kind == FrameKind.Refusals)
        {
            batch.Refused.Add(new(new IngestLane(header.Tenant, header.Source), header.ReceivedMs, sequence, payload.ToArray()));
        }
        return payload.Length;
    }

    private StreamState TakeSnapshot(ulong position)
    {
        var state = Memory.GetStream();
        engine.SaveState(state);
        snapshotAt = clock.GetTimestamp();
        using var lines = new MemoryStream();
        engine.SaveLines(lines);
        return new StreamState(position, engine.Version, state.GetReadOnlySequence(), lines.ToArray(), state);
    }

    private static int Unparsed(EventBatch events)
    {
        var unparsed = 0;
        for (var i = 0; i < events.Count; i++)
            if (events.Header(i).Refusal != ParseRefusal.None) unparsed++;
        return unparsed;
    }
}
