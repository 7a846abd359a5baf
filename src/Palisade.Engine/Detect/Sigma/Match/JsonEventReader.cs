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
            ref var guess = ref last is null ? ref parent.First : ref last.Next;
            JsonName name;
            if (guess is not null && guess.Before.Is(ref text.Ref(text.At)))
            {
                name = guess;
                text.At += name.Before.Length;
            }
            else
            {
                if (Name(ref text, parent, last) is not { } found) return ParseRefusal.Malformed;
                name = found;
            }
            var refusal = Value(ref text, text.Next(), name, depth);
            if (refusal != ParseRefusal.None) return refusal;
            var end = text.Next();
            text.At++;
            last = name;
            if (end == ',') continue;
            return end == '}' ? ParseRefusal.None : ParseRefusal.Malformed;
        }
    }

    // Takes fields that stand there as they did the last time, name and value, up to the first that does not or is the last one; most of an
    // event is read here. The place is a local variable: the next comparison waits for it. Gives the last name taken.
    private JsonName? Same(ref JsonText text, JsonName parent, JsonName? last)
    {
        var (at, epoch, state) = (text.At, watcher!.Epoch, watcher);
        var name = last is null ? parent.First : last.Next;
        while (name is not null && name.Before.Is(ref text.Ref(at)))
        {
            var start = at + name.Before.Length;
            if (name.ValueEpoch != epoch || !name.Value.Is(ref text.Ref(start))) break;
            var end = start + name.Value.Length;
            // the sign behind a value is part of what was compared
            if (text.Ref(end - 1) != ',') break;
            if (text.Ref(end) == ' ') end++;
            if (batch.AddSlice(name.Id, lineOffset + start + name.ValueStart, name.ValueLength)) state.Again(name.Plan, name.ValueFindings, name.ValueEscaped);
            at = end;
            last = name;
            name = name.Next;
        }
        text.At = at;
        text.Next();
        return last;
    }

    // A name that is not the one that stood there last; goes behind its colon. Null: there is none.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private JsonName? Name(ref JsonText text, JsonName parent, JsonName? last)
    {
        ref var guess = ref last is null ? ref parent.First : ref last.Next;
        ref var other = ref last is null ? ref parent.OtherFirst : ref last.Other;
        if (other is not null && other.Before.Is(ref text.Ref(text.At)))
        {
            (guess, other) = (other, guess);
            text.At += guess!.Before.Length;
            return guess;
        }
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
        if (parent.Path.Length + 1 + key.Length > JsonNameTable.MaxPath) return JsonNameTable.TooLong(parent);
        var name = names.Find(parent, key);
        name.Before.Set(ref text.Ref(start), text.At - start);
        if (guess != name) (guess, other) = (name, guess);
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
        if (!name.Value.Is(ref text.Ref(start)) || name.ValueEpoch != watcher!.Epoch) return false;
        // the sign behind the value is part of what was compared
        text.At += name.Value.Length - 1;
        if (batch.AddSlice(name.Id, lineOffset + start + name.ValueStart, name.ValueLength)) watcher.Again(name.Plan, name.ValueFindings, name.ValueEscaped);
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
        var added = batch.AddSlice(name.Id, lineOffset + at, length);
        if (watcher is null) return;
        var findings = added ? watcher.Look(name.Plan, ref text.Ref(at), length, escaped) : -1;
        if (findings < 0) { name.Value.Length = 0; return; }
        name.Value.Set(ref text.Ref(start), whole);
        (name.ValueStart, name.ValueLength, name.ValueEscaped) = (at - start, length, escaped);
        (name.ValueFindings, name.ValueEpoch) = (findings, watcher.Epoch);
    }
}
