using System.CommandLine;
using Palisade.Cli.Rules;
using Palisade.Engine.Rules;

namespace Palisade.Cli.Commands;

/// <summary><c>palisade rules</c>: check, test and try detection rules.</summary>
internal static class RulesCommand
{
    public static Command Create()
    {
        var command = new Command("rules", "Check, test and try Sigma rules and correlations.");
        command.Subcommands.Add(Lint());
        command.Subcommands.Add(Test());
        command.Subcommands.Add(Match());
        return command;
    }

    private static Argument<string[]> Paths() => new("PATH") { Description = "Files, or folders with .yml files.", Arity = ArgumentArity.OneOrMore };

    private static Command Lint()
    {
        var paths = Paths();
        var command = new Command("lint", "Says every problem of the rules, with code, file and line.\n\nExample: palisade rules lint content/rules") { paths };
        command.SetAction(parsed => RulesLint.Run(parsed.GetValue(paths)!));
        return command;
    }

    private static Command Test()
    {
        var paths = Paths();
        var command = new Command("test", "Runs the samples beside rules (name.test.yml: hit, miss) through the whole engine.\n\nExample: palisade rules test content/rules content/correlations") { paths };
        command.SetAction(parsed => RulesTest.Run(parsed.GetValue(paths)!));
        return command;
    }

    private static Command Match()
    {
        var rules = new Option<string[]>("--rules") { Description = "Rule files or folders.", Required = true, AllowMultipleArgumentsPerToken = true };
        var events = new Option<string>("--events") { Description = "JSON events, one a line (.gz too); - reads standard input.", Required = true };
        var any = new Option<bool>("--any-logsource") { Description = "Evaluate rules whatever their log source." };
        var placeholders = new Option<string?>("--placeholders") { Description = "JSON or YAML object of lists: values for %name%." };
        var polarity = new Option<string>("--filter-polarity") { Description = "How a filter joins a rule: and | and_not.", DefaultValueFactory = _ => "and" };
        polarity.AcceptOnlyFromAmong("and", "and_not");
        var format = new Option<string>("--format") { Description = "jsonl.", DefaultValueFactory = _ => "jsonl" };
        format.AcceptOnlyFromAmong("jsonl");
        var command = new Command("match", "Runs rules over JSON events; one JSON object a match.\n\nExample: palisade rules match --rules my-rules --events events.ndjson --any-logsource")
        {
            rules, events, any, placeholders, polarity, format,
        };
        command.SetAction(parsed =>
        {
            var options = new RuleLoadOptions
            {
                AnyLogSource = parsed.GetValue(any),
                Polarity = parsed.GetValue(polarity) == "and_not" ? FilterPolarity.AndNot : FilterPolarity.And,
                Placeholders = ReadPlaceholders(parsed.GetValue(placeholders)),
            };
            return RulesMatch.Run(parsed.GetValue(rules)!, parsed.GetValue(events)!, options);
        });
        return command;
    }

    private static IReadOnlyDictionary<string, IReadOnlyList<string>> ReadPlaceholders(string? path)
    {
        if (path is null) return new Dictionary<string, IReadOnlyList<string>>();
        if (!File.Exists(path)) throw new CliException(ExitCodes.BadInput, $"{path}: no such file");
        var values = PlaceholderFile.Read(path, File.ReadAllBytes(path), out var diagnostics);
        return RulePaths.Say(diagnostics, Console.Error, warnings: false) == 0 ? values : throw new CliException(ExitCodes.BadInput, $"{path}: the placeholders are broken");
    }
}
