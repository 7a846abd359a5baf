using System.CommandLine;
using Palisade.Cli.Bench;
using Palisade.Protocol;

namespace Palisade.Cli.Commands;

/// <summary><c>palisade bench</c>: the macro benchmarks.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var all = string.Join(", ", BenchRunner.Cases.Select(static c => c.Name));
        var names = new Argument<string[]>("NAME") { Description = $"Which: {all}. None: all.", Arity = ArgumentArity.ZeroOrMore };
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var runs = new Option<int>("--runs") { Description = "Runs of each.", DefaultValueFactory = _ => 5 };
        var seconds = new Option<int>("--seconds") { Description = "How long the cases that load a server go on.", DefaultValueFactory = _ => 120 };
        var lines = new Option<int>("--lines") { Description = "Lines of the log that is scanned.", DefaultValueFactory = _ => 1_000_000 };
        var data = new Option<string?>("--data") { Description = "Public data: for web-detect a folder with requests.jsonl.gz, for detect-* one with sigma/.", HelpName = "DIR" };
        var misses = new Option<string?>("--misses") { Description = "With --data: write the requests judged wrongly, one JSON object a line.", HelpName = "FILE" };
        var command = new Command("bench", "Measures this machine. Example: palisade bench scan --runs 3") { names, json, runs, seconds, lines, data, misses };
        command.SetAction(async (parsed, cancel) =>
        {
            int r = parsed.GetValue(runs), s = parsed.GetValue(seconds), l = parsed.GetValue(lines);
            if (r < 1 || s < 1 || l < 1) throw new CliException(ExitCodes.Usage, "--runs, --seconds and --lines must be at least 1.");
            await BenchRunner.RunAsync(Select(parsed.GetValue(names) ?? []), new BenchWishes(r, s, l, parsed.GetValue(json), parsed.GetValue(data), parsed.GetValue(misses)), cancel);
            return ExitCodes.Done;
        });
        return command;
    }

    private static IReadOnlyList<IBenchCase> Select(string[] names)
    {
        if (names.Length == 0) return BenchRunner.Cases;
        return [.. names.Select(name => BenchRunner.Cases.FirstOrDefault(c => c.Name == name) ?? throw Unknown(name))];
    }

    private static CliException Unknown(string name)
    {
        var known = BenchRunner.Cases.Select(static c => c.Name).ToList();
        var near = Spelling.Nearest(name, known);
        return new CliException(ExitCodes.Usage, near is null ? $"no benchmark {name}; there are {string.Join(", ", known)}." : $"no benchmark {name}; did you mean {near}?");
    }
}
