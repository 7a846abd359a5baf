namespace Palisade.Server.Sources;

/// <summary>Why a source name is refused. Persisted: only grows.</summary>
public enum SourceRefusal : byte
{
    None = 0,
    /// <summary>Empty, longer than 64, or with characters other than letters, digits, dot, hyphen, underscore and colon.</summary>
    BadName = 1,
    /// <summary>The tenant has as many sources as it may have.</summary>
    TooMany = 2,
    /// <summary>The source was switched off by its owner.</summary>
    Disabled = 3,
}

/// <summary>A source as intake and stream see it. Immutable.</summary>
/// <param name="Kind">Parser name; "auto" detects.</param>
/// <param name="Zone">Zone of stamps that carry none; empty: what the parser says.</param>
public sealed record SourceInfo(uint Id, uint Tenant, string Name, string Kind, string Zone = "");

public readonly record struct SourceLookup(SourceInfo? Source, SourceRefusal Refusal);

/// <summary>Log sources, cached. Thread-safe; a hit costs one dictionary look-up and allocates nothing.</summary>
public interface ISourceRegistry
{
    /// <summary>The tenant's source of this name, created on its first record.</summary>
    ValueTask<SourceLookup> GetOrCreateAsync(uint tenant, string name, CancellationToken stop);
    /// <summary>The same; one that is created gets this parser.</summary>
    ValueTask<SourceLookup> GetOrCreateAsync(uint tenant, string name, string kind, CancellationToken stop);
    /// <summary>A source by id; null when there is none.</summary>
    ValueTask<SourceInfo?> FindAsync(uint source, CancellationToken stop);
    /// <summary>Notes that records of this source came in; written to the control store now and then.</summary>
    void Seen(uint source, DateTimeOffset at);
    /// <summary>Notes that a host was named by a tenant's events; written now and then.</summary>
    void HostSeen(uint tenant, string host, DateTimeOffset at);
    /// <summary>Writes what was noted.</summary>
    Task FlushAsync(CancellationToken stop);
}
