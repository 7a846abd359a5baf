using System.Buffers;

namespace Palisade.Engine.Parse.Records;

/// <summary>
/// Cuts a text into records: its lines, and the elements of JSON documents that hold many records (<see cref="ArrayOpening"/>), each as it stands, on one line or
/// on many. Pure, holds a few bytes of state and no text; give it the text again from where it was used up. Nothing is lost: what does not go on as an array is read as lines.
/// </summary>
public struct RecordCutter
{
    private const int MaxDepth = 1 << 20, MaxTail = 64 << 10, FarthestBack = 4096;
    private static readonly SearchValues<byte> InString = SearchValues.Create("\"\\\n"u8), Structure = SearchValues.Create("\"{}[]"u8), ScalarEnd = SearchValues.Create(",] \t\r\n"u8);

    private enum Phase : byte { Line, InLine, Element, Between, Comma, Closed, Tail, Over }

    private Phase phase;
    private bool inString, escaped, dropped;
    private int depth, scanned;

    /// <summary>The last record was an element of an array, not a line.</summary>
    public bool WasElement { get; private set; }

    /// <summary>At the begin of a line or within one, not in a document.</summary>
    public readonly bool IsInLines => phase is Phase.Line or Phase.InLine;

    /// <summary>The state behind a record, which its last byte tells: a line ends with its feed, an element does not.</summary>
    public static RecordCutter Behind(byte last) => last == '\n' ? default : new RecordCutter { phase = Phase.Between };

    /// <summary>Cuts off the next record. False: more text is needed, or there is none when it has ended.</summary>
    /// <param name="text">What is not used up.</param>
    /// <param name="ended">Nothing follows the text.</param>
    /// <param name="start">Where the record begins.</param>
    /// <param name="length">Its bytes; of a line without its feed.</param>
    /// <param name="used">Bytes that are done with, also when more is needed.</param>
    public bool TryCut(ReadOnlySpan<byte> text, bool ended, out int start, out int length, out int used)
    {
        (start, length, used) = (0, 0, 0);
        while (used < text.Length)
        {
            var rest = text[used..];
            switch (phase)
            {
                case Phase.Line:
                    var opens = ArrayOpening.Look(rest, ended, out var opening);
                    if (opens == ArrayLook.NeedMore) return false;
                    phase = opens == ArrayLook.Yes ? Phase.Element : Phase.InLine;
                    used += opening;
                    break;
                case Phase.InLine:
                    var end = rest.IndexOf((byte)'\n');
                    if (end < 0 && !ended) return false;
                    (start, length) = (used, end < 0 ? rest.Length : end);
                    used += end < 0 ? length : end + 1;
                    (phase, WasElement, dropped) = (Phase.Line, false, false);
                    return true;
                case Phase.Element:
                    var size = Element(rest);
                    if (size < 0 || (size == 0 && ended)) { Break(); break; }
                    if (size == 0) return false;
                    (start, length) = (used, size);
                    used += size;
                    Rest();
                    (phase, WasElement) = (Phase.Between, true);
                    return true;
                default:
                    if (!Outside(rest, ended, ref used)) return false;
                    break;
            }
        }
        return false;
    }

    /// <summary>Goes on behind text that a caller threw away unread, because a record is longer than it may be: the rest of that record comes as a record.</summary>
    public void Drop()
    {
        scanned = 0;
        dropped = true;
    }

    /// <summary>Between elements, and behind the last one. False: more text is needed.</summary>
    private bool Outside(ReadOnlySpan<byte> rest, bool ended, ref int used)
    {
        if (phase == Phase.Tail)
        {
            var size = Scan(rest);
            if (size > 0) { used += size; Rest(); phase = Phase.Over; return true; }
            if (size < 0 || ended || scanned > MaxTail) { Break(); return true; }
            return false;
        }
        var blank = rest.IndexOfAnyExcept(" \t\r\n"u8);
        used += blank < 0 ? rest.Length : blank;
        if (blank < 0) return true;
        var next = rest[blank];
        switch (phase)
        {
            case Phase.Between when next == ',': phase = Phase.Comma; used++; break;
            case Phase.Between or Phase.Comma when next == ']': phase = Phase.Closed; used++; break;
            case Phase.Comma when next != ',': phase = Phase.Element; break;
            case Phase.Closed when next == '}': phase = Phase.Over; used++; break;
            case Phase.Closed when next == ',': (phase, depth) = (Phase.Tail, 1); used++; break;
            case Phase.Closed or Phase.Over: phase = Phase.Line; break;
            default: Break(); break;
        }
        return true;
    }

    // Not as an array goes on: lines, from here.
    private void Break()
    {
        Rest();
        phase = Phase.InLine;
    }

    private void Rest() => (depth, scanned, inString, escaped, dropped) = (0, 0, false, false, false);

    /// <summary>Bytes of the element that the text begins with; 0: it does not end here; below 0: it is none.</summary>
    private int Element(ReadOnlySpan<byte> text)
    {
        if (depth > 0 || inString || text[0] is (byte)'{' or (byte)'[' or (byte)'"') return Scan(text);
        var end = text.IndexOfAny(ScalarEnd);
        return end > 0 ? end : end < 0 ? 0 : -1;
    }

    /// <summary>Goes on to the end of the value or object at hand.</summary>
    private int Scan(ReadOnlySpan<byte> text)
    {
        for (var at = scanned; at < text.Length; at++)
        {
            if (escaped) { escaped = false; continue; }
            var found = text[at..].IndexOfAny(inString ? InString : Structure);
            if (found < 0) break;
            at += found;
            switch (text[at])
            {
                case (byte)'\n': return -1;                        // no JSON text holds one: the line was cut off
                case (byte)'\\': escaped = true; break;
                case (byte)'"' when inString: inString = false; break;
                case (byte)'"': if (!MayBegin(text, at)) return -1; inString = true; break;
                case (byte)'{' or (byte)'[': if (!MayBegin(text, at) || ++depth > MaxDepth) return -1; break;
                default: if (--depth < 0) return -1; break;
            }
            if (depth == 0 && !inString && !escaped) return at + 1;
        }
        scanned = text.Length;
        return 0;
    }

    // A value stands behind one of these: what does not is a sign that the text was cut off before.
    private readonly bool MayBegin(ReadOnlySpan<byte> text, int at)
    {
        var before = text[Math.Max(0, at - FarthestBack)..at].TrimEnd(" \t\r\n"u8);
        return before.IsEmpty ? at == 0 || dropped || at >= FarthestBack || phase == Phase.Tail : before[^1] is (byte)':' or (byte)',' or (byte)'[' or (byte)'{';
    }
}
