using System.Threading.Channels;
using Palisade.Store.Native;

namespace Palisade.Store.Engine;

/// <summary>
/// Connections opened at start, handed out one statement at a time, plus one of its own for KILL QUERY. A connection whose
/// settings could not be put back is closed and replaced, never reused.
/// </summary>
internal sealed class ConnectionPool : IDisposable
{
    private readonly Channel<ChdbConnection> idle = Channel.CreateUnbounded<ChdbConnection>();
    private readonly string[] arguments;
    private readonly ChdbConnection killer;
    private readonly SemaphoreSlim killing = new(1);
    private int opened;

    public ConnectionPool(StoreHostOptions options)
    {
        arguments = options.Config is { } config ? ["--path=" + options.Path, "--config-file=" + config] : ["--path=" + options.Path];
        killer = Open();
        for (var i = 0; i < options.Connections; i++) idle.Writer.TryWrite(Open());
        opened = options.Connections;
        using var version = killer.Query("SELECT version()"u8, "TabSeparated", []);
        Version = System.Text.Encoding.UTF8.GetString(version.Data).Trim();
    }

    public string Version { get; }

    public ChdbConnection Open() => ChdbConnection.Open(arguments);

    public ValueTask<ChdbConnection> TakeAsync(CancellationToken stop) => idle.Reader.ReadAsync(stop);

    public void Return(ChdbConnection connection, bool clean)
    {
        if (!clean)
        {
            connection.Dispose();
            connection = Open();
        }
        idle.Writer.TryWrite(connection);
    }

    /// <summary>Stops the statement that carries a mark. False when the engine refused.</summary>
    public async Task<bool> KillAsync(QueryMark mark)
    {
        await killing.WaitAsync();
        try
        {
            await Task.Run(() => killer.Execute($"KILL QUERY WHERE query LIKE '%{mark.Text}%' AND query NOT LIKE 'KILL%' ASYNC"));
            return true;
        }
        catch (ChdbException)
        {
            return false;
        }
        finally
        {
            killing.Release();
        }
    }

    /// <summary>Stops every statement and waits until all connections are back, or time is up. True when they are.</summary>
    public async Task<bool> DrainAsync(CancellationToken stop)
    {
        await killing.WaitAsync(CancellationToken.None);
        try { await Task.Run(() => killer.Execute("KILL QUERY WHERE query NOT LIKE 'KILL%' ASYNC"), CancellationToken.None); }
        catch (ChdbException) { /* nothing was running, or it ended meanwhile: the wait below tells */ }
        finally { killing.Release(); }
        try
        {
            for (; opened > 0; opened--) (await idle.Reader.ReadAsync(stop)).Dispose();
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        killer.Dispose();
        killing.Dispose();
    }
}
