namespace Palisade.Server.Streaming;

/// <summary>What tenants have stored of their own and the stream works by: all of it is put in force before the stream reads its first record, and a tenant's again after each change.</summary>
public abstract class LiveByTenant : IHostedLifecycleService, IDisposable
{
    private readonly SemaphoreSlim applying = new(1);

    /// <summary>Tenants that have something stored.</summary>
    protected abstract Task<IReadOnlyList<uint>> TenantsAsync(CancellationToken stop);

    /// <summary>Puts what is stored of a tenant in force; what cannot be used is left out and logged.</summary>
    protected abstract Task PutInForceAsync(uint tenant, CancellationToken stop);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        foreach (var tenant in await TenantsAsync(cancellationToken)) await ApplyAsync(tenant, cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>After a change. One at a time, each from what is stored: the last one to come has seen all.</summary>
    protected async Task ApplyAsync(uint tenant, CancellationToken stop)
    {
        await applying.WaitAsync(stop);
        try
        {
            await PutInForceAsync(tenant, stop);
        }
        finally
        {
            applying.Release();
        }
    }

    public void Dispose()
    {
        applying.Dispose();
        GC.SuppressFinalize(this);
    }
}
