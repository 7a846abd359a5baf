using Palisade.Engine;
using Palisade.Engine.Normalise;
using Palisade.Engine.Parse;

namespace Palisade.Cli.Bench.Cases;

/// <summary>Reading lines to events: in memory, as a program, and against goaccess over the same file in the same run.</summary>
internal sealed class ParseCase : IBenchCase
{
    private const int MixedLines = 200_000;

    public string Name => "parse";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        var log = Path.Combine(context.Folder, "access.log");
        AccessLog.Write(log, context.Lines);
        var lines = Split(await File.ReadAllBytesAsync(log, cancellationToken));
        var set = ContentFiles.Load("sources/").Parsers;
        var inMemory = lines.Count / Measure(set, lines, context.Time, cancellationToken);
        List<ReadOnlyMemory<byte>> mixed = [.. SampleLines.Read(ContentFiles.Folder, MixedLines, seed: 7)];
        var mixedRate = mixed.Count / Measure(set, mixed, context.Time, cancellationToken);
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

    /// <summary>Seconds for all lines.</summary>
    private static double Measure(ParserSet set, List<ReadOnlyMemory<byte>> lines, TimeProvider time, CancellationToken cancellationToken)
    {
        var parser = new Parser(set);
        var normaliser = new Normaliser();
        var batch = new EventBatch();
        return Quietest.Of(time, Pass, cancellationToken).TotalSeconds;

        void Pass()
        {
            for (var i = 0; i < lines.Count; i++)
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
