using System.Text.Json;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Lint;
using Palisade.Engine.Rules.Pipelines;

namespace Palisade.Cli.Rules;

/// <summary><c>rules lint</c>: every problem of the rules, one a line, and what the codes mean.</summary>
internal static class RulesLint
{
    public static int Run(IReadOnlyList<string> paths, IReadOnlyList<ProcessingPipeline> pipelines, bool json)
    {
        var files = RulePaths.Read(paths);
        files.AddRange(ContentFiles.Read(Path.Combine(ContentFiles.Folder, "lookups", "sigma")));
        var set = RuleSet.Load(files, new RuleLoadOptions { Pipelines = pipelines }, out var diagnostics);
        var errors = diagnostics.Count(d => d.IsError);
        if (json)
        {
            foreach (var d in diagnostics.OrderBy(d => d.File, StringComparer.Ordinal).ThenBy(d => d.Line))
                Console.WriteLine(JsonSerializer.Serialize(new { file = d.File, line = d.Line, code = d.Code, error = d.IsError, message = d.Message, fix = LintCodes.Find(d.Code)?.Fix ?? "" }));
        }
        else RulePaths.Say(diagnostics, Console.Out, warnings: true);
        Console.Error.WriteLine($"{set.RuleCount} rules and {set.CorrelationCount} correlations are good, {set.Unrouted.Count} have no source here, {errors} errors, {diagnostics.Count - errors} warnings");
        if (diagnostics.Count > 0 && !json) Console.Error.WriteLine($"What a code means and how to mend it: palisade rules lint --explain {diagnostics[0].Code}");
        return errors > 0 ? ExitCodes.BadInput : ExitCodes.Done;
    }

    /// <summary>Tells what a code means; <c>all</c> prints the reference page.</summary>
    public static int Explain(string code)
    {
        if (code.Equals("all", StringComparison.OrdinalIgnoreCase))
        {
            Console.Out.Write(LintCodes.Markdown());
            return ExitCodes.Done;
        }
        if (LintCodes.Find(code) is not { } found)
            throw new CliException(ExitCodes.Usage, $"{code} is no code of a rule. Codes are {LintCodes.All[0].Code} to {LintCodes.All[^1].Code}; 'all' prints them.");
        Console.WriteLine($"{found.Code} ({(found.IsError ? "error: the rule is refused" : "warning: the rule runs")})  {found.Title}\n\n{found.Why}\n\nTo do: {found.Fix}");
        return ExitCodes.Done;
    }
}
