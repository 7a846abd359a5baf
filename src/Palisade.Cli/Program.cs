using System.CommandLine;
using Palisade.Cli;
using Palisade.Cli.Commands;

var root = new RootCommand("Palisade reads the logs your hosts already write, finds attacks, and says whether they worked.")
{
    ScanCommand.Create(),
    ParseCommand.Create(),
    RulesCommand.Create(),
    SendCommand.Create(),
    BenchCommand.Create(),
};

return await CommandRunner.RunAsync(root, args);
