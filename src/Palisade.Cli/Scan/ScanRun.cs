using System.Collections.Immutable;
using System.Threading.Channels;
using Palisade.Cli.Parse;
using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Engine.Incidents.Habits;

namespace Palisade.Cli.Scan;

/// <summary>
/// Runs the whole engine over files. One thread reads and unpacks blocks of lines, as many as there are processors judge
/// them in turn, and the caller's takes what they found in line order:
/// <code>reader ► block 0, 2, 4 ► worker 0 ►┐
///        ► block 1, 3, 5 ► worker 1 ►┴ correlate, tie into incidents, add up, report</code>
/// </summary>
internal sealed class ScanRun(ScanOptions options, EngineSnapshot engine, IGeoLookup geo, TimeProvider time)
{
    private const int MaxWorkers = 8;

    private readonly Pipeline ordered = new(engine, NoGeoLookup.Instance);
    private readonly List<Finding> ofBatch = [];
    private readonly ScanIncidents incidents = new(engine);
    private readonly List<ulong> starts = [];

    public ScanPicture Picture { get; } = new();

    /// <summary>Reads all files; <paramref name="each"/> gets the findings in line order, a line's verdict first.</summary>
    public async Task RunAsync(Action<FindingRow> each, ScanProgress progress, CancellationToken cancel)
    {
        var parser = SourceFlag.Read(options.Source, engine.Parsers);
        if (options.Pages is { } pages) ordered.Habits.Choices = ImmutableDictionary<uint, BusinessChoices>.Empty.Add(ScanWorker.Tenant, pages);
        var started = time.GetTimestamp();
        var nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        var workers = new ScanWorker[Math.Clamp(Environment.ProcessorCount, 1, MaxWorkers)];
        for (var i = 0; i < workers.Length; i++) workers[i] = new ScanWorker(engine, geo, parser, options.Zone, nowMs);
        var empty = Channel.CreateUnbounded<LineBlock>();
        for (var i = 0; i < 4 * workers.Length; i++) empty.Writer.TryWrite(new LineBlock());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task[] others = [Task.Run(() => ReadAsync(workers, empty.Reader, new RecordTail(engine, parser, options.Zone, nowMs), progress, stop.Token), CancellationToken.None), .. workers.Select(w => Task.Run(() => w.RunAsync(stop.Token), CancellationToken.None))];
        try
        {
            for (var turn = 0; await TakeBlockAsync(workers[turn % workers.Length], each, stop.Token) is { } block; turn++)
            {
                progress.Advance(block.Position, block.File, Picture.Lines);
                empty.Writer.TryWrite(block);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(others);
        }
        Picture.Incidents = incidents.Rows(options.Files, starts);
        Picture.Elapsed = time.GetElapsedTime(started);
    }

    /// <summary>Deals the blocks of all files to the workers in turn. A fault goes the way of the blocks, so that what was read before it is reported.</summary>
    private async Task ReadAsync(ScanWorker[] workers, ChannelReader<LineBlock> empty, RecordTail tail, ScanProgress progress, CancellationToken cancel)
    {
        Exception? fault = null;
        try
        {
            LineBlock? spare = null;
            var turn = 0;
            var sequence = 1UL;
            for (var file = 0; file < options.Files.Count; file++)
            {
                using var reader = LineReader.Open(options.Files[file]);
                progress.Begin(file, reader.Size);
                starts.Add(sequence);
                while (true)
                {
                    var block = spare ?? await empty.ReadAsync(cancel);
                    spare = null;
                    if (!reader.Read(block)) { spare = block; break; }
                    if (block.Count == 0) { spare = block; continue; }
                    if (!reader.IsAtEnd && tail.Of(block) is > 0 and var whole && whole < block.Count) reader.PutBack(block, whole);
                    block.File = file;
                    block.FirstSequence = sequence;
                    sequence += (ulong)block.Count;
                    await workers[turn++ % workers.Length].Blocks.WriteAsync(block, cancel);
                }
                Picture.CutLines += reader.CutLines;
            }
        }
        catch (Exception e)
        {
            fault = e;
        }
        foreach (var worker in workers) worker.Blocks.TryComplete(fault);
    }

    /// <summary>Reports the worker's next block; null when there is none, and so none after it.</summary>
    private async Task<LineBlock?> TakeBlockAsync(ScanWorker worker, Action<FindingRow> each, CancellationToken cancel)
    {
        while (await worker.Judged.WaitToReadAsync(cancel))
        {
            if (!worker.Judged.TryRead(out var part)) continue;
            ordered.Batch = part.Batch;
            ordered.Correlate();
            incidents.Take(ordered.Incidents);
            Account();
            Report(part.Block, each);
            worker.Return(part.Batch);
            if (part.EndsBlock) return part.Block;
        }
        return null;
    }

    private void Account()
    {
        for (var e = 0; e < ordered.Events.Count; e++)
        {
            ref readonly var header = ref ordered.Events.Header(e);
            Picture.Lines += header.Lines;
            Picture.Bytes += ordered.Events.Raw(e).Length + 1;
            if (header.Refusal is not (ParseRefusal.None or ParseRefusal.Empty)) Picture.Unparsed++;
            Picture.AddEvent(header.TimeMs, (header.Flags & EventFlags.NoTime) == 0);
        }
    }

    /// <summary>A line's alarms before its context, the request classifier before rules (it names the class), then by level.</summary>
    private void Report(LineBlock block, Action<FindingRow> each)
    {
        ofBatch.Clear();
        foreach (ref readonly var finding in ordered.Findings.Items)
            if (finding.Firing is null) ofBatch.Add(finding);
        if (ofBatch.Count == 0) return;
        var previous = -1;
        foreach (var finding in ofBatch.OrderBy(f => f.Event).ThenBy(f => f.Rule.ContextOnly).ThenBy(f => f.Rule.Kind != "web").ThenByDescending(f => f.Rule.Level))
        {
            var row = FindingRow.Of(ordered.Events, finding, options.Files[block.File], block.FirstLine + (long)(ordered.Events.Header(finding.Event).Sequence - block.FirstSequence));
            Picture.AddFinding(row, finding.Event != previous);
            previous = finding.Event;
            each(row);
        }
    }
}
