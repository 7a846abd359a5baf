using System.CommandLine;
using Palisade.Cli.Up;

namespace Palisade.Cli.Commands;

/// <summary><c>palisade up</c>: server, embedded stores and console until it is told to stop.</summary>
internal static class UpCommand
{
    public static Command Create()
    {
        var server = new ServerFlags();
        var config = new Option<string?>("--config") { Description = "configuration file (default ./palisade.json if it exists)", HelpName = "FILE" };
        var noOpen = new Option<bool>("--no-open") { Description = "do not open a browser at the first start" };
        var command = new Command("up", """
            Starts the server, its stores and the console.

            Example: palisade up --data /var/lib/palisade --http 0.0.0.0:8080
            """) { server.Data, server.Http, server.Syslog, config, noOpen };
        command.SetAction((result, cancel) => ServerRun.RunAsync(result.GetValue(config), server.Of(result), !result.GetValue(noOpen), cancel));
        return command;
    }
}
