using Palisade.Engine;
using Palisade.Engine.Normalise;
using Palisade.Engine.Parse;

namespace Palisade.Cli.Bench.Cases;

/// <summary>Reading lines to events: in memory, as a program, and against goaccess over the same file in the same run.</summary>
internal sealed class ParseCase : IBenchCase
{
    private const int MixedLines = 200_000;
    private const int Passes = 7;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    public string Name => "parse";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        var log = Path.Combine(context.Folder, "access.log");
        AccessLog.Write(log, context.Lines);
        var lines = Split(await File.ReadAllBytesAsync(log, cancellationToken));
        var set = ContentFiles.Load("sources/").Parsers;
        var inMemory = lines.Count / Measure(set, lines, context.Time);
        List<ReadOnlyMemory<byte>> mixed = [.. SampleLines.Read(ContentFiles.Folder, MixedLines, seed: 7)];
        var mixedRate = mixed.Count / Measure(set, mixed, context.Time);
        var program = context.Lines / await WholeProgram.TimeAsync(Product.Program, ["parse", log], context.Time, cancellationToken);
        var figures = new List<Figure>
        {
            new("in memory, one core", "lines/s", inMemory),
            new("palisade parse, whole program", "lines/s", program),
            new("samples of all sources, mixed, one core", "lines/s", mixedRate, AtLeast: 300_000),
        };
        if (await GoAccess.TimeAsync(log, context, cancellationToken) is not { } seconds) return figures;
        var goaccess = context.Lines / seconds;
        figures.Add(new("goaccess, whole program", "lines/s", goaccess));
        figures.Add(new("in memory, times goaccess", "x", inMemory / goaccess, AtLeast: 10));
        figures.Add(new("palisade parse, times goaccess", "x", program / goaccess, AtLeast: 4));
        return figures;
    }

    /// <summary>
    /// Seconds for all lines, in the quietest of some passes: others use the machine's memory too. The run-time has compiled for good by then what the lines need, which it does piece by
    /// piece, over some seconds.
    /// </summary>
    private static double Measure(ParserSet set, List<ReadOnlyMemory<byte>> lines, TimeProvider time)
    {
        var parser = new Parser(set);
        var normaliser = new Normaliser();
        var batch = new EventBatch();
        var start = time.GetTimestamp();
        do Pass(Math.Min(lines.Count, 200_000));
        while (time.GetElapsedTime(start) < WarmUp);
        var least = double.MaxValue;
        for (var i = 0; i < Passes; i++)
        {
            start = time.GetTimestamp();
            Pass(lines.Count);
            least = Math.Min(least, time.GetElapsedTime(start).TotalSeconds);
        }
        return least;

        void Pass(int count)
        {
            for (var i = 0; i < count; i++)
            {
                parser.Parse(new RecordInfo((ulong)i, AccessLog.StartMs, 1, 1, RecordInfo.AutoParser), lines[i].Span, batch);
                normaliser.Normalise(batch);
                if (batch.IsFull) batch.Clear();
            }
            batch.Clear();
        }
    }

    private static List<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> bytes)
    {
        var lines = new List<ReadOnlyMemory<byte>>();
        while (bytes.Length > 0)
        {
            var end = bytes.Span.IndexOf((byte)'\n');
            if (end < 0) end = bytes.Length;
            if (end > 0) lines.Add(bytes[..end]);
            bytes = bytes[Math.Min(end + 1, bytes.Length)..];
        }
        return lines;
    }
}
