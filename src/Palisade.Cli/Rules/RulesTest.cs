using Palisade.Engine;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Pipelines;

namespace Palisade.Cli.Rules;

/// <summary>
/// <c>rules test</c>: runs the samples beside rules through the whole engine. The shipped sources, look-ups and rules are there too;
/// a file named on the command line takes the place of a shipped one of the same name.
/// </summary>
internal static class RulesTest
{
    public static int Run(IReadOnlyList<string> paths, IReadOnlyList<ProcessingPipeline> pipelines)
    {
        var given = RulePaths.Read(paths.Select(WithSamples).SelectMany(p => p));
        var names = given.Select(f => Path.GetFileName(f.path)).ToHashSet(StringComparer.Ordinal);
        var files = ContentFiles.Read().Where(f => !IsRule(f.path) || !names.Contains(Path.GetFileName(f.path))).ToList();
        // The engine knows rule files by the folder they lie in.
        files.AddRange(given.Select(f => ("rules/" + f.path, f.bytes)));
        var snapshot = EngineContent.Load(files, out var diagnostics, options: new RuleLoadOptions { Pipelines = pipelines, PipedFiles = given.Select(f => "rules/" + f.path).ToHashSet(StringComparer.Ordinal) });
        var errors = RulePaths.Say(diagnostics.Select(Plain), Console.Out, warnings: false);
        var (passed, failed, bare) = (0, 0, 0);
        foreach (var (path, bytes) in given)
        {
            if (!path.EndsWith(RuleSamples.Suffix, StringComparison.Ordinal))
            {
                if (names.Contains(Path.GetFileNameWithoutExtension(path) + RuleSamples.Suffix)) continue;
                bare++;
                Console.WriteLine($"{path}:1: has no samples ({Path.GetFileNameWithoutExtension(path)}{RuleSamples.Suffix})");
                continue;
            }
            var samples = RuleSamples.Read(path, bytes, out var problems);
            errors += RulePaths.Say(problems, Console.Out, warnings: false);
            foreach (var sample in samples)
            {
                if (RuleSamples.Finds(snapshot, "rules/" + RuleSamples.RuleFile(path), sample.Records) == sample.Hit) { passed++; continue; }
                failed++;
                Console.WriteLine($"{path}:{sample.Line}: {(sample.Hit ? "must be found and is not" : "must not be found and is")}: {sample.Records[^1]}");
            }
        }
        Console.Error.WriteLine($"{passed} passed, {failed} failed, {bare} rules without samples, {errors} errors");
        return failed + bare + errors > 0 ? ExitCodes.BadInput : ExitCodes.Done;
    }

    /// <summary>A rule file brings the samples beside it, a sample file its rule.</summary>
    private static IEnumerable<string> WithSamples(string path)
    {
        yield return path;
        if (!File.Exists(path)) yield break;
        var other = path.EndsWith(RuleSamples.Suffix, StringComparison.Ordinal) ? RuleSamples.RuleFile(path) : Path.ChangeExtension(path, null) + RuleSamples.Suffix;
        if (File.Exists(other)) yield return other;
    }

    private static bool IsRule(string path) => path.StartsWith("rules/", StringComparison.Ordinal) || path.StartsWith("correlations/", StringComparison.Ordinal);

    private static Diagnostic Plain(Diagnostic d) => d.File.StartsWith("rules/", StringComparison.Ordinal) ? d with { File = d.File["rules/".Length..] } : d;
}
