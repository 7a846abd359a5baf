using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Palisade.Engine.Parse.Json;

/// <summary>
/// Flattens a JSON object (RFC 8259) to dotted fields. Arrays give one slot an element. Values without escapes are slices of the
/// record; others are unescaped into the arena. An object of an array that holds a key (or name) and a value also gives a field under
/// that key: <c>{"params":[{"key":"user","value":"li"}]}</c> is params.user too. Limits: nesting 32, fields of <see cref="EventBatch.MaxFields"/>, names of 256 bytes.
/// </summary>
internal sealed class JsonFlattener(NameCache names)
{
    public const int MaxDepth = 32;
    private readonly byte[] path = new byte[FieldNames.MaxLength];
    private readonly int[] ends = new int[MaxDepth + 2];
    private readonly (int Offset, int Length)[] keys = new (int, int)[MaxDepth + 2], named = new (int, int)[MaxDepth + 2];

    /// <summary>Adds the fields of the object at an arena range to the last event. A refusal leaves the event as it was.</summary>
    public ParseRefusal Flatten(EventBatch into, int offset, int length)
    {
        var before = into.Header(into.Count - 1).SlotCount;
        ParseRefusal refusal;
        try
        {
            refusal = Walk(into, offset, into.Bytes(offset, length));
        }
        catch (JsonException e)
        {
            // The reader tells broken JSON by an exception; it is the sender's fault, not ours.
            refusal = e.Message.Contains("maximum configured depth", StringComparison.Ordinal) ? ParseRefusal.TooDeep : ParseRefusal.Malformed;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair in an escape: the reader takes it for JSON, yet it is no text (RFC 8259 section 8.2).
            refusal = ParseRefusal.Malformed;
        }
        if (refusal != ParseRefusal.None) into.Rewind(before);
        return refusal;
    }

    private ParseRefusal Walk(EventBatch into, int offset, ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = MaxDepth, AllowTrailingCommas = false });
        var depth = 0;
        ushort field = 0;
        ends[0] = 0;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return ParseRefusal.Malformed;
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    field = Name(ref reader, depth);
                    break;
                case JsonTokenType.StartObject:
                    depth++;
                    if (depth > MaxDepth) return ParseRefusal.TooDeep;
                    (keys[depth], named[depth]) = (default, default);
                    ends[depth] = ends[depth - 1] + nameLength;
                    parents[depth] = nameLength;
                    break;
                case JsonTokenType.EndObject:
                    if (depth > 0) { AddNamed(into, depth); nameLength = parents[depth]; field = 0; depth--; if (reader.CurrentDepth > 0) field = Field(depth); }
                    break;
                case JsonTokenType.StartArray when depth == 0 && field != 0 && IsJournal(path.AsSpan(0, nameLength)):
                    Octets(into, ref reader, field);
                    break;
                case JsonTokenType.StartArray or JsonTokenType.EndArray or JsonTokenType.Null:
                    break;
                default:
                    if (field != 0)
                    {
                        Value(into, offset, ref reader, field);
                        if (depth > 0) Note(into, depth);
                    }
                    if (into.Header(into.Count - 1).Refusal == ParseRefusal.TooManyFields) return ParseRefusal.TooManyFields;
                    break;
            }
        }
        return ParseRefusal.None;
    }

    // The journal's message and its own fields: _CMDLINE, _COMM …
    private static bool IsJournal(ReadOnlySpan<byte> name) => name.SequenceEqual("MESSAGE"u8) || (name.Length > 1 && name[0] == '_' && char.IsAsciiLetterUpper((char)name[1]));

    // The journal writes a text that holds control characters or is no UTF-8 as an array of its bytes (systemd, Journal JSON Format). An array of
    // anything else is left to be read as such.
    private static void Octets(EventBatch into, ref Utf8JsonReader reader, ushort field)
    {
        var ahead = reader;
        var most = 0;
        while (ahead.Read() && ahead.TokenType == JsonTokenType.Number && ahead.TryGetByte(out _)) most++;
        if (ahead.TokenType != JsonTokenType.EndArray || most == 0) return;
        var at = into.Reserve(most);
        for (var i = 0; i < most && reader.Read() && reader.TryGetByte(out var octet); i++) into.Bytes(at, most)[i] = octet;
        reader = ahead;
        if (Utf8.IsValid(into.Bytes(at, most))) into.AddSlice(field, at, most);
        else into.Add(field, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(into.Bytes(at, most))));
    }

    private int nameLength;
    private readonly int[] parents = new int[MaxDepth + 2];

    // path = the names so far, joined by dots; ends[depth] = where the names of the objects around us end
    private ushort Name(ref Utf8JsonReader reader, int depth)
    {
        var start = ends[depth];
        var dot = start > 0 ? 1 : 0;
        var room = path.AsSpan(start);
        if (reader.ValueSpan.Length + dot > room.Length) { nameLength = 0; return 0; }
        if (dot == 1) room[0] = (byte)'.';
        nameLength = dot + (reader.ValueIsEscaped ? reader.CopyString(room[dot..]) : Copy(reader.ValueSpan, room[dot..]));
        return Field(depth);
    }

    private ushort Field(int depth) => names.GetOrAdd(path.AsSpan(0, ends[depth] + nameLength));

    // Remembers where the key and the value of the object at hand lie.
    private void Note(EventBatch into, int depth)
    {
        var dot = ends[depth] > 0 ? 1 : 0;
        if (nameLength <= dot) return;
        var name = path.AsSpan(ends[depth] + dot, nameLength - dot);
        var slot = into.Header(into.Count - 1).SlotCount - 1;
        if (Ascii.EqualsIgnoreCase(name, "key"u8) || Ascii.EqualsIgnoreCase(name, "name"u8)) keys[depth] = into.RangeAt(into.Count - 1, slot);
        else if (Ascii.EqualsIgnoreCase(name, "value"u8)) named[depth] = into.RangeAt(into.Count - 1, slot);
    }

    private void AddNamed(EventBatch into, int depth)
    {
        var (offset, length) = keys[depth];
        var start = ends[depth];
        if (length <= 0 || named[depth].Length <= 0 || start == 0 || start + 1 + length > path.Length) return;
        path[start] = (byte)'.';
        into.Bytes(offset, length).CopyTo(path.AsSpan(start + 1));
        if (names.GetOrAdd(path.AsSpan(0, start + 1 + length)) is not 0 and var field) into.AddSlice(field, named[depth].Offset, named[depth].Length);
    }

    private static int Copy(ReadOnlySpan<byte> from, Span<byte> to) { from.CopyTo(to); return from.Length; }

    private static void Value(EventBatch into, int offset, ref Utf8JsonReader reader, ushort field)
    {
        if (reader.TokenType == JsonTokenType.String && reader.ValueIsEscaped)
        {
            var at = into.Reserve(reader.ValueSpan.Length);
            var n = reader.CopyString(into.Bytes(at, reader.ValueSpan.Length));
            into.TrimTo(at + n);
            into.AddSlice(field, at, n);
            return;
        }
        var start = (int)reader.TokenStartIndex + (reader.TokenType == JsonTokenType.String ? 1 : 0);
        into.AddSlice(field, offset + start, reader.ValueSpan.Length);
    }
}
