using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Palisade.Server.Incidents;

/// <summary>Tells the console that incidents of a tenant changed; whoever listens reads them again.</summary>
public sealed class IncidentFeed
{
    private readonly ConcurrentDictionary<Guid, (uint Tenant, Channel<bool> Channel)> listeners = new();

    /// <summary>Notices from now on, at most one waits; dispose to stop.</summary>
    public IncidentSubscription Subscribe(uint tenant)
    {
        var channel = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
        var id = Guid.CreateVersion7();
        listeners[id] = (tenant, channel);
        return new IncidentSubscription(channel.Reader, () => { if (listeners.TryRemove(id, out var gone)) gone.Channel.Writer.TryComplete(); });
    }

    public void Publish(IEnumerable<uint> changed)
    {
        if (listeners.IsEmpty) return;
        var set = changed.ToHashSet();
        foreach (var (tenant, channel) in listeners.Values)
            if (set.Contains(tenant)) channel.Writer.TryWrite(true);
    }
}

/// <summary>One listener's view of the feed.</summary>
public sealed class IncidentSubscription(ChannelReader<bool> reader, Action leave) : IDisposable
{
    public ChannelReader<bool> Changes { get; } = reader;
    public void Dispose() => leave();
}
