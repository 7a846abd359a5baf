using System.CommandLine;
using Palisade.Cli;
using Palisade.Cli.Commands;

// The internal verb that hosts the event store keeps its own, plain argument list.
if (args is ["store", ..]) return await Palisade.Store.StoreHost.RunAsync(args[1..]);

var root = new RootCommand("Palisade reads the logs your hosts already write, finds attacks, and says whether they worked.")
{
    UpCommand.Create(),
    ScanCommand.Create(),
    ParseCommand.Create(),
    NewCommand.Create(),
    RulesCommand.Create(),
    SearchCommand.Create(),
    SendCommand.Create(),
    TrainCommand.Create(),
    BenchCommand.Create(),
    DoctorCommand.Create(),
    AdminCommand.Create(),
};

return await CommandRunner.RunAsync(root, args);
