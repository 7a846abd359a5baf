using System.CommandLine;
using Palisade.Cli.New;
using Palisade.Cli.Parse;

namespace Palisade.Cli.Commands;

/// <summary><c>palisade new</c>: the beginning of something people write themselves.</summary>
internal static class NewCommand
{
    public static Command Create() => new("new", "Begins a folder of content: a source.") { Source() };

    private static Command Source()
    {
        var name = new Argument<string>("NAME") { Description = "name of the source: small letters, digits and hyphens" };
        var from = new Option<string>("--from") { Description = $"log to take the first {NewSource.SampleLines} lines of (plain, .gz, .zst), or - for standard input", HelpName = "FILE", Required = true };
        var folder = new Option<string?>("--dir") { Description = "folder to make it in: DIR/NAME. The current one when not given.", HelpName = "DIR" };
        var command = new Command("source", """
            Makes the folder of a new source: source.yml that reads the time and the message of the lines, README.md, sample.log and expected.jsonl.
            Go on with parse --explain, and see docs/reference/sources.md.

            Example: palisade new source paygate --from /var/log/paygate.log
            """) { name, from, folder };
        command.SetAction((result, cancel) => Task.FromResult(Run(result.GetValue(name)!, result.GetValue(from)!, result.GetValue(folder), cancel)));
        return command;
    }

    private static int Run(string name, string from, string? parent, CancellationToken cancel)
    {
        if (name.Length is 0 or > 64 || !char.IsAsciiLetterLower(name[0]) || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            throw new CliException(ExitCodes.Usage, $"'{name}' is no name of a source: it has small letters, digits and hyphens, begins with a letter and has at most 64.");
        var folder = Path.Combine(parent ?? ".", name);
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()) throw new CliException(ExitCodes.BadInput, $"{folder}: is there already and not empty.");
        var lines = new List<byte[]>();
        using (var input = LogFile.Open(from))
        {
            var reader = new LineReader(input, byLines: true);
            while (lines.Count < NewSource.SampleLines && reader.TryRead(out var line))
            {
                cancel.ThrowIfCancellationRequested();
                if (!line.Trim(" \t\r"u8).IsEmpty) lines.Add(line.TrimEnd((byte)'\r').ToArray());
            }
        }
        if (lines.Count == 0) throw new CliException(ExitCodes.BadInput, $"{from}: holds no line to begin with.");
        var made = new NewSource(name, folder, lines, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        made.Write();
        Console.WriteLine(folder);
        Console.Error.WriteLine($"{lines.Count} lines, {made.Read} of them read. Replace real names and addresses in sample.log, then go on: palisade parse --explain --content {parent ?? "."} --source {name} {Path.Combine(folder, "sample.log")}");
        return ExitCodes.Done;
    }
}
