using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Palisade.Engine.Parse.Times;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// Reads JSON events, flat or nested, into a batch, for rules alone: nested names are joined by dots, a list's items are several values,
/// and only fields that a rule or correlation of the set names are kept (all, when the set has keyword rules). The raw record is left
/// empty, so keywords look at values. Takes exactly what RFC 8259 allows; text that is no UTF-8 is kept as it is, half a surrogate pair
/// becomes U+FFFD. Allocates nothing in the steady state. One instance a thread.
/// </summary>
/// <remarks>
/// One pass. The line is copied to the arena with room behind it, so 64 bytes can be read and written at any place without asking:
/// <code>
///   | line … | 0 | 64 bytes nobody reads | unescaped values … | 64 bytes overshoot |
/// </code>
/// A string without escapes is a slice of the line.
/// </remarks>
public sealed class JsonEventReader(RuleSet rules)
{
    /// <summary>Deepest nesting taken.</summary>
    public const int MaxDepth = 64;
    private const int MaxName = 4096;

    private readonly FieldNameTable names = new();
    private readonly byte[] path = new byte[MaxName];
    private readonly bool all = rules.Indexes[0] is not null || rules.HasFieldlessAtoms;
    private readonly ushort timestamp = FieldNames.GetOrAdd("@timestamp"), otherTimestamp = FieldNames.GetOrAdd("timestamp");
    private long clock;

    // the line being read
    private EventBatch batch = null!;
    private int lineOffset, unescapedOffset;

    /// <summary>Adds one event. Its time is <c>@timestamp</c> or <c>timestamp</c>; without one, the latest time seen.</summary>
    /// <returns>None, or why the line is refused; nothing is added then.</returns>
    public ParseRefusal Add(EventBatch into, ReadOnlySpan<byte> line, ulong sequence)
    {
        ArgumentNullException.ThrowIfNull(into);
        var arena = into.ArenaUsed;
        var index = into.Begin(new RecordInfo(sequence, 0, 1, 0, RecordInfo.AutoParser), []);
        batch = into;
        var room = line.Length * 2 + 1 + JsonText.Slack * 2;
        lineOffset = into.Reserve(room);
        unescapedOffset = lineOffset + line.Length + 1 + JsonText.Slack;
        var bytes = into.Bytes(lineOffset, room);
        line.CopyTo(bytes);
        bytes[line.Length] = 0;
        var text = new JsonText(ref MemoryMarshal.GetReference(bytes), line.Length, line.Length + 1 + JsonText.Slack);
        var refusal = Root(ref text);
        if (refusal != ParseRefusal.None)
        {
            into.RemoveLast(arena);
            return refusal;
        }
        into.TrimTo(lineOffset + text.Free);
        Stamp(into, index);
        return ParseRefusal.None;
    }

    private void Stamp(EventBatch into, int index)
    {
        ref var header = ref into.Header(index);
        header.TimeMs = clock;
        if (Time(into, index, timestamp, out var time) || Time(into, index, otherTimestamp, out time))
        {
            header.TimeMs = time;
            header.Flags &= ~EventFlags.NoTime;
        }
        clock = Math.Max(clock, header.TimeMs);
        header.ReceivedMs = clock;
    }

    private static bool Time(EventBatch into, int index, ushort field, out long ms)
    {
        ms = 0;
        if (!into.TryGet(index, field, out var value) || value.IsEmpty) return false;
        if (TimeReader.TryRead(TimeFormat.Iso, value, 0, ZoneTable.Utc, out ms, out var used) && used == value.Length) return true;
        if (value.Length > 64 || !Utf8Time(value, out var time)) return false;
        ms = time.ToUnixTimeMilliseconds();
        return true;
    }

    private static bool Utf8Time(ReadOnlySpan<byte> value, out DateTimeOffset time)
    {
        Span<char> text = stackalloc char[64];
        time = default;
        return Encoding.UTF8.TryGetChars(value, text, out var n)
            && DateTimeOffset.TryParse(text[..n], System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out time);
    }

