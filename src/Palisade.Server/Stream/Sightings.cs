using System.Runtime.InteropServices;
using System.Text;
using Palisade.Engine;
using Palisade.Protocol;
using Palisade.Server.Sources;

namespace Palisade.Server.Streaming;

/// <summary>Tells the registry which sources sent and which hosts were named in a batch: once a batch each.</summary>
public sealed class Sightings(ISourceRegistry registry)
{
    private readonly Dictionary<uint, long> sources = [];
    private readonly Dictionary<(uint Tenant, string Host), long> hosts = [];
    private (uint Tenant, string Host) last = (0, "");

    /// <summary>Call from one thread, after a batch was parsed.</summary>
    public void Record(EventBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            ref readonly var header = ref batch.Header(i);
            Raise(ref CollectionsMarshal.GetValueRefOrAddDefault(sources, header.Source, out _), header.ReceivedMs);
            var host = batch.Get(i, Fields.HostName);
            if (host.IsEmpty) continue;
            // Events of one host come in a row: its name is made into text once.
            if (header.Tenant != last.Tenant || !Same(host, last.Host)) last = (header.Tenant, Encoding.UTF8.GetString(host));
            Raise(ref CollectionsMarshal.GetValueRefOrAddDefault(hosts, last, out _), header.ReceivedMs);
        }
        foreach (var (source, ms) in sources) registry.Seen(source, DateTimeOffset.FromUnixTimeMilliseconds(ms));
        foreach (var ((tenant, host), ms) in hosts) registry.HostSeen(tenant, host, DateTimeOffset.FromUnixTimeMilliseconds(ms));
        sources.Clear();
        hosts.Clear();
    }

    private static void Raise(ref long kept, long ms) => kept = Math.Max(kept, ms);

    private static bool Same(ReadOnlySpan<byte> utf8, string text) => System.Text.Ascii.Equals(utf8, text);
}
