using System.Text.Json;
using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Engine.Rules;

namespace Palisade.Cli.Rules;

/// <summary><c>rules import</c>: reads a checkout or archive of Sigma rules and says what works here, what can never fire, and why.</summary>
internal static class RulesImport
{
    private const int MaxSaid = 200;
    private const long MaxDownload = 256L << 20;

    private sealed record Import(IReadOnlyList<(string path, byte[] bytes)> Files, IReadOnlyList<string> TooLarge, string? Problem);

    /// <param name="data">Log files whose events count as the data there are; none: the samples of all shipped sources.</param>
    /// <param name="options">How the rules load, and what they pass through.</param>
    public static async Task<int> RunAsync(string from, IReadOnlyList<string> data, RuleLoadOptions options, bool json, CancellationToken stop)
    {
        var import = await ReadAsync(from, stop);
        if (import.Files.Count == 0) throw new CliException(ExitCodes.BadInput, $"{from}: {import.Problem ?? "holds no rule files (.yml, .yaml)"}");
        var snapshot = ContentFiles.Load();
        var analysis = new ReachAnalysis(snapshot.Library.Lookups, import.Files, options);
        var records = Observe(snapshot, data, analysis);
        var rules = analysis.Judge();
        if (json) WriteJson(rules, analysis.Diagnostics);
        else Write(from, import, rules, analysis.Diagnostics, records, data.Count > 0);
        return import.Problem is null && rules.All(r => r.Verdict != ReachVerdict.Refused) && !analysis.Diagnostics.Any(d => d.IsError) ? ExitCodes.Done : ExitCodes.BadInput;
    }

