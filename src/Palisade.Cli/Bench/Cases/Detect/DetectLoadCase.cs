using System.Diagnostics;
using Palisade.Engine;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Rules;

namespace Palisade.Cli.Bench.Cases.Detect;

/// <summary>Loading all public rules, and what an exchange of rule sets costs the thread that judges.</summary>
internal sealed class DetectLoadCase : IBenchCase
{
    public string Name => "detect-load";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await Task.Yield();
        if (SigmaData.Of(context, Name) is not { } data) return [];
        var files = data.Rules();
        // the first load of a process pays for its code too; each run of the case is one more in this process, so that is measured by the program
        var program = await Program(context, files, cancellationToken);
        var start = context.Time.GetTimestamp();
        var set = SigmaData.Load(files);
        var yaml = context.Time.GetElapsedTime(start);
        return
        [
            new Figure("from YAML", "s", yaml.TotalSeconds, AtMost: 2),
            new Figure("palisade rules match, no events", "s", program.TotalSeconds),
            new Figure("stall of an exchange", "ms", Stall(context, set).TotalMilliseconds, AtMost: 1),
            new Figure("rules", "", set.RuleCount),
        ];
    }

    /// <summary>From the moment a new set is there to the end of the first event judged by it.</summary>
    private static TimeSpan Stall(BenchContext context, RuleSet set)
    {
        var batch = new EventBatch();
        batch.Begin(new RecordInfo(1, 0, 1, 1, RecordInfo.AutoParser), "{}"u8);
        batch.Add(FieldNames.GetOrAdd("Image"), "C:\\Windows\\explorer.exe"u8);
        var findings = new FindingList();
        new SigmaDetector(set).Detect(batch, findings);
        var start = context.Time.GetTimestamp();
        new SigmaDetector(set).Detect(batch, findings);
        return context.Time.GetElapsedTime(start);
    }

    private static async Task<TimeSpan> Program(BenchContext context, List<(string path, byte[] bytes)> files, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(context.Folder, "rules");
        foreach (var (path, bytes) in files.Where(static f => !f.path.StartsWith("lookups/", StringComparison.Ordinal)))
        {
            var file = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllBytesAsync(file, bytes, cancellationToken);
        }
        var events = Path.Combine(context.Folder, "none.ndjson");
        await File.WriteAllBytesAsync(events, "{}\n"u8.ToArray(), cancellationToken);
        var start = context.Time.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(Product.Program, ["rules", "match", "--any-logsource", "--rules", folder, "--events", events]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        await error;
        return context.Time.GetElapsedTime(start);
    }
}
