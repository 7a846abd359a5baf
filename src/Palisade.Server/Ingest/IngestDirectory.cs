namespace Palisade.Server.Ingest;

/// <summary>Where records go: an owner and a source. 0 is neither a tenant nor a source.</summary>
public readonly record struct IngestLane(uint Tenant, uint Source);

/// <summary>What an ingest token is worth.</summary>
/// <param name="Tenant">Owner of what comes in under it.</param>
/// <param name="DefaultSource">Source name of what names none itself; empty when the token has none.</param>
/// <param name="Refusal">Set when the token is known but may not send.</param>
/// <param name="Token">Id of the token; empty without one.</param>
public readonly record struct IngestGrant(uint Tenant, string DefaultSource, IngestRefusal Refusal, Guid Token = default);

/// <summary>A source looked up by name: its id, or why there is none.</summary>
public readonly record struct IngestSource(uint Source, IngestRefusal Refusal);

/// <summary>
/// What intake asks of the control store: who a token belongs to, and which source a name is. Answers come from a cache
/// nearly always, so that a request costs no query.
/// </summary>
public interface IIngestDirectory
{
    /// <summary>The token's worth; <see cref="IngestRefusal.BadToken"/> for one nobody knows.</summary>
    ValueTask<IngestGrant> AuthenticateAsync(string token, CancellationToken stop);
    /// <summary>The source of that name, created at its first record.</summary>
    ValueTask<IngestSource> SourceAsync(uint tenant, string name, CancellationToken stop);
    /// <summary>The same; one that is created gets this parser.</summary>
    ValueTask<IngestSource> SourceAsync(uint tenant, string name, string kind, CancellationToken stop);
    /// <summary>The same for the records of a token, noted as its trail: call it when there are records to take.</summary>
    ValueTask<IngestSource> SourceAsync(in IngestGrant grant, string name, CancellationToken stop) => SourceAsync(grant.Tenant, name, stop);
    /// <summary>The tenant of that name; with an empty name the only tenant there is; 0 when there is none or more than one.</summary>
    ValueTask<uint> TenantAsync(string name, CancellationToken stop);
}
