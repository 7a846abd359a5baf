using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
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
/// One pass. The line is copied to the arena with room behind it, so 64 bytes can be read at any place without asking:
/// <code>
///   | line … | 0 | 64 bytes that say nothing |
/// </code>
/// A string is a slice of the line; one with escapes is unescaped where it lies. Names and values are first held against what stood
/// there in the event before (<see cref="JsonName"/>).
/// </remarks>
public sealed class JsonEventReader
{
    /// <summary>Deepest nesting taken.</summary>
    public const int MaxDepth = 64;

    private const int MostAhead = 2048;

    private readonly JsonNameTable names;
    private readonly EventState? watcher;
    private readonly ushort timestamp = FieldNames.GetOrAdd("@timestamp"), otherTimestamp = FieldNames.GetOrAdd("timestamp");
    private byte[] scratch = new byte[1024];
    private long clock;

    // the line being read
    private EventBatch batch = null!;
    private int lineOffset;

    public JsonEventReader(RuleSet rules) : this(rules, null) { }

    /// <param name="watcher">Is shown each value as it is read; values with escapes then stay as they are written until it opens the event.</param>
    internal JsonEventReader(RuleSet rules, EventState? watcher)
    {
        names = new JsonNameTable(rules, all: rules.Indexes[0] is not null || rules.HasFieldlessAtoms);
        this.watcher = watcher;
    }

    /// <summary>Adds one event. Its time is <c>@timestamp</c> or <c>timestamp</c>; without one, the latest time seen.</summary>
    /// <returns>None, or why the line is refused; nothing is added then.</returns>
    public ParseRefusal Add(EventBatch into, ReadOnlySpan<byte> line, ulong sequence)
    {
        ArgumentNullException.ThrowIfNull(into);
        var arena = into.ArenaUsed;
        var index = into.Begin(new RecordInfo(sequence, 0, 1, 0, RecordInfo.AutoParser), []);
        batch = into;
        var room = line.Length + 1 + JsonText.Slack;
        lineOffset = into.Reserve(room);
        var bytes = into.Bytes(lineOffset, room);
        line.CopyTo(bytes);
        Ahead(line);
        bytes[line.Length] = 0;
        var text = new JsonText(ref MemoryMarshal.GetReference(bytes), line.Length);
        watcher?.Begin(into, index);
        var refusal = Event(ref text);
        if (refusal != ParseRefusal.None)
        {
            into.RemoveLast(arena);
            return refusal;
        }
        Stamp(into, index);
        return ParseRefusal.None;
    }

    // Behind a line lies mostly the next one: asks for it while this one is judged. A hint only: nothing is read, whatever lies there.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Ahead(ReadOnlySpan<byte> line)
    {
        if (!Sse.IsSupported) return;
        var end = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(line)) + line.Length;
        for (var i = 0; i < Math.Min(line.Length, MostAhead); i += 64) Sse.Prefetch0(end + i);
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

    private ParseRefusal Event(ref JsonText text)
    {
        if (text.Next() != '{') return ParseRefusal.Malformed;
        text.At++;
        var refusal = Object(ref text, names.Root, 1);
        if (refusal != ParseRefusal.None) return refusal;
        text.Next();
        return text.At == text.End ? ParseRefusal.None : ParseRefusal.Malformed;
    }

    // behind '{'
    private ParseRefusal Object(ref JsonText text, JsonName parent, int depth)
    {
        if (depth > MaxDepth) return ParseRefusal.TooDeep;
        if (text.Next() == '}') { text.At++; return ParseRefusal.None; }
        JsonName? last = null;
        while (true)
        {
            text.Next();
            if (watcher is not null) last = Same(ref text, parent, last);
            var name = last is null ? parent.Inside.At(ref text.Ref(text.At)) : last.Behind.At(ref text.Ref(text.At));
            if (name is not null) text.At += name.Last.Before;
            else if ((name = Name(ref text, parent, last)) is null) return ParseRefusal.Malformed;
            var refusal = Value(ref text, text.Next(), name, depth);
            if (refusal != ParseRefusal.None) return refusal;
            var end = text.Next();
            text.At++;
            last = name;
            if (end == ',') continue;
            return end == '}' ? ParseRefusal.None : ParseRefusal.Malformed;
        }
    }

    // Takes fields whose names stand there as they did the last time and whose values do too, or are short and plain, up to the first that is
    // neither or is the last one; nearly all of an event is read here. The place is a local variable: the next comparison waits for it. Gives
    // the last name taken.
    private JsonName? Same(ref JsonText text, JsonName parent, JsonName? last)
    {
        var (at, epoch, state) = (text.At, watcher!.Epoch, watcher);
        while (true)
        {
            var name = last is null ? parent.Inside.At(ref text.Ref(at)) : last.Behind.At(ref text.Ref(at));
            if (name is null) break;
            ref var seen = ref name.Last;
            var start = at + seen.Before;
            int end;
            if (name.Again(ref text.Ref(start), text.End + 1 - start, epoch) is var again and > 0)
            {
                end = start + again;
                // the sign behind a value is part of what was compared
                if (text.Ref(end - 1) != ',') break;
                if (batch.AddSlice(seen.Id, lineOffset + start + seen.Start, seen.Length, seen.Most)) state.Again(seen.Present, seen.Findings, seen.Escaped);
            }
            else
            {
                var length = text.Plain(start, out var quotes);
                end = start + length + 2 * quotes + 1;
                if (length < 0 || text.Ref(end - 1) != ',') break;
                if (name.Kept) Keep(ref text, name, start, start + quotes, length, escaped: false, end - start);
            }
            if (text.Ref(end) == ' ') end++;
            at = end;
            last = name;
        }
        text.At = at;
        text.Next();
        return last;
    }

