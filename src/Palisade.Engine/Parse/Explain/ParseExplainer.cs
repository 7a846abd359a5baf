using System.Text;
using Palisade.Engine.Parse.Patterns;
using Palisade.Engine.Parse.Times;
using Palisade.Protocol;

namespace Palisade.Engine.Parse.Explain;

/// <summary>Reads records one at a time and says how. For people, not for streams: it allocates. One instance a thread.</summary>
public sealed class ParseExplainer
{
    private const int MaxShown = 60;
    private readonly ParserSet set;
    private readonly Parser parser;
    private readonly Normalise.Normaliser normaliser = new();
    private readonly EventBatch batch = new();
    private readonly PatternMatcher matcher = new();
    private readonly ParseTrail trail = new();

    public ParseExplainer(ParserSet set)
    {
        this.set = set;
        parser = new Parser(set) { Trail = trail };
    }

    /// <summary>Reads a record as the pipeline would. Records of one stream go to one explainer, in order: a header line names the columns of those after it.</summary>
    public Explanation Explain(in RecordInfo info, ReadOnlySpan<byte> raw)
    {
        batch.Clear();
        trail.Clear();
        parser.Parse(info, raw, batch);
        normaliser.Normalise(batch);
        ref readonly var header = ref batch.Header(0);
        var read = header.Refusal == ParseRefusal.None;
        return new Explanation(
            read ? set.NameOf(header.Parser) : "", info.Parser < 0, header.Refusal, read ? [.. trail.Steps] : [], read ? Fields() : [], Nearest(info, raw));
    }

    private List<ExplainedField> Fields()
    {
        ref readonly var header = ref batch.Header(0);
        var fields = new List<ExplainedField>();
        if ((header.Flags & EventFlags.NoTime) == 0)
            fields.Add(Field(Protocol.Fields.Timestamp, DateTimeOffset.FromUnixTimeMilliseconds(header.TimeMs).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture), -1, 0));
        for (var slot = 0; slot < header.SlotCount; slot++)
        {
            var id = batch.FieldIds(0)[slot];
            if (id == Protocol.Fields.Timestamp) continue;
            var (offset, length) = batch.RangeAt(0, slot);
            fields.Add(Field(id, Encoding.UTF8.GetString(batch.ValueAt(0, slot)), offset, length));
        }
        return fields;
    }

    private ExplainedField Field(ushort id, string value, int offset, int length)
    {
        var name = FieldNames.Name(id);
        ref readonly var header = ref batch.Header(0);
        if (length > 0 && offset >= header.RawOffset && offset + length <= header.RawOffset + header.RawLength) return new(name, value, value, offset - header.RawOffset);
        // Read and changed: the capture still knows the bytes.
        foreach (var (field, start, n) in trail.Captures)
        {
            if (field != id || n <= 0) continue;
            var inside = start >= header.RawOffset && start + n <= header.RawOffset + header.RawLength;
            return new(name, value, Encoding.UTF8.GetString(batch.Bytes(start, n)), inside ? start - header.RawOffset : -1);
        }
        return new(name, value, null, -1);
    }

    private NearMiss? Nearest(in RecordInfo info, ReadOnlySpan<byte> raw)
    {
        ref readonly var header = ref batch.Header(0);
        var zone = info.Zone ?? ZoneTable.Utc;
        if (header.Refusal is ParseRefusal.UnknownFormat or ParseRefusal.Malformed)
            return Furthest(info.Parser >= 0 ? Family(info.Parser) : set.Detected, raw.TrimEnd("\r\n\0 \t"u8), info.ReceivedMs, zone);
        if (header.Refusal != ParseRefusal.None || header.Parser != set.Syslog) return null;
        // A frame whose message nobody reads: the source of its program is the one to look at.
        var program = set.ForProgram(batch.Get(0, Protocol.Fields.ProcessName));
        return program < 0 ? null : Furthest(Family(program), batch.Get(0, Protocol.Fields.Message), info.ReceivedMs, zone);
    }

    private IEnumerable<short> Family(short source) => set[source].Also.Select(set.IndexOf).Where(i => i >= 0).Prepend(source);

    private NearMiss? Furthest(IEnumerable<short> sources, ReadOnlySpan<byte> text, long receivedMs, ZoneTable zone)
    {
        NearMiss? best = null;
        var least = 0;
        foreach (var index in sources)
        {
            var source = set[index];
            foreach (var pattern in source.Patterns)
            {
                var stopped = matcher.Furthest(pattern.Nodes, text, receivedMs, zone, out var at);
                // A pattern for what stands inside other records may well fit: it is not tried on a whole line.
                if (stopped == pattern.Nodes.Length && text[at..].Trim(" \t\r\n"u8).IsEmpty) continue;
                if (at < least || (at == least && best is not null) || at == 0) continue;
                least = at;
                best = new NearMiss(source.Name, pattern.Id, at, stopped == pattern.Nodes.Length ? "the end of the line" : Say(pattern.Nodes[stopped]), Encoding.UTF8.GetString(text[at..Math.Min(text.Length, at + MaxShown)]));
            }
        }
        return best;
    }

    private static string Say(PatternNode node)
    {
        if (node.Kind == NodeKind.Literal) return $"'{Encoding.UTF8.GetString(node.Literal)}'";
        var kind = node.Target.Kind == Targets.CaptureKind.Time ? node.Target.Time.ToString() : node.Target.Kind.ToString();
        var name = node.Target.Field == 0 ? "-" : FieldNames.Name(node.Target.Field);
        var words = node.Target.Kind == Targets.CaptureKind.In ? " " + string.Join('|', node.Target.Words.Select(Encoding.UTF8.GetString)) : "";
        var ends = node.Ends.Length == 0 ? "" : " up to " + string.Join(" or ", node.Ends.Select(e => $"'{Encoding.UTF8.GetString(e)}'"));
        return node.Target.Kind == Targets.CaptureKind.Text ? $"%{{{name}}}{ends}" : $"%{{{name}:{kind.ToLowerInvariant()}{words}}}{ends}";
    }
}
