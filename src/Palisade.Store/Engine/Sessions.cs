using System.Collections.Concurrent;
using Palisade.Store.Native;

namespace Palisade.Store.Engine;

/// <summary>Sessions (temporary tables, settings that stay): a connection of its own each, closed when unused.</summary>
internal sealed class Sessions(ConnectionPool pool, TimeProvider clock) : IDisposable
{
    private const int Most = 32;
    private static readonly TimeSpan Unused = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, Session> open = new(StringComparer.Ordinal);

    internal sealed class Session(ChdbConnection connection)
    {
        public ChdbConnection Connection { get; } = connection;
        public SemaphoreSlim Turn { get; } = new(1);
        public long LastUse { get; set; }
    }

    /// <summary>The session of a name with its turn taken; the caller gives the turn back.</summary>
    /// <exception cref="ChdbException">Too many sessions.</exception>
    public async Task<Session> TakeAsync(string name, CancellationToken stop)
    {
        Sweep();
        if (!open.TryGetValue(name, out var session))
        {
            if (open.Count >= Most) throw new ChdbException($"Code: 373. too many sessions: {Most} are open");
            session = open.GetOrAdd(name, new Session(await Task.Run(pool.Open, stop)));
        }
        await session.Turn.WaitAsync(stop);
        session.LastUse = clock.GetTimestamp();
        return session;
    }

    private void Sweep()
    {
        foreach (var (name, session) in open)
        {
            if (clock.GetElapsedTime(session.LastUse) < Unused || !session.Turn.Wait(0)) continue;
            if (open.TryRemove(name, out _)) session.Connection.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var session in open.Values)
            if (session.Turn.Wait(0)) session.Connection.Dispose();
        open.Clear();
    }
}
