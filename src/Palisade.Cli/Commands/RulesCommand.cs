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
        command.Subcommands.Add(Import());
        command.Subcommands.Add(Explain());
        command.Subcommands.Add(Backtest());
        return command;
    }

    private static Argument<string[]> Paths() => new("PATH") { Description = "Files, or folders with .yml files.", Arity = ArgumentArity.OneOrMore };

    private static Command Lint()
    {
        var paths = new Argument<string[]>("PATH") { Description = "Files, or folders with .yml files.", Arity = ArgumentArity.ZeroOrMore };
        var explain = new Option<string?>("--explain") { Description = "Says what a code means and how to mend it; all prints every code.", HelpName = "CODE" };
        var format = Format();
        var pipelines = Pipelines();
        var command = new Command("lint", "Says every problem of the rules, with code, file and line.\n\nExample: palisade rules lint content/rules\n         palisade rules lint --explain SIG028") { paths, explain, format, pipelines };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(explain) is { } code) return RulesLint.Explain(code);
            return parsed.GetValue(paths) is { Length: > 0 } given ? RulesLint.Run(given, PipelineFiles.Read(parsed.GetValue(pipelines)), parsed.GetValue(format) == "json") : throw new CliException(ExitCodes.Usage, "give files or folders, or --explain CODE.");
        });
        return command;
    }

    private static Option<string> Format()
    {
        var format = new Option<string>("--format") { Description = "text, or json (one object a line).", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        return format;
    }

    private static Command Import()
    {
        var from = new Argument<string>("FROM") { Description = "A folder, a .zip, .tar.gz or .yml file, or the address of one." };
        var data = new Option<string[]>("--data") { Description = "Log files: what they hold are the data present. Default: the samples of all sources that are read here.", AllowMultipleArgumentsPerToken = true };
        var (format, placeholders, pipelines) = (Format(), Placeholders(), Pipelines());
        var command = new Command("import",
            """
            Reads Sigma rules of others, a SigmaHQ checkout say, and reports what works here, what can never fire with the data present, and why. Changes nothing:
            give a folder to scan by --rules, or import it into a server on its Rules page.

            Example: palisade rules import sigma-master.zip --data /var/log/auth.log
                     palisade rules import sigma-master.zip --pipeline to-ecs.yml
            """)
        { from, data, format, placeholders, pipelines };
        command.SetAction((parsed, cancel) =>
        {
            var options = new RuleLoadOptions { Placeholders = ReadPlaceholders(parsed.GetValue(placeholders)), Pipelines = PipelineFiles.Read(parsed.GetValue(pipelines)) };
            return RulesImport.RunAsync(parsed.GetRequiredValue(from), parsed.GetValue(data) ?? [], options, parsed.GetValue(format) == "json", cancel);
        });
        return command;
    }

    private static Command Explain()
    {
        var rule = new Argument<string>("RULE") { Description = "A rule file, or the id or name of a shipped rule." };
        var given = new Argument<string>("EVENT") { Description = "A log line or JSON object, a file that holds one, or - for standard input." };
        var format = Format();
        var (any, placeholders, pipelines) = (AnyLogSource(), Placeholders(), Pipelines());
        var command = new Command("explain", "Says why a rule did or did not match an event, part by part.\n\nExample: palisade rules explain my-rule.yml 'Nov 28 03:02:17 web1 sshd[812]: Failed password for root from 203.0.113.7 port 5022 ssh2'")
        {
            rule, given, format, any, placeholders, pipelines,
        };
        command.SetAction(parsed => RulesExplain.Run(parsed.GetRequiredValue(rule), parsed.GetRequiredValue(given), new RuleLoadOptions
        {
            AnyLogSource = parsed.GetValue(any),
            Placeholders = ReadPlaceholders(parsed.GetValue(placeholders)),
            Pipelines = PipelineFiles.Read(parsed.GetValue(pipelines)),
        }, parsed.GetValue(format) == "json"));
        return command;
    }

    private static Command Backtest()
    {
        var rule = new Argument<string>("RULE") { Description = "A rule file, the id of a rule or behaviour that the server has, or all: everything in force, as the server's stream runs it." };
        var since = new Option<string>("--since") { Description = "How far back: 24h, 30d (at most 90d).", DefaultValueFactory = _ => "30d" };
        var server = new Option<string?>("--server") { Description = "URL of the server. Also PALISADE_SERVER. Default http://127.0.0.1:8080." };
        var token = new Option<string?>("--token") { Description = "API token of scope write. Also PALISADE_TOKEN." };
        var findings = new Option<bool>("--findings") { Description = "Also print each finding, to 10,000, as one JSON object a line." };
        var format = Format();
        var command = new Command("backtest", "Runs a rule, or all, over the stored records of a server, in the order they came: hits over time, samples, alerts kept and lost.\n\nExample: palisade rules backtest my-rule.yml --since 30d\n         palisade rules backtest all --since 24h --findings") { rule, since, server, token, findings, format };
        command.SetAction((parsed, cancel) =>
        {
            var address = parsed.GetValue(server) ?? Environment.GetEnvironmentVariable("PALISADE_SERVER") ?? "http://127.0.0.1:8080";
            if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")) throw new CliException(ExitCodes.Usage, $"--server {address}: give a URL such as http://127.0.0.1:8080.");
            var secret = parsed.GetValue(token) ?? Environment.GetEnvironmentVariable("PALISADE_TOKEN");
            if (string.IsNullOrEmpty(secret)) throw new CliException(ExitCodes.Usage, "give --token or PALISADE_TOKEN. One is made by: palisade admin token create --tenant T --scope write");
            return RulesBacktest.RunAsync(parsed.GetRequiredValue(rule), Duration.Parse(parsed.GetValue(since)!, "--since"), url, secret, parsed.GetValue(findings), parsed.GetValue(format) == "json", cancel);
        });
        return command;
    }

    private static Command Test()
    {
        var paths = Paths();
        var pipelines = Pipelines();
        var command = new Command("test", "Runs the samples beside rules (name.test.yml: hit, miss) through the whole engine.\n\nExample: palisade rules test content/rules content/correlations") { paths, pipelines };
        command.SetAction(parsed => RulesTest.Run(parsed.GetValue(paths)!, PipelineFiles.Read(parsed.GetValue(pipelines))));
        return command;
    }

    private static Command Match()
    {
        var rules = new Option<string[]>("--rules") { Description = "Rule files or folders.", Required = true, AllowMultipleArgumentsPerToken = true };
        var events = new Option<string>("--events") { Description = "JSON events, one a line (.gz too); - reads standard input.", Required = true };
        var (any, placeholders) = (AnyLogSource(), Placeholders());
        var polarity = new Option<string>("--filter-polarity") { Description = "How a filter joins a rule: and | and_not.", DefaultValueFactory = _ => "and" };
        polarity.AcceptOnlyFromAmong("and", "and_not");
        var format = new Option<string>("--format") { Description = "jsonl.", DefaultValueFactory = _ => "jsonl" };
        format.AcceptOnlyFromAmong("jsonl");
        var pipelines = Pipelines();
        var oracle = new Option<bool>("--oracle") { Description = "Judge every event a second time by a slow, naive reading of the specification, and say where the two differ (exit code 1). Correlations are left out." };
        var command = new Command("match", "Runs rules over JSON events; one JSON object a match.\n\nExample: palisade rules match --rules my-rules --events events.ndjson --any-logsource")
        {
            rules, events, any, placeholders, polarity, format, pipelines, oracle,
        };
        command.SetAction(parsed =>
        {
            var options = new RuleLoadOptions
            {
                AnyLogSource = parsed.GetValue(any),
                Polarity = parsed.GetValue(polarity) == "and_not" ? FilterPolarity.AndNot : FilterPolarity.And,
                Placeholders = ReadPlaceholders(parsed.GetValue(placeholders)),
                Pipelines = PipelineFiles.Read(parsed.GetValue(pipelines)),
            };
            if (parsed.GetValue(oracle) && options.Pipelines.Count > 0) throw new CliException(ExitCodes.Usage, "--oracle reads rules as they are written: it does not go with --pipeline");
            return RulesMatch.Run(parsed.GetValue(rules)!, parsed.GetValue(events)!, options, parsed.GetValue(oracle));
        });
        return command;
    }

    private static Option<bool> AnyLogSource() => new("--any-logsource") { Description = "Evaluate rules whatever their log source." };

    private static Option<string?> Placeholders() => new("--placeholders") { Description = "JSON or YAML object of lists: values for %name%." };

    private static Option<string[]> Pipelines() => new("--pipeline") { Description = "Processing pipeline (YAML in pySigma's notation) that rules pass through first; may be given several times.", Arity = ArgumentArity.ZeroOrMore };

    private static IReadOnlyDictionary<string, IReadOnlyList<string>> ReadPlaceholders(string? path)
    {
        if (path is null) return new Dictionary<string, IReadOnlyList<string>>();
        if (!File.Exists(path)) throw new CliException(ExitCodes.BadInput, $"{path}: no such file");
        var values = PlaceholderFile.Read(path, File.ReadAllBytes(path), out var diagnostics);
        return RulePaths.Say(diagnostics, Console.Error, warnings: false) == 0 ? values : throw new CliException(ExitCodes.BadInput, $"{path}: the placeholders are broken");
    }
}
