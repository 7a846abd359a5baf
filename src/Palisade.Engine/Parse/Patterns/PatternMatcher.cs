using System.Buffers;
using System.Text;
using Palisade.Engine.Parse.KeyValue;
using Palisade.Engine.Parse.Targets;
using Palisade.Engine.Parse.Times;

namespace Palisade.Engine.Parse.Patterns;

/// <summary>What a capture took: a range of the text, for times the instant, and for a separator its byte (0: none is named).</summary>
internal struct Capture
{
    public Target Target;
    public int Start, Length;
    public long TimeMs;
}

/// <summary>Matches one text against compiled patterns. Holds the captures of the last match; reused, allocates nothing.</summary>
internal sealed class PatternMatcher
{
    private const int MaxCaptures = 128;
    private static readonly SearchValues<byte> QuoteOrEscape = SearchValues.Create("\"\\"u8);

    private static ReadOnlySpan<byte> Blanks => " \t\r\n"u8;

    private readonly Capture[] captures = new Capture[MaxCaptures];
    private readonly ((int Place, int Length) Text, ZoneTable? Zone, long Ms, int Length)[] begins = new ((int, int), ZoneTable?, long, int)[(int)TimeFormat.Layout];
    private (int Place, int Length) stampedText;
    private int count;
    private long receivedMs;
    private ZoneTable zone = ZoneTable.Utc;

    /// <summary>Captures of the last successful match, in order.</summary>
    public ReadOnlySpan<Capture> Captures => captures.AsSpan(0, count);

    /// <summary>Bytes that the last <see cref="TryMatchStart"/> took.</summary>
    public int StartLength { get; private set; }

    /// <summary>Forgets what it knows of texts: the next one may lie where one lay before.</summary>
    public void Reset() => Array.Clear(begins);

    /// <summary>True when the pattern fits the whole text; blanks at its end do not count.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="text">The text.</param>
    /// <param name="received">Time of receipt, Unix milliseconds.</param>
    /// <param name="stamps">Zone of stamps that carry none.</param>
    /// <param name="place">Where the text lies, the same for the same text since <see cref="Reset"/>; below 0: nobody knows.</param>
    public bool TryMatch(PatternNode[] pattern, ReadOnlySpan<byte> text, long received, ZoneTable stamps, int place = -1)
    {
        (receivedMs, zone, count) = (received, stamps, 0);
        stampedText = place < 0 ? default : (place, text.Length);
        var at = 0;
        return Sequence(pattern, text, ref at) && text[at..].TrimEnd(Blanks).IsEmpty;
    }

    /// <summary>True when the pattern fits the beginning of the text.</summary>
    public bool TryMatchStart(PatternNode[] pattern, ReadOnlySpan<byte> text, long received, ZoneTable stamps)
    {
        (receivedMs, zone, count, stampedText) = (received, stamps, 0, default);
        var at = 0;
        var fits = Sequence(pattern, text, ref at);
        StartLength = at;
        return fits;
    }

    /// <summary>How far a pattern gets: the number of the part that does not fit, or that of all parts when they fit and only the end of the text is missing.</summary>
    /// <param name="reached">Bytes of the text that the parts before it took.</param>
    public int Furthest(PatternNode[] pattern, ReadOnlySpan<byte> text, long received, ZoneTable stamps, out int reached)
    {
        (receivedMs, zone, count, stampedText) = (received, stamps, 0, default);
        var at = 0;
        for (var i = 0; i < pattern.Length; i++)
        {
            reached = at;
            if (Sequence(pattern[i..(i + 1)], text, ref at)) continue;
            if (pattern[i].Kind == NodeKind.Literal) reached += text[reached..].CommonPrefixLength(pattern[i].Literal);
            return i;
        }
        reached = at;
        return pattern.Length;
    }

