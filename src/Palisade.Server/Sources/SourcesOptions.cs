namespace Palisade.Server.Sources;

/// <summary>Limits of log sources.</summary>
public sealed record SourcesOptions
{
    public const string Section = "Sources";

    /// <summary>Sources one tenant may have. Default 1,000.</summary>
    public int MaxPerTenant { get; init; } = 1000;

    /// <summary>Every problem, each with its key path.</summary>
    public IEnumerable<string> Problems()
    {
        if (MaxPerTenant is < 1 or > 100_000) yield return $"{Section}:MaxPerTenant must be 1 to 100000";
    }
}
