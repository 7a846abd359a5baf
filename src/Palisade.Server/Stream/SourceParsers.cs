using System.Collections.Concurrent;
using Palisade.Engine;
using Palisade.Server.Sources;

namespace Palisade.Server.Streaming;

/// <summary>The parser each source asks for, remembered for a while so that an edit of the source shows.</summary>
internal sealed class SourceParsers(ISourceRegistry sources, Func<string, short> indexOf, TimeProvider clock) : IParserChoice
{
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<uint, (short Parser, long Until)> known = new();

    public bool TryGet(uint source, out short parser)
    {
        var found = known.TryGetValue(source, out var entry) && clock.GetTimestamp() < entry.Until;
        parser = found ? entry.Parser : RecordInfo.AutoParser;
        return found;
    }

    public async ValueTask<short> LoadAsync(uint source, CancellationToken stop)
    {
        var info = await sources.FindAsync(source, stop);
        var parser = info is null || info.Kind is "" or "auto" ? RecordInfo.AutoParser : indexOf(info.Kind);
        known[source] = (parser, clock.GetTimestamp() + (long)(Remembered.TotalSeconds * clock.TimestampFrequency));
        return parser;
    }
}
