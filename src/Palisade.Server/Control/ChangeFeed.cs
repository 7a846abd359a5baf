using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Palisade.Server.Control;

/// <summary>What people watch while it changes.</summary>
public enum Topic { Alerts, Incidents }

/// <summary>Tells open pages that something of a tenant changed; whoever follows reads it again.</summary>
public sealed class ChangeFeed(TimeProvider clock)
{
    /// <summary>Between two readings of one follower, at least.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<Channel<bool>, (Topic Topic, uint Tenant)> followers = new();

    public int Followers => followers.Count;

    public void Publish(Topic topic, params IEnumerable<uint> tenants)
    {
        if (followers.IsEmpty) return;
        var changed = tenants.ToHashSet();
        foreach (var (notice, of) in followers)
            if (of.Topic == topic && changed.Contains(of.Tenant)) notice.Writer.TryWrite(true);
    }

    /// <summary>
    /// Calls <paramref name="read"/> after changes from now on, at most once a second, and returns when it is stopped.
    /// One notice waits at most, so that a slow reader holds up nobody and misses nothing. What <paramref name="read"/> throws ends it.
    /// </summary>
    public async Task FollowAsync(Topic topic, uint tenant, Func<Task> read, CancellationToken stop)
    {
        var notice = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
        followers[notice] = (topic, tenant);
        try
        {
            while (await notice.Reader.WaitToReadAsync(stop))
            {
                notice.Reader.TryRead(out _);
                await read();
                await Task.Delay(Pause, clock, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Whoever followed has left.
        }
        finally
        {
            followers.TryRemove(notice, out _);
        }
    }
}
