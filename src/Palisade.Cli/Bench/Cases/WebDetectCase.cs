using System.Globalization;
using System.Text;
using Palisade.Cli.Web;
using Palisade.Engine.Detect.Web;

namespace Palisade.Cli.Bench.Cases;

/// <summary>The web request classifier alone, on one core: time and bytes a request, and with labelled data what it finds.</summary>
internal sealed class WebDetectCase : IBenchCase
{
    private const int Least = 200_000;
    private bool told;

    public string Name => "web-detect";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var detector = ContentFiles.Load("lookups/web").Web;
        var rows = context.Data is { } folder ? WebCorpus.Read(folder) : Generated();
        var figures = Measure(detector, rows, context.Time, cancellationToken);
        if (context.Data is null) return figures;
        var table = new WebConfusion(detector, rows);
        if (!told) table.Write(context.Talk);
        if (!told && context.Misses is { } file) table.WriteMisses(file);
        told = true;
        return [.. figures, .. table.Figures()];
    }

    private static List<Figure> Measure(WebDetector detector, List<WebRow> rows, TimeProvider time, CancellationToken cancellationToken)
    {
        var verdicts = new WebVerdict[4];
        long Pass()
        {
            long found = 0;
            foreach (var row in rows) found += detector.Classify(row.Request(withBody: false), verdicts);
            return found;
        }
        // Twice: expressions are made when first needed.
        Pass();
        Pass();
        var passes = Math.Max(1, Least / rows.Count);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var start = time.GetTimestamp();
        for (var i = 0; i < passes; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Pass();
        }
        var elapsed = time.GetElapsedTime(start);
        var requests = (double)passes * rows.Count;
        var allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / requests;
        return
        [
            new("time, all requests", "ns/request", elapsed.TotalNanoseconds / requests, AtMost: rows.Exists(r => r.Class is not null) ? null : 2000),
            new("allocated", "B/request", Math.Round(allocated, 2), AtMost: 0),
            .. Harmless(detector, rows, time, verdicts),
        ];
    }

    private static IEnumerable<Figure> Harmless(WebDetector detector, List<WebRow> rows, TimeProvider time, WebVerdict[] verdicts)
    {
        var harmless = rows.Where(r => r.Class is null).ToArray();
        if (harmless.Length == rows.Count || harmless.Length == 0) yield break;
        var passes = Math.Max(1, Least / harmless.Length);
        var start = time.GetTimestamp();
        for (var i = 0; i < passes; i++)
            foreach (var row in harmless) detector.Classify(row.Request(withBody: false), verdicts);
        yield return new("time, harmless requests", "ns/request", time.GetElapsedTime(start).TotalNanoseconds / passes / harmless.Length, AtMost: 2000);
    }

    private static List<WebRow> Generated()
    {
        var generator = new NginxLogGenerator(7, 1_750_000_000_000);
        var line = new byte[NginxLogGenerator.MaxLineBytes];
        var rows = new List<WebRow>();
        for (var i = 0; i < 20_000; i++)
        {
            // client - - [time] "METHOD target HTTP/x" status bytes "referrer" "agent"
            var fields = Encoding.Latin1.GetString(line.AsSpan(0, generator.Write(line))).Split('"');
            var request = fields[1].Split(' ');
            rows.Add(new WebRow(null, "generated", Encoding.Latin1.GetBytes(request[1]), Encoding.Latin1.GetBytes(request[0]), Encoding.Latin1.GetBytes(fields[5]), Encoding.Latin1.GetBytes(fields[3]), [],
                Encoding.Latin1.GetBytes(fields[2].Trim().Split(' ')[0]), false));
        }
        return rows;
    }
}
