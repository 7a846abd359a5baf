using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Palisade.Server.Storage;

namespace Palisade.Store.Tests.Storage;

/// <summary>The storage slice as the server runs it, over the real engine, in a folder of its own.</summary>
public sealed class TestStore : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static int counter;
    private readonly IHost host;
    private readonly bool ownsFolder;
    private bool stopped;

    private TestStore(string folder, bool ownsFolder, StorageOptions options)
    {
        (Folder, this.ownsFolder) = (folder, ownsFolder);
        var program = new StoreProgram(Path.Combine(AppContext.BaseDirectory, "Palisade.Store"), []);
        host = new HostBuilder().ConfigureLogging(l => l.ClearProviders())
            .ConfigureServices(s => s.AddSingleton(TimeProvider.System).AddStorage(options, folder, program)).Build();
    }

    public string Folder { get; }
    public EventStore Store => host.Services.GetRequiredService<EventStore>();
    public EventQueries Queries => host.Services.GetRequiredService<EventQueries>();
    public StoreState State => host.Services.GetRequiredService<StoreState>();
    public StoreClient Client => host.Services.GetRequiredService<StoreClient>();
    internal StoreFolder Files => host.Services.GetRequiredService<StoreFolder>();
    public IServiceProvider Services => host.Services;

    public static string NewFolder() => Path.Combine(Path.GetTempPath(), $"palisade-store-{Environment.ProcessId}-{Interlocked.Increment(ref counter)}");

    /// <param name="folder">Data directory that outlives this store; null: one of its own.</param>
    public static async Task<TestStore> StartAsync(string? folder = null, StorageOptions? options = null)
    {
        var store = new TestStore(folder ?? NewFolder(), folder is null, options ?? new StorageOptions { QueryMemoryMiB = 100 });
        await store.host.StartAsync();
        await store.ReadyAsync();
        return store;
    }

    public async Task ReadyAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        await State.WaitReadyAsync(limit.Token);
    }

    /// <summary>SIGKILL, and back when the supervisor has started another.</summary>
    public async Task KillAndWaitAsync()
    {
        var restarts = State.Restarts;
        Kill();
        await UntilAsync(() => State.Restarts > restarts);
        await ReadyAsync();
    }

    public void Kill()
    {
        using var process = Process.GetProcessById(State.ProcessId);
        process.Kill();
    }

    public static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!condition()) await timer.WaitForNextTickAsync(limit.Token);
    }

    internal async Task<long> NumberAsync(string sql, params Bound[] values) => Convert.ToInt64(await Client.ScalarAsync(sql, CancellationToken.None, values));

    public async Task StopAsync()
    {
        if (stopped) return;
        stopped = true;
        await host.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        host.Dispose();
        if (ownsFolder) Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>One store for the tests that only need tenants of their own.</summary>
public sealed class SharedStore : IAsyncLifetime
{
    private static uint tenants = 100;

    public TestStore Value { get; private set; } = null!;

    public static uint NewTenant() => Interlocked.Increment(ref tenants);

    public async ValueTask InitializeAsync() => Value = await TestStore.StartAsync();

    public ValueTask DisposeAsync() => Value.DisposeAsync();
}
