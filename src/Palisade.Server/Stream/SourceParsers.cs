using System.Collections.Concurrent;
using Palisade.Engine;
using Palisade.Server.Sources;

namespace Palisade.Server.Streaming;

/// <summary>How each source is to be read, remembered for a while so that an edit of the source shows.</summary>
internal sealed class SourceParsers(ISourceRegistry sources, LiveParsers parsers, TimeProvider clock) : IParserChoice
{
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<uint, (SourceReading Reading, long Until)> known = new();

    public bool TryGet(uint source, out SourceReading reading)
    {
        var found = known.TryGetValue(source, out var entry) && clock.GetTimestamp() < entry.Until;
        reading = found ? entry.Reading : SourceReading.Auto;
        return found;
    }

    public async ValueTask<SourceReading> LoadAsync(uint source, CancellationToken stop)
    {
        var info = await sources.FindAsync(source, stop);
        var parser = info is null || info.Kind is "" or "auto" ? RecordInfo.AutoParser : parsers.Current.IndexOf(info.Tenant, info.Kind);
        var reading = new SourceReading(parser, info is { Zone.Length: > 0 } ? Zones.Find(info.Zone) : null);
        known[source] = (reading, clock.GetTimestamp() + (long)(Remembered.TotalSeconds * clock.TimestampFrequency));
        return reading;
    }
}
