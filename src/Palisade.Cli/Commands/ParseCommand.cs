using System.CommandLine;
using Palisade.Cli.Parse;
using Palisade.Engine;
using Palisade.Engine.Parse.Times;

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
        var explain = new Option<bool>("--explain") { Description = "say for each line which source and pattern read it and where each field comes from, or how near a source came" };
        var zone = ZoneFlag.Create();
        var own = new Option<string?>("--content") { Description = "folder of sources of your own, DIR/NAME/source.yml each, beside the shipped ones", HelpName = "DIR" };
        var command = new Command("parse", """
            Reads log lines and prints one ECS JSON object for each, in order.

            Example: palisade parse --source auto access.log | head
                     palisade parse --explain --zone Asia/Shanghai app.log | less
            """) { file, source, framing, join, explain, zone, own };
        command.SetAction((result, cancel) => Task.FromResult(Run(
            result.GetValue(file)!, result.GetValue(source)!, result.GetValue(framing)!, result.GetValue(join), result.GetValue(explain), ZoneFlag.Read(result.GetValue(zone)), result.GetValue(own), cancel)));
        return command;
    }

    private static int Run(string file, string source, string framing, bool join, bool explain, ZoneTable? zone, string? own, CancellationToken cancel)
    {
        var content = ContentFiles.Load("sources/", own);
        var parser = SourceFlag.Read(source, content.Parsers);
        if (explain && framing != "line") throw new CliException(ExitCodes.Usage, "--explain reads lines; it does not go with --framing ndjson");
        using var input = LogFile.Open(file);
        using var output = Console.OpenStandardOutput();
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        if (explain)
        {
            using var text = new StreamWriter(output);
            var told = new ExplainRun(content, parser, zone, now, text);
            told.Run(input, join, cancel);
            Console.Error.WriteLine($"{told.Records} records: {told.Read} read.");
            return ExitCodes.Done;
        }
        using var run = new ParseRun(content, parser, zone, now);
        run.Run(input, output, framing == "ndjson", join, cancel);
        Console.Error.WriteLine($"{run.Records} records: {run.Parsed} parsed, {run.Empty} carry nothing of their own, {run.Records - run.Parsed - run.Empty} not understood.");
        return ExitCodes.Done;
    }
}
