namespace Palisade.Server.Usage;

/// <summary>Counts what tenants use. Thread-safe, in memory, written to the control store now and then.</summary>
public interface IUsageMeter
{
    /// <summary>Notes stored events and their raw bytes; call once a batch and tenant, after the batch is stored.</summary>
    void Add(uint tenant, long events, long bytes);
    /// <summary>Notes that a person used the console or the API today.</summary>
    void UserActive(uint tenant, Guid user);
    /// <summary>Writes what was counted.</summary>
    Task FlushAsync(CancellationToken stop);
}
