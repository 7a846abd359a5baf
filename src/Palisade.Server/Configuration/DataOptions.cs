namespace Palisade.Server.Configuration;

/// <summary>Where everything that must survive is kept.</summary>
public sealed record DataOptions
{
    public const string Section = "Data";

    /// <summary>Data directory. Default ./data.</summary>
    public string Directory { get; init; } = "data";
    /// <summary>The least free disk space to start with, bytes. Default 1 GiB.</summary>
    public long MinimumFreeBytes { get; init; } = 1L << 30;

    /// <summary>Private key that signs the journal.</summary>
    public string JournalKey => Path.Combine(PathOf("keys"), "journal.pem");

    public string PathOf(string name) => Path.Combine(Path.GetFullPath(Directory), name);

    /// <summary>Every problem, each with its key path.</summary>
    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(Directory)) yield return $"{Section}:Directory is empty";
        if (MinimumFreeBytes < 0) yield return $"{Section}:MinimumFreeBytes must not be negative";
    }
}