    private static async Task<Import> ReadAsync(string from, CancellationToken stop)
    {
        var limits = new ArchiveLimits();
        if (Directory.Exists(from))
        {
            var (files, large) = (new List<(string, byte[])>(), new List<string>());
            var found = Directory.EnumerateFiles(from, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.ReparsePoint })
                .Where(f => f.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) || f.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase)).Order(StringComparer.Ordinal);
            foreach (var file in found.Take(limits.Files))
            {
                if (new FileInfo(file).Length > limits.FileBytes) large.Add(file);
                else files.Add((Path.GetRelativePath(from, file).Replace('\\', '/'), await File.ReadAllBytesAsync(file, stop)));
            }
            return new Import(files, large, files.Count + large.Count == limits.Files ? $"only the first {limits.Files} files were read" : null);
        }
        await using var stream = Uri.TryCreate(from, UriKind.Absolute, out var address) && address.Scheme is "https" or "http" ? await DownloadAsync(address!, stop)
            : File.Exists(from) ? File.OpenRead(from) : throw new CliException(ExitCodes.BadInput, $"{from}: no such file, folder or address");
        var read = RuleArchive.Read(stream, Path.GetFileName(from), limits);
        return new Import(read.Files, read.TooLarge, read.Problem);
    }

    private static async Task<Stream> DownloadAsync(Uri address, CancellationToken stop)
    {
        try
        {
            using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(5) };
            using var answer = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, stop);
            if (!answer.IsSuccessStatusCode) throw new CliException(ExitCodes.Unreachable, $"{address} answered {(int)answer.StatusCode}.");
            await using var body = await answer.Content.ReadAsStreamAsync(stop);
            var copy = new FileStream(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
            var buffer = new byte[1 << 16];
            for (int n; (n = await body.ReadAsync(buffer, stop)) > 0;)
            {
                if (copy.Length + n > MaxDownload) throw new CliException(ExitCodes.BadInput, $"{address}: more than {MaxDownload >> 20} MiB");
                await copy.WriteAsync(buffer.AsMemory(0, n), stop);
            }
            copy.Position = 0;
            return copy;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !stop.IsCancellationRequested)
        {
            throw new CliException(ExitCodes.Unreachable, $"{address}: {e.Message}");
        }
    }

    /// <summary>Shows the analysis the events there are.</summary>
    private static long Observe(EngineSnapshot snapshot, IReadOnlyList<string> data, ReachAnalysis analysis)
    {
        var pipeline = new Pipeline(snapshot, NoGeoLookup.Instance);
        var received = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var count = 0UL;
        foreach (var (name, lines) in data.Count > 0 ? data.Select(f => ("", Lines(f))) : Samples())
        {
            var parser = name.Length == 0 ? RecordInfo.AutoParser : snapshot.Parsers.IndexOf(name);
            foreach (var line in lines)
            {
                pipeline.Add(new RecordInfo(++count, received, 1, 0, parser), System.Text.Encoding.UTF8.GetBytes(line));
                if (pipeline.Events.IsFull) Look();
            }
        }
        Look();
        return (long)count;

        void Look()
        {
            analysis.Observe(pipeline.Events);
            pipeline.Clear();
        }
    }

    private static IEnumerable<string> Lines(string file) => File.Exists(file) ? File.ReadLines(file)
        : throw new CliException(ExitCodes.BadInput, Directory.Exists(file) ? $"{file} is a folder; name the files in it ({file.TrimEnd('/')}/*)." : $"{file}: no such file");

    private static IEnumerable<(string, IEnumerable<string>)> Samples() =>
        Directory.EnumerateDirectories(Path.Combine(ContentFiles.Folder, "sources")).Order(StringComparer.Ordinal).Where(d => File.Exists(Path.Combine(d, "sample.log")))
            .Select(d => (Path.GetFileName(d), File.ReadLines(Path.Combine(d, "sample.log"))));

    private static void WriteJson(IReadOnlyList<RuleReach> rules, IReadOnlyList<Diagnostic> diagnostics)
    {
        foreach (var r in rules)
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                id = r.Rule.Id, title = r.Rule.Title, kind = r.Rule.Kind, file = r.Rule.File, log_source = r.Rule.LogSource, verdict = JsonNamingPolicy.SnakeCaseLower.ConvertName(r.Verdict.ToString()),
                missing = r.Missing, events = r.Events, diagnostics = r.Diagnostics.Select(d => new { code = d.Code, line = d.Line, error = d.IsError, message = d.Message }),
            }));
        // What belongs to no rule: files that are no YAML or no rule.
        var told = rules.SelectMany(r => r.Diagnostics).ToHashSet();
        foreach (var d in diagnostics.Where(d => d.IsError && !told.Contains(d)))
            Console.WriteLine(JsonSerializer.Serialize(new { file = d.File, verdict = "refused", diagnostics = new[] { new { code = d.Code, line = d.Line, error = true, message = d.Message } } }));
    }

    private static void Write(string from, Import import, IReadOnlyList<RuleReach> rules, IReadOnlyList<Diagnostic> diagnostics, long records, bool own)
    {
        var errors = diagnostics.Where(d => d.IsError).ToList();
        Console.WriteLine($"{from}: {import.Files.Count} files, {rules.Count} rules and correlations, judged by {(own ? "your data" : "the samples of the sources that are read here")} ({records} records)\n");
        int Of(ReachVerdict verdict) => rules.Count(r => r.Verdict == verdict);
        Console.WriteLine($"  {Of(ReachVerdict.CanFire),6}  can fire");
        Console.WriteLine($"  {Of(ReachVerdict.NoSource),6}  never fire: no source that is read here gives their log source");
        Console.WriteLine($"  {Of(ReachVerdict.NoEvents),6}  never fire on these data: no event of their log source");
        Console.WriteLine($"  {Of(ReachVerdict.NoFields),6}  never fire on these data: events lack fields that they ask for");
        Console.WriteLine($"  {Of(ReachVerdict.NoRules),6}  correlations whose rules cannot fire");
        Console.WriteLine($"  {Of(ReachVerdict.Refused),6}  refused\n");
        Console.WriteLine($"  {"log source",-48} {"rules",6} {"can",6} {"events",8}  why not");
        foreach (var group in rules.Where(r => r.Rule.Kind == "sigma").GroupBy(r => r.Rule.LogSource, StringComparer.OrdinalIgnoreCase).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Take(60))
        {
            var missing = group.Where(r => r.Verdict == ReachVerdict.NoFields).SelectMany(r => r.Missing).CountBy(f => f).OrderByDescending(f => f.Value).Take(4).Select(f => f.Key).ToList();
            var why = group.Any(r => r.Verdict == ReachVerdict.NoSource) ? "no source" : group.All(r => r.Verdict == ReachVerdict.NoEvents) ? "no events" : missing.Count > 0 ? "without " + string.Join(", ", missing) : "";
            Console.WriteLine($"  {group.Key,-48} {group.Count(),6} {group.Count(r => r.Verdict == ReachVerdict.CanFire),6} {group.Max(r => r.Events),8}  {why}");
        }
        if (errors.Count > 0) Console.WriteLine();
        RulePaths.Say(errors.Take(MaxSaid), Console.Out, warnings: false);
        if (errors.Count > MaxSaid) Console.WriteLine($"and {errors.Count - MaxSaid} more errors: --format json tells them with their rules");
        foreach (var name in import.TooLarge) Console.WriteLine($"{name}: too large, left out");
        if (import.Problem is { } problem) Console.Error.WriteLine($"{from}: {problem}");
    }
}