    // A name that is none of those that stood there last; goes behind its colon. Null: there is none.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private JsonName? Name(ref JsonText text, JsonName parent, JsonName? last)
    {
        var start = text.At;
        if (text.Next() != '"') return null;
        text.At++;
        if (!text.String(out var length, out var escaped)) return null;
        var key = text.Span(start + 1, length);
        if (escaped)
        {
            Room(length);
            key = scratch.AsSpan(0, JsonText.Unescape(ref text.Ref(start + 1), length, ref scratch[0]));
        }
        if (text.Next() != ':') return null;
        text.At++;
        text.Next();
        if (parent.Path.Length + 1 + key.Length > JsonNameTable.MaxPath) return names.TooLong(parent);
        var name = names.Find(parent, key);
        name.Last.SetName(ref text.Ref(start), text.At - start);
        (last is null ? ref parent.Inside : ref last.Behind).Add(name);
        return name;
    }

    private void Room(int length)
    {
        if (scratch.Length < length + JsonText.Slack) scratch = new byte[(length + JsonText.Slack) * 2];
    }

    // behind '['
    private ParseRefusal Array(ref JsonText text, JsonName name, int depth)
    {
        if (depth > MaxDepth) return ParseRefusal.TooDeep;
        if (text.Next() == ']') { text.At++; return ParseRefusal.None; }
        while (true)
        {
            var refusal = Value(ref text, text.Next(), name, depth);
            if (refusal != ParseRefusal.None) return refusal;
            var end = text.Next();
            text.At++;
            if (end == ',') continue;
            return end == ']' ? ParseRefusal.None : ParseRefusal.Malformed;
        }
    }

    private ParseRefusal Value(ref JsonText text, byte first, JsonName name, int depth)
    {
        var start = text.At;
        switch (first)
        {
            case (byte)'"':
                if (watcher is not null && name.Kept && Again(ref text, name, start)) return ParseRefusal.None;
                text.At++;
                if (!text.String(out var length, out var escaped)) return ParseRefusal.Malformed;
                if (name.Kept) Keep(ref text, name, start, start + 1, length, escaped, text.At + 1 - start);
                return ParseRefusal.None;
            case (byte)'{':
                text.At++;
                return Object(ref text, name, depth + 1);
            case (byte)'[':
                text.At++;
                return Array(ref text, name, depth + 1);
            case (byte)'n':
                if (!text.Word("null"u8)) return ParseRefusal.Malformed;
                if (!name.Kept) return ParseRefusal.None;
                if (batch.AddNull(name.Id)) watcher?.There(name.Plan);
                return ParseRefusal.None;
            default:
                if (watcher is not null && name.Kept && Again(ref text, name, start)) return ParseRefusal.None;
                if (first == 't' ? !text.Word("true"u8) : first == 'f' ? !text.Word("false"u8) : !text.Number()) return ParseRefusal.Malformed;
                length = text.At - start;
                if (name.Kept) Keep(ref text, name, start, start, length, false, length + 1);
                return ParseRefusal.None;
        }
    }

    // The value that stood there last: what is in it is known.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Again(ref JsonText text, JsonName name, int start)
    {
        var length = name.Again(ref text.Ref(start), text.End + 1 - start, watcher!.Epoch);
        if (length == 0) return false;
        // the sign behind the value is part of what was compared
        text.At += length - 1;
        ref var seen = ref name.Last;
        if (batch.AddSlice(seen.Id, lineOffset + start + seen.Start, seen.Length, seen.Most)) watcher.Again(seen.Present, seen.Findings, seen.Escaped);
        return true;
    }

    private void Keep(ref JsonText text, JsonName name, int start, int at, int length, bool escaped, int whole)
    {
        if (escaped && (watcher is null || name.IsTime))
        {
            Room(length);
            length = JsonText.Unescape(ref text.Ref(at), length, ref scratch[0]);
            scratch.AsSpan(0, length).CopyTo(MemoryMarshal.CreateSpan(ref text.Ref(at), length));
            escaped = false;
            whole = 0;
        }
        var added = batch.AddSlice(name.Id, lineOffset + at, length, name.Last.Most);
        if (watcher is null) return;
        var findings = added ? watcher.Look(name.Plan, ref text.Ref(at), length, escaped) : -1;
        if (findings < 0) { name.Unset(); return; }
        name.Set(ref text.Ref(start), whole);
        ref var seen = ref name.Last;
        (seen.Start, seen.Length, seen.Escaped, seen.Findings, seen.Epoch) = (at - start, length, escaped, findings, watcher.Epoch);
    }
}
