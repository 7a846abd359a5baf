using System.CommandLine;

namespace Palisade.Cli.Commands;

/// <summary>Flags that stand for keys of the server's configuration.</summary>
internal sealed class ServerFlags
{
    public Option<string?> Data { get; } = new("--data") { Description = "data directory (default ./data)", HelpName = "DIR" };
    public Option<string?> Http { get; } = new("--http") { Description = "address of console and API (default 127.0.0.1:8080)", HelpName = "ADDR:PORT" };
    public Option<string?> Syslog { get; } = new("--syslog") { Description = "address for syslog over UDP and TCP (default 127.0.0.1:5514)", HelpName = "ADDR:PORT" };

    /// <summary>Key path and value of each flag that was given.</summary>
    public IReadOnlyList<KeyValuePair<string, string?>> Of(ParseResult parsed) =>
    [
        .. new[] { ("Data:Directory", Data), ("Http:Listen", Http), ("Ingest:Syslog:0:Listen", Syslog) }
            .Where(f => parsed.GetValue(f.Item2) is not null).Select(f => new KeyValuePair<string, string?>(f.Item1, parsed.GetValue(f.Item2))),
    ];
}
