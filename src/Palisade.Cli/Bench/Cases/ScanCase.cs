using System.Diagnostics;
using System.IO.Compression;
using Palisade.Cli.Send;

namespace Palisade.Cli.Bench.Cases;

/// <summary>
/// The whole program <c>palisade scan</c> over an access log, from its start to its end, and goaccess over the same file in the same run.
/// With <c>--data DIR</c> the log is the traffic of <c>campaign.log.gz</c> there, ten times over; else it is generated.
/// </summary>
internal sealed class ScanCase : IBenchCase
{
    public string Name => "scan";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        var log = Path.Combine(context.Folder, "access.log");
        var lines = context.Lines;
        if (context.Data is { } data && Path.Combine(data, "campaign.log.gz") is var traffic && File.Exists(traffic)) lines = await AccessLog.RepeatAsync(traffic, log, 10, cancellationToken);
        else AccessLog.Write(log, lines);
        var start = context.Time.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(Product.Program, ["scan", log, "--format", "jsonl", "--out", Path.Combine(context.Folder, "findings.jsonl")])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var ended = process.WaitForExitAsync(cancellationToken);
        var peak = 0L;
        while (!ended.IsCompleted)
        {
            peak = Math.Max(peak, ProcessTree.PeakBytes(process.Id));
            await Task.WhenAny(ended, Task.Delay(25, cancellationToken));
        }
        await ended;
        var seconds = context.Time.GetElapsedTime(start).TotalSeconds;
        if (process.ExitCode != 0) throw new CliException(ExitCodes.Internal, $"palisade scan ended with exit code {process.ExitCode}: {await error}");
        await output;
        var figures = new List<Figure>
        {
            new("lines scanned", "lines/s", lines / seconds, AtLeast: 100_000),
            new("peak memory", "MB", peak / 1e6, AtMost: 500),
            new("findings", "", File.ReadLines(Path.Combine(context.Folder, "findings.jsonl")).LongCount()),
        };
        if (await GoAccess.TimeAsync(log, context, cancellationToken) is not { } other) return figures;
        figures.Add(new("goaccess, whole program", "lines/s", lines / other));
        figures.Add(new("scan, times goaccess", "x", other / seconds, AtLeast: 2.5));
        return figures;
    }
}

/// <summary>A generated access log on disk.</summary>
internal static class AccessLog
{
    // 2026-11-01 00:00:00 UTC: any fixed time, so that the file is the same each time.
    public const long StartMs = 1_793_491_200_000;

    /// <summary>Unpacks a log so many times into one file.</summary>
    /// <returns>Lines written.</returns>
    public static async Task<int> RepeatAsync(string packed, string path, int times, CancellationToken cancellationToken)
    {
        using var text = new MemoryStream();
        await using (var gzip = new GZipStream(File.OpenRead(packed), CompressionMode.Decompress)) await gzip.CopyToAsync(text, cancellationToken);
        await using var file = File.Create(path, 1 << 20);
        for (var i = 0; i < times; i++) await file.WriteAsync(text.GetBuffer().AsMemory(0, (int)text.Length), cancellationToken);
        return times * text.GetBuffer().AsSpan(0, (int)text.Length).Count((byte)'\n');
    }

    public static void Write(string path, int lines)
    {
        var generator = new NginxLogGenerator(seed: 1, StartMs);
        var batch = new LineBatch();
        using var file = File.Create(path, 1);
        for (var i = 0; i < lines; i++)
        {
            batch.Took(generator.Write(batch.Room(NginxLogGenerator.MaxLineBytes)));
            if (!batch.IsFull && i != lines - 1) continue;
            file.Write(batch.Bytes);
            batch.Clear();
        }
    }
}
