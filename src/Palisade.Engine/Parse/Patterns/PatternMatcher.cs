using System.Buffers;
using Palisade.Engine.Parse.Times;

namespace Palisade.Engine.Parse.Patterns;

/// <summary>What a capture took: a range of the text, and for times the instant.</summary>
internal struct Capture
{
    public PatternNode Node;
    public int Start, Length;
    public long TimeMs;
}

/// <summary>Matches one text against compiled patterns. Holds the captures of the last match; reused, allocates nothing.</summary>
internal sealed class PatternMatcher
{
    private const int MaxCaptures = 128;
    private static readonly SearchValues<byte> QuoteOrEscape = SearchValues.Create("\"\\"u8);

    private readonly Capture[] captures = new Capture[MaxCaptures];
    private int count;
    private long receivedMs;
    private int zoneMinutes;

    /// <summary>Captures of the last successful match, in order.</summary>
    public ReadOnlySpan<Capture> Captures => captures.AsSpan(0, count);

    /// <summary>True when the pattern fits the whole text; blanks at its end do not count.</summary>
    public bool TryMatch(PatternNode[] pattern, ReadOnlySpan<byte> text, long received, int zone)
    {
        receivedMs = received;
        zoneMinutes = zone;
        count = 0;
        var at = 0;
        return Sequence(pattern, text, ref at) && text[at..].TrimEnd(" \t\r\n"u8).IsEmpty;
    }

    private bool Sequence(PatternNode[] nodes, ReadOnlySpan<byte> text, ref int at)
    {
        foreach (var node in nodes)
        {
            switch (node.Kind)
            {
                case NodeKind.Literal:
                    if (!text[at..].StartsWith(node.Literal)) return false;
                    at += node.Literal.Length;
                    break;
                case NodeKind.Optional:
                    int before = at, taken = count;
                    if (!Sequence(node.Children, text, ref at)) { at = before; count = taken; }
                    break;
                default:
                    if (!Take(node, text, ref at)) return false;
                    break;
            }
        }
        return true;
    }

    private bool Take(PatternNode node, ReadOnlySpan<byte> text, ref int at)
    {
        var left = text[at..];
        int length;
        var ms = 0L;
        switch (node.Capture)
        {
            case CaptureKind.Text:
                length = End(node, left, false);
                if (length < 0) return false;
                break;
            case CaptureKind.Last:
                length = End(node, left, true);
                if (length < 0) return false;
                break;
            case CaptureKind.Rest:
                length = left.Length;
                break;
            case CaptureKind.Word or CaptureKind.Endpoint or CaptureKind.EndpointPort:
                length = left.IndexOfAny((byte)' ', (byte)'\t');
                if (length < 0) length = left.Length;
                if (node.Ends.Length > 0 && End(node, left, false) is >= 0 and var end && end < length) length = end;
                if (length == 0) return false;
                break;
            case CaptureKind.Int or CaptureKind.Number or CaptureKind.Seconds:
                length = Digits(left, node.Capture != CaptureKind.Int);
                if (length == 0) return false;
                break;
            case CaptureKind.Quoted or CaptureKind.Request:
                length = QuotedEnd(left);
                break;
            case CaptureKind.Url:
                length = left.IndexOf((byte)' ');
                if (length < 0) length = left.Length;
                if (node.Ends is [var literal, ..] && literal[0] != ' ' && left[..length].IndexOf(literal) is >= 0 and var stop) length = stop;
                break;
            case CaptureKind.Time:
                if (!TimeReader.TryRead(node.Time, left, receivedMs, zoneMinutes, out ms, out length)) return false;
                break;
            default:
                return false;
        }
        if (count == MaxCaptures) return false;
        captures[count++] = new Capture { Node = node, Start = at, Length = length, TimeMs = ms };
        at += length;
        return true;
    }

    private static int End(PatternNode node, ReadOnlySpan<byte> left, bool last)
    {
        if (node.Ends.Length == 0) return left.Length;
        var best = -1;
        foreach (var literal in node.Ends)
        {
            var found = last ? left.LastIndexOf(literal) : left.IndexOf(literal);
            if (found >= 0 && (best < 0 || (last ? found > best : found < best))) best = found;
        }
        // What may follow is optional to the end: then the capture may also take all that is left.
        return best >= 0 ? best : node.EndMayBeText ? left.Length : -1;
    }

    private static int Digits(ReadOnlySpan<byte> left, bool fraction)
    {
        if (left.Length > 0 && left[0] == '-' && (left.Length == 1 || (uint)(left[1] - '0') > 9)) return 1;
        var i = left.Length > 0 && left[0] == '-' ? 1 : 0;
        var first = i;
        while (i < left.Length && ((uint)(left[i] - '0') < 10 || (fraction && i > first && left[i] == '.'))) i++;
        return i == first ? 0 : i;
    }

    // Up to the next quote that no backslash escapes; the end of the text when the line was cut.
    private static int QuotedEnd(ReadOnlySpan<byte> left)
    {
        var i = 0;
        while (true)
        {
            var next = left[i..].IndexOfAny(QuoteOrEscape);
            if (next < 0) return left.Length;
            i += next;
            if (left[i] == '"') return i;
            i = Math.Min(i + 2, left.Length);
        }
    }
}
