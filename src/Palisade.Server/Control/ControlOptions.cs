namespace Palisade.Server.Control;

public enum ControlProvider { Sqlite, Postgresql }

/// <summary>Where tenants, people, sources and alerts are kept.</summary>
public sealed record ControlOptions
{
    public const string Section = "Control";

    /// <summary>sqlite (a file in the data directory) or postgresql. Default sqlite.</summary>
    public ControlProvider Provider { get; init; }
    /// <summary>Npgsql connection string, for postgresql.</summary>
    public string ConnectionString { get; init; } = "";

    /// <summary>Every problem, each with its key path.</summary>
    public IEnumerable<string> Problems()
    {
        if (Provider == ControlProvider.Postgresql && ConnectionString.Length == 0)
            yield return $"{Section}:ConnectionString is needed for postgresql";
        if (Provider == ControlProvider.Sqlite && ConnectionString.Length > 0)
            yield return $"{Section}:ConnectionString is for postgresql; sqlite lives in the data directory";
    }
}
