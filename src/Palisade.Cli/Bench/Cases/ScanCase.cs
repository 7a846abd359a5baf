using System.Diagnostics;
using Palisade.Cli.Send;

namespace Palisade.Cli.Bench.Cases;

/// <summary>The whole program <c>palisade scan</c> over an access log, from its start to its end.</summary>
internal sealed class ScanCase : IBenchCase
{
    public string Name => "scan";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        var log = Path.Combine(context.Folder, "access.log");
        AccessLog.Write(log, context.Lines);
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
        return
        [
            new Figure("lines scanned", "lines/s", context.Lines / seconds, AtLeast: 100_000),
            new Figure("peak memory", "MB", peak / 1e6, AtMost: 500),
            new Figure("findings", "", File.ReadLines(Path.Combine(context.Folder, "findings.jsonl")).LongCount()),
        ];
    }
}

/// <summary>A generated access log on disk.</summary>
internal static class AccessLog
{
    // 2026-11-01 00:00:00 UTC: any fixed time, so that the file is the same each time.
    public const long StartMs = 1_793_491_200_000;

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
