using System.Collections.Concurrent;
using System.Threading.Channels;
using Palisade.Protocol;

namespace Palisade.Server.Alerts;

/// <summary>An alert that is new or changed.</summary>
public readonly record struct AlertChange(uint Tenant, string AlertId, bool IsNew, FindingLevel Level);

/// <summary>
/// Tells the console what changed, at once. A listener that falls behind loses the oldest notices, never the others
/// their speed; it re-reads the list anyway.
/// </summary>
public sealed class AlertFeed
{
    private const int Capacity = 256;
    private readonly ConcurrentDictionary<Guid, (uint Tenant, Channel<AlertChange> Channel)> listeners = new();

    /// <summary>Changes of one tenant's alerts from now on; dispose to stop.</summary>
    public AlertSubscription Subscribe(uint tenant)
    {
        var channel = Channel.CreateBounded<AlertChange>(new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        var id = Guid.CreateVersion7();
        listeners[id] = (tenant, channel);
        return new AlertSubscription(channel.Reader, () => { if (listeners.TryRemove(id, out var gone)) gone.Channel.Writer.TryComplete(); });
    }

    public void Publish(IReadOnlyList<AlertChange> changes)
    {
        if (changes.Count == 0 || listeners.IsEmpty) return;
        foreach (var (tenant, channel) in listeners.Values)
        {
            foreach (var change in changes)
            {
                if (change.Tenant == tenant) channel.Writer.TryWrite(change);
            }
        }
    }
}

/// <summary>One listener's view of the feed.</summary>
public sealed class AlertSubscription(ChannelReader<AlertChange> reader, Action leave) : IDisposable
{
    public ChannelReader<AlertChange> Changes { get; } = reader;
    public void Dispose() => leave();
}
