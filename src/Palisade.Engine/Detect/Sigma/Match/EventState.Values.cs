using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>What the values of an event hold: from memory where they were met before, else by a scan.</summary>
/// <remarks>
/// A long value that comes for the first time is looked at line by line, as long ones repeat in their lines rather than as a whole (the
/// context of a command, a stack). No literal of its plan holds a line feed, so each lies within one line; a piece takes the line feeds at
/// both its ends along, so that what has to lie at an end of the value is not found at the end of a line:
/// <code>
///   Host = a\nUser = b\nPath = c      Host = a\n | \nUser = b\n | \nPath = c
/// </code>
/// </remarks>
internal sealed partial class EventState
{
    /// <summary>Values of so many bytes are looked at line by line when they come for the first time; those of more always.</summary>
    private const int ByLine = 256, AtOnceByLine = 4096;
    /// <summary>Bytes of a piece, if it is not the last, at the least: a look-up for less costs more than a scan.</summary>
    private const int Piece = 64;

    /// <summary>A value was added to the event; 64 bytes may be read from its begin and behind its end.</summary>
    /// <param name="escapes">It is still written with JSON's escapes.</param>
    /// <returns>The number of what is in it, for <see cref="Again"/>; negative where it has none.</returns>
    public int Look(FieldPlan plan, ref byte value, int length, bool escapes)
    {
        NewSlot(plan.Present, escapes);
        var scan = keywordsInValues ? plan.WithKeywords : plan.Own;
        if (length < scan.MinLength) return 0;
        if (length <= Codes.Max && Codes.Is(ref value, length) && !scan.Codes.MayHold(ref value, length)) return 0;
        return Find(scan, ref value, length, slots - 1, escapes);
    }

    // What lies in a value of a slot: its number, negative where it has none.
    private int Find(ScanPlan scan, ref byte value, int length, int slot, bool escapes, bool piece = false)
    {
        if (length > AtOnceByLine && !piece && Lines(scan, ref value, length, slot, escapes)) return ValueMemo.Miss;
        var (hash, again) = (0UL, false);
        if (length <= ValueMemo.MaxValue)
        {
            var known = memo.Find((uint)scan.Number * 2 + (escapes ? 1u : 0), MemoryMarshal.CreateReadOnlySpan(ref value, length), out hash);
            if (known > 0) Note(known, slot);
            if (known >= 0) return known;
            again = length < ByLine || memo.CameBefore(hash);
        }
        if (length is >= ByLine and <= AtOnceByLine && !again && !piece && Lines(scan, ref value, length, slot, escapes)) return ValueMemo.Miss;
        var number = Scan(scan, ref value, length, slot, escapes);
        if (again && number >= 0) memo.Add(hash, MemoryMarshal.CreateReadOnlySpan(ref value, length), number);
        return number;
    }

    // The number of what was found; negative where it has none.
    private int Scan(ScanPlan scan, ref byte value, int length, int slot, bool escapes)
    {
        var plain = MemoryMarshal.CreateReadOnlySpan(ref value, length);
        if (escapes)
        {
            if (unescaped.Length < length + JsonText.Slack) unescaped = new byte[(length + JsonText.Slack) * 2];
            plain = unescaped.AsSpan(0, JsonText.Unescape(ref value, length, ref unescaped[0]));
        }
        found.Clear();
        found.Scan(scan, plain);
        var number = sets.Of(found);
        if (number > 0) Note(number, slot);
        else if (number == FoundSets.None)
        {
            settled = true;
            Apply(found.Exact, found.Possible, found.Woken, slot);
        }
        return number;
    }

    // False where there is nothing to part the value at.
    private bool Lines(ScanPlan scan, ref byte value, int length, int slot, bool escapes)
    {
        if (!scan.LineByLine) return false;
        var feed = escapes ? 2 : 1;
        int start = 0, at = LineFeed(ref value, 0, length, escapes);
        if (at == length) return false;
        while (true)
        {
            while (at < length && at - start < Piece) at = LineFeed(ref value, at + feed, length, escapes);
            Find(scan, ref Unsafe.Add(ref value, start), Math.Min(at + feed, length) - start, slot, escapes, piece: true);
            if (at == length) return true;
            start = at;
        }
    }

    // Where the next line feed is written, or the end.
    private static int LineFeed(ref byte value, int from, int length, bool escapes)
    {
        if (escapes) return JsonText.LineFeed(ref value, from, length);
        var at = MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref value, from), length - from).IndexOf((byte)'\n');
        return at < 0 ? length : from + at;
    }
}
