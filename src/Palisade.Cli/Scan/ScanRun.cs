using System.Threading.Channels;
using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Protocol;

namespace Palisade.Cli.Scan;

/// <summary>Runs the whole engine over files: one thread reads and unpacks blocks of lines, one judges them in order.</summary>
internal sealed class ScanRun(ScanOptions options, EngineSnapshot engine, IGeoLookup geo, TimeProvider time)
{
    private readonly Pipeline pipeline = new(engine, geo);
    private readonly List<Finding> ofBatch = [];
    private ulong sequence;

    public ScanPicture Picture { get; } = new();

    /// <summary>Reads all files; <paramref name="each"/> gets the findings in line order, a line's verdict first.</summary>
    public async Task RunAsync(Action<FindingRow> each, ScanProgress progress, CancellationToken cancel)
    {
        var parser = RecordInfo.AutoParser;
        if (options.Source is { } name && name != "auto")
        {
            parser = engine.Parsers.IndexOf(name);
            if (parser < 0) throw new CliException(ExitCodes.Usage, $"--source {name}: there is no such source; known are {string.Join(", ", engine.Parsers.Names)}");
        }
        var started = time.GetTimestamp();
        var full = Channel.CreateBounded<LineBlock>(new BoundedChannelOptions(4) { SingleReader = true, SingleWriter = true });
        var empty = Channel.CreateUnbounded<LineBlock>();
        for (var i = 0; i < 6; i++) empty.Writer.TryWrite(new LineBlock());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var reading = Task.Run(() => ReadAsync(full.Writer, empty.Reader, progress, stop.Token), stop.Token);
        try
        {
            await foreach (var block in full.Reader.ReadAllAsync(stop.Token))
            {
                Judge(block, parser, each);
                progress.Advance(block.Position, block.File, Picture.Lines);
                await empty.Writer.WriteAsync(block, stop.Token);
            }
        }
        finally
        {
            await stop.CancelAsync();
        }
        await reading;
        Picture.Elapsed = time.GetElapsedTime(started);
    }

    private async Task ReadAsync(ChannelWriter<LineBlock> full, ChannelReader<LineBlock> empty, ScanProgress progress, CancellationToken cancel)
    {
        LineBlock? spare = null;
        try
        {
            for (var file = 0; file < options.Files.Count; file++)
            {
                using var reader = LineReader.Open(options.Files[file]);
                progress.Begin(file, reader.Size);
                while (true)
                {
                    var block = spare ?? await empty.ReadAsync(cancel);
                    spare = null;
                    if (!reader.Read(block)) { spare = block; break; }
                    block.File = file;
                    await full.WriteAsync(block, cancel);
                }
                Picture.CutLines += reader.CutLines;
            }
            full.Complete();
        }
        catch (CliException e)
        {
            full.Complete(e);
        }
    }

    private void Judge(LineBlock block, short parser, Action<FindingRow> each)
    {
        for (var i = 0; i < block.Count;)
        {
            var first = i;
            for (; i < block.Count && !pipeline.Events.IsFull; i++)
            {
                var line = block[i];
                Picture.Lines++;
                Picture.Bytes += line.Length + 1;
                pipeline.Add(new RecordInfo(++sequence, 0, 1, 0, parser), line);
            }
            pipeline.Detect();
            Account();
            Report(block, first, each);
            pipeline.Clear();
        }
    }

    private void Account()
    {
        for (var e = 0; e < pipeline.Events.Count; e++)
        {
            ref readonly var header = ref pipeline.Events.Header(e);
            if (header.Refusal is not (ParseRefusal.None or ParseRefusal.Empty)) Picture.Unparsed++;
            Picture.AddEvent(header.TimeMs, (header.Flags & EventFlags.NoTime) == 0);
        }
    }

    /// <summary>A line's alarms before its context, the request classifier before rules (it names the class), then by level.</summary>
    private void Report(LineBlock block, int first, Action<FindingRow> each)
    {
        ofBatch.Clear();
        foreach (ref readonly var finding in pipeline.Findings.Items)
            if (finding.Firing is null) ofBatch.Add(finding);
        if (ofBatch.Count == 0) return;
        var previous = -1;
        foreach (var finding in ofBatch.OrderBy(f => f.Event).ThenBy(f => f.Rule.ContextOnly).ThenBy(f => f.Rule.Kind != "web").ThenByDescending(f => f.Rule.Level))
        {
            var row = FindingRow.Of(pipeline.Events, finding, options.Files[block.File], block.FirstLine + first + finding.Event);
            Picture.AddFinding(row, finding.Event != previous);
            previous = finding.Event;
            each(row);
        }
    }
}
