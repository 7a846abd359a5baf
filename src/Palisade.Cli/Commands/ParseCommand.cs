using System.CommandLine;
using Palisade.Cli.Parse;
using Palisade.Engine;

namespace Palisade.Cli.Commands;

/// <summary><c>palisade parse</c>: lines in, one ECS object each out.</summary>
internal static class ParseCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "log file (plain, .gz, .zst), or - for standard input", DefaultValueFactory = _ => "-" };
        var source = new Option<string>("--source") { Description = "name of the source, or auto to detect it line by line", DefaultValueFactory = _ => "auto" };
        var framing = new Option<string>("--framing") { Description = "line: a record a line; ndjson: rows {\"raw\": \"…\"}, for records of several lines", DefaultValueFactory = _ => "line" };
        framing.AcceptOnlyFromAmong("line", "ndjson");
        var join = new Option<bool>("--join") { Description = "join continuation lines (indented) to the record before them" };
        var command = new Command("parse", """
            Reads log lines and prints one ECS JSON object for each, in order.

            Example: palisade parse --source auto access.log | head
            """) { file, source, framing, join };
        command.SetAction((result, cancel) => Task.FromResult(Run(result.GetValue(file)!, result.GetValue(source)!, result.GetValue(framing)!, result.GetValue(join), cancel)));
        return command;
    }

    private static int Run(string file, string source, string framing, bool join, CancellationToken cancel)
    {
        var content = ContentFiles.Load("sources/");
        var parser = RecordInfo.AutoParser;
        if (source != "auto")
        {
            parser = content.Parsers.IndexOf(source);
            if (parser < 0)
            {
                var near = CommandRunner.Nearest(source, content.Parsers.Names);
                throw new CliException(ExitCodes.Usage, $"there is no source '{source}'{(near is null ? "" : $"; did you mean {near}?")} Known: {string.Join(' ', content.Parsers.Names)}");
            }
        }
        using var input = LogFile.Open(file);
        using var output = Console.OpenStandardOutput();
        using var run = new ParseRun(content, parser, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        run.Run(input, output, framing == "ndjson", join, cancel);
        Console.Error.WriteLine($"{run.Records} records: {run.Parsed} parsed, {run.Empty} carry nothing of their own, {run.Records - run.Parsed - run.Empty} not understood.");
        return ExitCodes.Done;
    }
}