    private bool Sequence(PatternNode[] nodes, ReadOnlySpan<byte> text, ref int at)
    {
        foreach (ref readonly var node in nodes.AsSpan())
        {
            switch (node.Kind)
            {
                case NodeKind.Literal:
                    if (!node.Begins(text[at..])) return false;
                    at += node.Size;
                    break;
                case NodeKind.Optional:
                    int before = at, taken = count;
                    if (!Sequence(node.Children, text, ref at)) { at = before; count = taken; }
                    break;
                default:
                    if (!Take(in node, text, ref at)) return false;
                    break;
            }
        }
        return true;
    }

    private bool Take(in PatternNode node, ReadOnlySpan<byte> text, ref int at)
    {
        var left = text[at..];
        int length, after = 0;
        var ms = 0L;
        var target = node.Target;
        switch (node.Takes)
        {
            case CaptureKind.Text:
                length = End(in node, left, false);
                if (length < 0) return false;
                break;
            case CaptureKind.Piped:
                length = UnescapedEnd(in node, left);
                if (length < 0) return false;
                break;
            case CaptureKind.Separator:
                length = PairSyntax.ReadSeparator(left, out var separator);
                if (length < 0) return false;
                ms = separator;
                break;
            case CaptureKind.Padded:
                var whole = End(node, left, false);
                if (whole < 0) return false;
                var pad = whole - left[..whole].TrimStart(Blanks).Length;
                at += pad;
                length = left[pad..whole].TrimEnd(Blanks).Length;
                after = whole - pad - length;
                break;
            case CaptureKind.Last:
                length = End(in node, left, true);
                if (length < 0) return false;
                break;
            case CaptureKind.Rest or CaptureKind.Kv or CaptureKind.Json:
                length = left.Length;
                if (node.Takes == CaptureKind.Json && (length == 0 || left[0] != '{')) return false;
                if (node.Takes == CaptureKind.Kv && target.Words is [var first] && !left.StartsWith(first)) return false;
                break;
            case CaptureKind.String when left.Length > 0 && left[0] == '"':
                at++;
                left = left[1..];
                length = QuotedEnd(left);
                after = length < left.Length ? 1 : 0;
                break;
            case CaptureKind.Word or CaptureKind.Plus or CaptureKind.Endpoint or CaptureKind.Endpoint_Port or CaptureKind.String or CaptureKind.Hex:
                length = WordEnd(in node, left);
                if (length == 0) return false;
                break;
            case CaptureKind.Ip:
                length = WordEnd(in node, left);
                if (length == 0 || !(Endpoint.IsAddress(left[..length]) || (length == 1 && left[0] == '-'))) return false;
                break;
            case CaptureKind.List or CaptureKind.Words or CaptureKind.Forwarded:
                length = End(in node, left, false);
                if (length < 0) return false;
                break;
            case CaptureKind.Chars:
                length = target.Size;
                if (left.Length < length) return false;
                break;
            case CaptureKind.In:
                length = -1;
                foreach (var word in target.Words)
                    if (Ascii.EqualsIgnoreCase(left[..Math.Min(word.Length, left.Length)], word)) { length = word.Length; break; }
                if (length < 0) return false;
                break;
            case CaptureKind.Trim:
                var lead = left.IndexOfAnyExcept(" \t"u8);
                if (lead > 0) { at += lead; left = left[lead..]; }
                length = left.Length;
                break;
            case CaptureKind.Int or CaptureKind.Num or CaptureKind.Seconds or CaptureKind.Ms or CaptureKind.Us:
                while (left.Length > 0 && left[0] == ' ') { left = left[1..]; at++; }        // numbers are padded
                length = Digits(left, node.Takes != CaptureKind.Int);
                if (length == 0) return false;
                break;
            case CaptureKind.Quoted or CaptureKind.Request:
                length = QuotedEnd(in node, left);
                break;
            case CaptureKind.Url:
                length = left.IndexOf((byte)' ');
                if (length < 0) length = left.Length;
                if (node.Ends is [var literal, ..] && literal[0] != ' ' && left[..length].IndexOf(literal) is >= 0 and var stop) length = stop;
                break;
            case CaptureKind.Time:
                if (at == 0 && stampedText.Length > 0 ? !TryBegin(target, left, out ms, out length) : !TryTime(target, left, out ms, out length)) return false;
                break;
            default:
                return false;
        }
        if (count == MaxCaptures) return false;
        captures[count++] = new Capture { Target = target, Start = at, Length = length, TimeMs = ms };
        at += length + after;
        return true;
    }

