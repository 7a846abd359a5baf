using System.CommandLine;
using Palisade.Cli.Up;

namespace Palisade.Cli.Commands;

/// <summary><c>palisade up</c>: server, embedded stores and console until it is told to stop.</summary>
internal static class UpCommand
{
    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "data directory (default ./data)", HelpName = "DIR" };
        var http = new Option<string?>("--http") { Description = "address of console and API (default 127.0.0.1:8080)", HelpName = "ADDR:PORT" };
        var syslog = new Option<string?>("--syslog") { Description = "address for syslog over UDP and TCP (default 127.0.0.1:5514)", HelpName = "ADDR:PORT" };
        var config = new Option<string?>("--config") { Description = "configuration file (default ./palisade.json if it exists)", HelpName = "FILE" };
        var noOpen = new Option<bool>("--no-open") { Description = "do not open a browser at the first start" };
        var command = new Command("up", """
            Starts the server, its stores and the console.

            Example: palisade up --data /var/lib/palisade --http 0.0.0.0:8080
            """) { data, http, syslog, config, noOpen };
        command.SetAction((result, cancel) =>
        {
            var flags = new List<KeyValuePair<string, string?>>();
            void Flag(string key, string? value) { if (value is not null) flags.Add(new(key, value)); }
            Flag("Data:Directory", result.GetValue(data));
            Flag("Http:Listen", result.GetValue(http));
            Flag("Ingest:Syslog:0:Listen", result.GetValue(syslog));
            return ServerRun.RunAsync(result.GetValue(config), flags, !result.GetValue(noOpen), cancel);
        });
        return command;
    }
}