    private ParseRefusal Root(ref JsonText text)
    {
        if (text.Next() != '{') return ParseRefusal.Malformed;
        text.At++;
        var refusal = Object(ref text, 0, 1);
        if (refusal != ParseRefusal.None) return refusal;
        text.Next();
        return text.At == text.End ? ParseRefusal.None : ParseRefusal.Malformed;
    }

    // behind '{'
    private ParseRefusal Object(ref JsonText text, int prefix, int depth)
    {
        if (depth > MaxDepth) return ParseRefusal.TooDeep;
        if (text.Next() == '}') { text.At++; return ParseRefusal.None; }
        while (true)
        {
            if (text.Next() != '"') return ParseRefusal.Malformed;
            text.At++;
            if (!text.String(keep: true, out var at, out var length)) return ParseRefusal.Malformed;
            var key = text.Span(at, length);
            if (text.Next() != ':') return ParseRefusal.Malformed;
            text.At++;
            ParseRefusal refusal;
            if (prefix == 0)
            {
                var next = text.Next();
                if (next is (byte)'{' or (byte)'[')
                {
                    if (length > MaxName) return ParseRefusal.Malformed;
                    key.CopyTo(path);
                    refusal = Value(ref text, next, length, Id(path.AsSpan(0, length)), depth);
                }
                else refusal = Value(ref text, next, length, Id(key), depth);
            }
            else
            {
                if (prefix + 1 + length > MaxName) return ParseRefusal.Malformed;
                path[prefix] = (byte)'.';
                key.CopyTo(path.AsSpan(prefix + 1));
                refusal = Value(ref text, text.Next(), prefix + 1 + length, Id(path.AsSpan(0, prefix + 1 + length)), depth);
            }
            if (refusal != ParseRefusal.None) return refusal;
            var end = text.Next();
            text.At++;
            if (end == ',') continue;
            return end == '}' ? ParseRefusal.None : ParseRefusal.Malformed;
        }
    }

    // behind '['
    private ParseRefusal Array(ref JsonText text, int name, ushort id, int depth)
    {
        if (depth > MaxDepth) return ParseRefusal.TooDeep;
        if (text.Next() == ']') { text.At++; return ParseRefusal.None; }
        while (true)
        {
            var refusal = Value(ref text, text.Next(), name, id, depth);
            if (refusal != ParseRefusal.None) return refusal;
            var end = text.Next();
            text.At++;
            if (end == ',') continue;
            return end == ']' ? ParseRefusal.None : ParseRefusal.Malformed;
        }
    }

    /// <summary>Id of a field that is kept; 0 of one that is not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ushort Id(ReadOnlySpan<byte> name)
    {
        var id = names.Id(name);
        return all || rules.Reads(id) || id == timestamp || id == otherTimestamp ? id : (ushort)0;
    }

    private ParseRefusal Value(ref JsonText text, byte first, int name, ushort id, int depth)
    {
        int at, length;
        switch (first)
        {
            case (byte)'"':
                text.At++;
                if (!text.String(id != 0, out at, out length)) return ParseRefusal.Malformed;
                break;
            case (byte)'{':
                text.At++;
                return Object(ref text, name, depth + 1);
            case (byte)'[':
                text.At++;
                return Array(ref text, name, id, depth + 1);
            case (byte)'n':
                if (!text.Word("null"u8)) return ParseRefusal.Malformed;
                if (id != 0) batch.AddNull(id);
                return ParseRefusal.None;
            default:
                at = text.At;
                if (first == 't' ? !text.Word("true"u8) : first == 'f' ? !text.Word("false"u8) : !text.Number()) return ParseRefusal.Malformed;
                length = text.At - at;
                break;
        }
        if (id != 0) batch.AddSlice(id, lineOffset + at, length);
        return ParseRefusal.None;
    }
}
