using System.Text;
using Palisade.Engine.Parse.Patterns;
using Palisade.Protocol;

namespace Palisade.Engine.Parse.Own;

/// <summary>A field of a line that was tried.</summary>
/// <param name="Start">Where its value stands in the line, UTF-16 units; -1 when it is made, not read.</param>
/// <param name="Length">Units; 0 when it is made.</param>
public sealed record TrialField(string Name, string Value, int Start, int Length);

/// <summary>What became of a line.</summary>
/// <param name="Pattern">Id of the pattern that fits; empty: none, or the format has none.</param>
/// <param name="Reached">Where the pattern that came farthest did not fit any more, UTF-16 units; -1 when the line was read.</param>
/// <param name="Expected">What that pattern wanted there.</param>
public sealed record TrialLine(bool IsRead, string Pattern, ParseRefusal Refusal, long TimeMs, bool HasTime, IReadOnlyList<TrialField> Fields, int Reached, string Expected);

/// <summary>Reads lines by a source that is being written. Nothing is kept.</summary>
public static class ParserTrial
{
    private const uint Tenant = 1;

    /// <param name="set">The sources in force: the tried one may name them under <c>also</c> and <c>parse</c>.</param>
    /// <param name="receivedMs">Gives the year to stamps without one, Unix milliseconds.</param>
    public static IReadOnlyList<TrialLine> Run(ParserSet set, OwnSource source, IReadOnlyList<string> lines, long receivedMs)
    {
        var tried = set.With(Tenant, [source]);
        var parser = new Parser(tried);
        var index = tried.IndexOf(Tenant, source.Name);
        var batch = new EventBatch();
        var found = new List<TrialLine>(lines.Count);
        foreach (var line in lines)
        {
            batch.Clear();
            parser.Parse(new RecordInfo(1, receivedMs, Tenant, 0, index), Encoding.UTF8.GetBytes(line), batch);
            found.Add(Line(parser, source, batch, receivedMs));
        }
        return found;
    }

    private static TrialLine Line(Parser parser, OwnSource source, EventBatch batch, long receivedMs)
    {
        ref readonly var header = ref batch.Header(0);
        var isRead = header.Refusal is ParseRefusal.None or ParseRefusal.Empty;
        var hasTime = (header.Flags & EventFlags.NoTime) == 0;
        if (!isRead)
        {
            var (reached, expected) = Farthest(source.Definition, batch.Raw(0), receivedMs);
            return new TrialLine(false, "", header.Refusal, header.TimeMs, hasTime, [], reached, expected);
        }
        var fields = new List<TrialField>();
        for (var slot = 0; slot < header.SlotCount; slot++)
        {
            if (batch.FieldIds(0)[slot] is var id && id == 0) continue;
            var (offset, length) = batch.RangeAt(0, slot);
            var isInside = offset >= header.RawOffset && length > 0 && offset + length <= header.RawOffset + header.RawLength;
            var start = isInside ? Encoding.UTF8.GetCharCount(batch.Bytes(header.RawOffset, offset - header.RawOffset)) : -1;
            var value = Encoding.UTF8.GetString(batch.ValueAt(0, slot));
            fields.Add(new TrialField(FieldNames.Name(id), value, start, isInside ? value.Length : 0));
        }
        return new TrialLine(true, parser.MatchedPattern, header.Refusal, header.TimeMs, hasTime, fields, -1, "");
    }

    // Of each pattern the longest beginning that fits; of all of them the one that came farthest.
    private static (int Reached, string Expected) Farthest(SourceDefinition source, ReadOnlySpan<byte> line, long receivedMs)
    {
        var (best, expected) = (-1, "");
        var matcher = new PatternMatcher();
        foreach (var pattern in source.Patterns)
        {
            var nodes = pattern.Nodes;
            for (var take = nodes.Length; take >= 0; take--)
            {
                if (!matcher.TryMatchStart(nodes[..take], line, receivedMs, source.Zone)) continue;
                var end = End(matcher, nodes.AsSpan(0, take), line);
                if (end > best) (best, expected) = (end, take < nodes.Length ? Say(nodes[take]) : "the end of the line");
                break;
            }
        }
        return (best < 0 ? 0 : Encoding.UTF8.GetCharCount(line[..best]), expected);
    }

    private static int End(PatternMatcher matcher, ReadOnlySpan<PatternNode> nodes, ReadOnlySpan<byte> line)
    {
        var captures = matcher.Captures;
        var end = captures.Length == 0 ? 0 : captures[^1].Start + captures[^1].Length;
        var from = nodes.Length;
        while (from > 0 && nodes[from - 1].Kind == NodeKind.Literal) from--;
        for (var i = from; i < nodes.Length; i++)
            if (line[end..].IndexOf(nodes[i].Literal) is >= 0 and var at) end += at + nodes[i].Literal.Length;
        return Math.Min(end, line.Length);
    }

    private static string Say(PatternNode node) => node.Kind switch
    {
        NodeKind.Literal => Encoding.UTF8.GetString(node.Literal),
        NodeKind.Optional => "[?…?]",
        _ => $"%{{{(node.Target.Field == 0 ? "-" : node.Target.IsEventTime ? FieldNames.Name(Fields.Timestamp) : FieldNames.Name(node.Target.Field))}:{(node.Target.Kind == Targets.CaptureKind.Time ? node.Target.Time.ToString() : node.Target.Kind.ToString()).ToLowerInvariant()}}}",
    };
}
