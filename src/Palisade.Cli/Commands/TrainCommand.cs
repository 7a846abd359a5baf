using System.CommandLine;
using Palisade.Cli.Web;

namespace Palisade.Cli.Commands;

/// <summary><c>palisade train</c>: learns what the engine cannot be told in rules.</summary>
internal static class TrainCommand
{
    public static Command Create() => new("train", "Learns models from labelled data.") { Web() };

    private static Command Web()
    {
        var data = new Option<string>("--data") { Description = "folder with requests.jsonl.gz (labelled requests) and, if there, labels.txt.gz", HelpName = "DIR", Required = true };
        var output = new Option<string?>("--out") { Description = "file to write the model to; without it only the figures are printed", HelpName = "FILE" };
        var leaveOut = new Option<string[]>("--leave-out") { Description = "origins to test on but not to learn from, such as data whose licence does not allow it", HelpName = "ORIGIN", AllowMultipleArgumentsPerToken = true };
        var seed = new Option<int>("--seed") { Description = "the same seed and data give the same file", DefaultValueFactory = _ => 1 };
        var lose = new Option<double>("--may-lose") { Description = "share of weakly proven attacks that the model may hold for harmless", DefaultValueFactory = _ => 0.005 };
        var raise = new Option<double>("--may-raise") { Description = "share of harmless requests with a value to read that the model may hold for attacks", DefaultValueFactory = _ => 0.0002 };
        var command = new Command("web", """
            Learns the n-gram model of the web request classifier. Prints, for each origin of the data, what a model finds that has not
            seen that origin.

            Example: palisade train web --data ./web --out content/lookups/web/model.bin
            """) { data, output, leaveOut, seed, lose, raise };
        command.SetAction((parsed, _) =>
        {
            double mayLose = parsed.GetValue(lose), mayRaise = parsed.GetValue(raise);
            if (mayLose is < 0 or > 1 || mayRaise is < 0 or > 1) throw new CliException(ExitCodes.Usage, "--may-lose and --may-raise are shares: 0 to 1.");
            var rows = WebCorpus.Read(parsed.GetValue(data)!);
            var model = WebTraining.Run(ContentFiles.Load("lookups/web").Web, rows, parsed.GetValue(leaveOut) ?? [], parsed.GetValue(seed), mayLose, mayRaise, Console.Out);
            if (parsed.GetValue(output) is { } file)
            {
                File.WriteAllBytes(file, model);
                Console.Error.WriteLine($"{file}: {model.Length:N0} bytes");
            }
            return Task.FromResult(ExitCodes.Done);
        });
        return command;
    }
}
