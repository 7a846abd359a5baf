using Palisade.Engine.Rules;

namespace Palisade.Cli.Rules;

/// <summary><c>rules lint</c>: every problem of the rules, one a line.</summary>
internal static class RulesLint
{
    public static int Run(IReadOnlyList<string> paths)
    {
        var files = RulePaths.Read(paths);
        files.AddRange(ContentFiles.Read(Path.Combine(ContentFiles.Folder, "lookups", "sigma")));
        var set = RuleSet.Load(files, new RuleLoadOptions(), out var diagnostics);
        var errors = RulePaths.Say(diagnostics, Console.Out, warnings: true);
        Console.Error.WriteLine($"{set.RuleCount} rules and {set.CorrelationCount} correlations are good, {set.Unrouted.Count} have no source here, {errors} errors, {diagnostics.Count - errors} warnings");
        return errors > 0 ? ExitCodes.BadInput : ExitCodes.Done;
    }
}