    private bool TryTime(Target target, ReadOnlySpan<byte> left, out long ms, out int length) =>
        target.Layout is { } layout ? layout.TryRead(left, receivedMs, zone, out ms, out length) : TimeReader.TryRead(target.Time, left, receivedMs, zone, out ms, out length);

    // Of the many patterns that one line is held against, most begin with a time in one of a few forms: each form is read once.
    private bool TryBegin(Target target, ReadOnlySpan<byte> left, out long ms, out int length)
    {
        if (target.Layout is not null) return TryTime(target, left, out ms, out length);
        ref var known = ref begins[(int)target.Time];
        if (known.Text != stampedText || !ReferenceEquals(known.Zone, zone))
        {
            var fits = TryTime(target, left, out ms, out length);
            known = (stampedText, zone, ms, fits ? length : -1);
        }
        (ms, length) = (known.Ms, known.Length);
        return length >= 0;
    }

    private static int WordEnd(in PatternNode node, ReadOnlySpan<byte> left)
    {
        var length = left.IndexOfAny(" \t\n"u8);
        if (length < 0) length = left.Length;
        return node.Ends.Length > 0 && End(in node, left, false) is >= 0 and var end && end < length ? end : length;
    }

    private static int End(in PatternNode node, ReadOnlySpan<byte> left, bool last)
    {
        if (node.End != PatternNode.NoEnd && (last ? left.LastIndexOf((byte)node.End) : left.IndexOf((byte)node.End)) is >= 0 and var only) return only;
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

    // A backslash takes the byte behind it along.
    private static int UnescapedEnd(in PatternNode node, ReadOnlySpan<byte> left)
    {
        for (var at = 0; at <= left.Length;)
        {
            var length = End(in node, left[at..], false);
            if (length < 0) return -1;
            var escape = left.Slice(at, length).IndexOf((byte)'\\');
            if (escape < 0) return at + length;
            at += escape + 2;
        }
        return -1;
    }

    private static int Digits(ReadOnlySpan<byte> left, bool fraction)
    {
        if (left.Length > 0 && left[0] == '-' && (left.Length == 1 || (uint)(left[1] - '0') > 9)) return 1;
        var i = left.Length > 0 && left[0] == '-' ? 1 : 0;
        var first = i;
        while (i < left.Length && ((uint)(left[i] - '0') < 10 || (fraction && i > first && left[i] == '.'))) i++;
        return i == first ? 0 : i;
    }

    // Servers that do not escape quotes write them as they came: the closing one is that behind which the line goes on as it must.
    private static int QuotedEnd(in PatternNode node, ReadOnlySpan<byte> left)
    {
        var first = QuotedEnd(left);
        for (var i = first; i < left.Length;)
        {
            if (Closes(in node, left[i..])) return i;
            var next = QuotedEnd(left[(i + 1)..]);
            if (i + 1 + next >= left.Length) break;
            i += 1 + next;
        }
        return first;
    }

    private static bool Closes(in PatternNode node, ReadOnlySpan<byte> at)
    {
        if (node.Ends.Length == 0 || (node.EndMayBeText && at.Length == 1)) return true;
        foreach (var literal in node.Ends)
            if (at.StartsWith(literal) && (!node.NumberFollows || (at.Length > literal.Length && (at[literal.Length] == '-' || (uint)(at[literal.Length] - '0') < 10)))) return true;
        return false;
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
