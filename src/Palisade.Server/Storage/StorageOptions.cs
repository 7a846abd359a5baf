namespace Palisade.Server.Storage;

/// <summary>The event store: embedded, or a ClickHouse server elsewhere.</summary>
public sealed record StorageOptions
{
    public const string Section = "Storage";

    /// <summary>http(s)://[user:password@]host:port of a ClickHouse server. Empty (default): the embedded store.</summary>
    public string Url { get; init; } = "";
    /// <summary>Database of that server. Default "default".</summary>
    public string Database { get; init; } = "default";
    /// <summary>Folder of the embedded store, below the data directory unless absolute. Default store.</summary>
    public string DataPath { get; init; } = "store";
    /// <summary>libchdb.so; empty (default): PALISADE_LIBCHDB, else node_modules above the program.</summary>
    public string Library { get; init; } = "";
    /// <summary>Memory of the embedded store, MiB; its process may reach 500 MiB more. Default 600, for hosts of 2 GB.</summary>
    public int MemoryMiB { get; init; } = 600;
    /// <summary>Memory of one query, MiB; more ends it with an error. Default 300.</summary>
    public int QueryMemoryMiB { get; init; } = 300;
    /// <summary>Longest query, seconds. Default 30.</summary>
    public int QuerySeconds { get; init; } = 30;
    /// <summary>Statements the embedded store runs at once. Default 8.</summary>
    public int Connections { get; init; } = 8;
    /// <summary>Time between health checks of the embedded store, milliseconds. Default 2,000.</summary>
    public int PingMilliseconds { get; init; } = 2000;
    /// <summary>Unanswered health checks before the embedded store is killed and started again. Default 5.</summary>
    public int PingFailures { get; init; } = 5;
    /// <summary>Days an event is kept when its tenant says nothing else, from receipt. Default 90.</summary>
    public int RetentionDays { get; init; } = 90;

    public bool Embedded => Url.Length == 0;

    /// <summary>Every problem, each with its key path.</summary>
    public IEnumerable<string> Problems()
    {
        if (Url.Length > 0 && !(Uri.TryCreate(Url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
            yield return $"{Section}:Url must look like http://host:8123";
        if (string.IsNullOrWhiteSpace(DataPath)) yield return $"{Section}:DataPath is empty";
        if (MemoryMiB is < 400 or > 1 << 20) yield return $"{Section}:MemoryMiB must be 400 or more";
        if (QueryMemoryMiB < 50 || QueryMemoryMiB > MemoryMiB) yield return $"{Section}:QueryMemoryMiB must be 50 to MemoryMiB";
        if (QuerySeconds is < 1 or > 3600) yield return $"{Section}:QuerySeconds must be 1 to 3600";
        if (Connections is < 2 or > 64) yield return $"{Section}:Connections must be 2 to 64";
        if (PingMilliseconds is < 100 or > 60_000) yield return $"{Section}:PingMilliseconds must be 100 to 60000";
        if (PingFailures is < 1 or > 100) yield return $"{Section}:PingFailures must be 1 to 100";
        if (RetentionDays is < 1 or > 3650) yield return $"{Section}:RetentionDays must be 1 to 3650";
    }
}
