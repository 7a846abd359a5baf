using System.Globalization;
using System.Text;
using Palisade.Cli.Web;
using Palisade.Engine.Detect.Web;
using Palisade.Protocol;

namespace Palisade.Cli.Bench.Cases;

/// <summary>
/// The web request classifier alone, on one core: time and bytes a request, and with labelled data what it finds, beside what nginx with
/// ModSecurity and its Core Rule Set turns away of the same requests where they are installed.
/// </summary>
internal sealed class WebDetectCase : IBenchCase
{
    private const int Least = 200_000, Million = 1_000_000;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(8);
    private bool told;

    public string Name => "web-detect";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        var detector = ContentFiles.Load("lookups/web").Web;
        var rows = context.Data is { } folder ? WebCorpus.Read(folder) : Generated();
        var figures = Measure(detector, rows, context.Time, cancellationToken);
        if (context.Data is null) return [.. figures, FalseAlarms(detector, cancellationToken)];
        var table = new WebConfusion(detector, rows);
        if (!told) table.Write(context.Talk);
        if (!told && context.Misses is { } file) table.WriteMisses(file);
        var beside = await BesideAsync(table, context, cancellationToken);
        told = true;
        return [.. figures, .. table.Figures(), .. beside];
    }

    private async Task<IEnumerable<Figure>> BesideAsync(WebConfusion table, BenchContext context, CancellationToken cancellationToken)
    {
        if (ModSecurity.Missing() is { } missing)
        {
            if (!told) await context.Talk.WriteLineAsync(missing);
            return [];
        }
        using var other = await ModSecurity.StartAsync(context.Folder, cancellationToken);
        var (rejected, seconds) = other.Judge(table.Rows, context.Time, cancellationToken);
        if (!told) table.WriteBeside(context.Talk, rejected);
        return table.FiguresBeside(rejected, seconds);
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
        // Expressions are made when first needed, and code that is asked often is compiled once more: both are the start's cost, not a request's.
        var warm = time.GetTimestamp();
        do Pass();
        while (time.GetElapsedTime(warm) < WarmUp);
        var passes = Math.Max(3, Least / rows.Count);
        // an expression whose turn to be compiled comes late is no cost of the steady state: that is what the pass that took least took
        var allocated = long.MaxValue;
        var start = time.GetTimestamp();
        for (var i = 0; i < passes; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var before = GC.GetAllocatedBytesForCurrentThread();
            Pass();
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        var elapsed = time.GetElapsedTime(start);
        var requests = (double)passes * rows.Count;
        return
        [
            new("time, all requests", "ns/request", elapsed.TotalNanoseconds / requests, AtMost: rows.Exists(r => r.Class is not null) ? null : 2000),
            new("allocated, least of the passes", "B/request", Math.Round((double)allocated / rows.Count, 2), AtMost: 0),
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

    /// <summary>What is said of a million harmless requests of a shop.</summary>
    private static Figure FalseAlarms(WebDetector detector, CancellationToken cancellationToken)
    {
        var generator = Generator(attackShare: 0);
        var line = new byte[NginxLogGenerator.MaxLineBytes];
        var verdicts = new WebVerdict[4];
        var alarms = 0;
        for (var i = 0; i < Million; i++)
        {
            if (i % 4096 == 0) cancellationToken.ThrowIfCancellationRequested();
            if (detector.Classify(Row(line.AsSpan(0, generator.Write(line))).Request(withBody: false), verdicts) > 0 && verdicts[0].Rule.Level >= FindingLevel.Medium) alarms++;
        }
        return new("false alarms, medium or above", "/million", alarms, AtMost: 50);
    }

    private static NginxLogGenerator Generator(double attackShare) => new(7, 1_750_000_000_000, attackShare: attackShare);

    private static List<WebRow> Generated()
    {
        var generator = Generator(attackShare: 0.01);
        var line = new byte[NginxLogGenerator.MaxLineBytes];
        var rows = new List<WebRow>();
        for (var i = 0; i < 20_000; i++) rows.Add(Row(line.AsSpan(0, generator.Write(line))));
        return rows;
    }

    private static WebRow Row(ReadOnlySpan<byte> line)
    {
        // client - - [time] "METHOD target HTTP/x" status bytes "referrer" "agent"
        var fields = Encoding.Latin1.GetString(line).Split('"');
        var request = fields[1].Split(' ');
        return new WebRow(null, "generated", Encoding.Latin1.GetBytes(request[1]), Encoding.Latin1.GetBytes(request[0]), Encoding.Latin1.GetBytes(fields[5]), Encoding.Latin1.GetBytes(fields[3]), [],
            Encoding.Latin1.GetBytes(fields[2].Trim().Split(' ')[0]), false);
    }
}
