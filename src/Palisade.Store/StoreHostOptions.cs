using System.Net;

namespace Palisade.Store;

/// <summary>Arguments of <c>palisade store</c>. The supervisor writes them; nobody types them.</summary>
internal sealed record StoreHostOptions
{
    /// <summary>Folder of the data.</summary>
    public required string Path { get; init; }
    /// <summary>Unix socket to listen on; made with mode 0600.</summary>
    public string? Socket { get; init; }
    /// <summary>Loopback TCP address as well, for tests and for other tools.</summary>
    public IPEndPoint? Tcp { get; init; }
    /// <summary>Engine settings file (store.xml).</summary>
    public string? Config { get; init; }
    /// <summary>libchdb.so.</summary>
    public string? Library { get; init; }
    /// <summary>Statements that can run at once.</summary>
    public int Connections { get; init; } = 8;
    /// <summary>End when standard input ends: it is a pipe of the supervisor, so this process never outlives it.</summary>
    public bool WatchInput { get; init; }

    /// <exception cref="StoreStartException">An argument is wrong.</exception>
    public static StoreHostOptions Parse(IReadOnlyList<string> args)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        string[] known = ["--path", "--socket", "--tcp", "--config", "--library", "--connections", "--watch-input"];
        for (var i = 0; i < args.Count; i += 2)
        {
            if (!known.Contains(args[i])) throw new StoreStartException($"unknown flag {args[i]}; known: {string.Join(' ', known)}.");
            if (i + 1 == args.Count) throw new StoreStartException($"{args[i]} needs a value.");
            values[args[i]] = args[i + 1];
        }
        var options = new StoreHostOptions
        {
            Path = values.GetValueOrDefault("--path") ?? throw new StoreStartException("--path is missing."),
            Socket = values.GetValueOrDefault("--socket"),
            Tcp = values.TryGetValue("--tcp", out var tcp) ? Address(tcp) : null,
            Config = values.GetValueOrDefault("--config"),
            Library = values.GetValueOrDefault("--library"),
            Connections = values.TryGetValue("--connections", out var count) ? Number("--connections", count, 1, 64) : 8,
            WatchInput = values.GetValueOrDefault("--watch-input") == "true",
        };
        if (options.Socket is null && options.Tcp is null) throw new StoreStartException("--socket or --tcp is missing.");
        return options;
    }

    private static IPEndPoint Address(string text) => IPEndPoint.TryParse(text, out var end) && IPAddress.IsLoopback(end.Address)
        ? end : throw new StoreStartException($"--tcp {text} is not a loopback ADDRESS:PORT.");

    private static int Number(string flag, string text, int least, int most) => int.TryParse(text, out var n) && n >= least && n <= most
        ? n : throw new StoreStartException($"{flag} {text} is not a number from {least} to {most}.");
}
