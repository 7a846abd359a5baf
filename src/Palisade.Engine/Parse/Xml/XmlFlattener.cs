using System.Buffers.Text;
using System.Text;

namespace Palisade.Engine.Parse.Xml;

/// <summary>
/// Flattens one XML element (XML 1.0) to dotted fields: elements and attributes by name, without namespace prefixes and without the root
/// element's own name. <c>&lt;Data Name="X"&gt;v&lt;/Data&gt;</c> is a member X of its parent, as Windows events mean it. No document types, no
/// entities but the five and character numbers: nothing is fetched and nothing expands. Text that lies beside elements is left out.
/// </summary>
internal sealed class XmlFlattener(NameCache names)
{
    public const int MaxDepth = 32;
    private readonly byte[] path = new byte[FieldNames.MaxLength];
    private readonly int[] ends = new int[MaxDepth + 2];

    /// <summary>Adds the fields of the element at an arena range to the last event. A refusal leaves the event as it was.</summary>
    public ParseRefusal Flatten(EventBatch into, int offset, int length)
    {
        var before = into.Header(into.Count - 1).SlotCount;
        var refusal = Walk(into, offset, length);
        if (refusal != ParseRefusal.None) into.Rewind(before);
        return refusal;
    }

    private ParseRefusal Walk(EventBatch into, int offset, int length)
    {
        int at = 0, depth = 0, textFrom = 0;
        var leaf = false;
        while (true)
        {
            var text = into.Bytes(offset, length);
            var open = text[at..].IndexOf((byte)'<');
            if (open < 0) return depth == 0 && at > 0 ? ParseRefusal.None : ParseRefusal.Malformed;
            open += at;
            var close = TagEnd(text, open);
            if (close < 0) return ParseRefusal.Malformed;
            var tag = text[(open + 1)..close];
            at = close + 1;
            if (tag.Length == 0) return ParseRefusal.Malformed;
            if (tag[0] is (byte)'?' or (byte)'!') continue;                        // a declaration or a remark
            if (tag[0] == '/')
            {
                if (leaf && open > textFrom && depth > 1) Value(into, depth, offset + textFrom, open - textFrom);
                leaf = false;
                if (--depth < 0) return ParseRefusal.Malformed;
                if (depth == 0) return ParseRefusal.None;
                continue;
            }
            var alone = tag[^1] == '/';
            if (++depth > MaxDepth) return ParseRefusal.TooDeep;
            Enter(into, offset + open + 1, alone ? tag.Length - 1 : tag.Length, depth);
            if (into.Header(into.Count - 1).Refusal == ParseRefusal.TooManyFields) return ParseRefusal.TooManyFields;
            if (alone && --depth == 0) return ParseRefusal.None;
            (leaf, textFrom) = (!alone, at);
        }
    }

    private static int TagEnd(ReadOnlySpan<byte> text, int open)
    {
        var quote = (byte)0;
        for (var i = open + 1; i < text.Length; i++)
        {
            if (quote != 0) { if (text[i] == quote) quote = 0; }
            else if (text[i] is (byte)'"' or (byte)'\'') quote = text[i];
            else if (text[i] == '>') return i;
        }
        return -1;
    }

    // Name and attributes of a start tag: path becomes parent.name, or parent.X where an attribute says Name="X".
    private void Enter(EventBatch into, int offset, int length, int depth)
    {
        var tag = into.Bytes(offset, length);
        var end = tag.IndexOfAny(" \t\r\n"u8);
        if (end < 0) end = length;
        var name = tag[..end];
        var colon = name.IndexOf((byte)':');
        if (colon >= 0) name = name[(colon + 1)..];
        ends[depth] = depth == 1 ? 0 : Join(ends[depth - 1], name);
        for (var i = end; i < length;)
        {
            tag = into.Bytes(offset, length);
            var skip = tag[i..].IndexOfAnyExcept(" \t\r\n"u8);
            if (skip < 0) return;
            i += skip;
            var equals = tag[i..].IndexOf((byte)'=');
            if (equals <= 0 || i + equals + 1 >= length) return;
            var key = tag.Slice(i, equals);
            var quote = tag[i + equals + 1];
            var from = i + equals + 2;
            if (quote is not ((byte)'"' or (byte)'\'') || from > length) return;
            var n = tag[from..].IndexOf(quote);
            if (n < 0) return;
            i = from + n + 1;
            if (key.StartsWith("xmlns"u8)) continue;
            if (key.SequenceEqual("Name"u8) && name.SequenceEqual("Data"u8)) { ends[depth] = Join(ends[depth - 1], tag.Slice(from, n)); continue; }
            var whole = Join(ends[depth], key);
            if (n > 0 && names.GetOrAdd(path.AsSpan(0, whole)) is not 0 and var field) Add(into, field, offset + from, n);
            name = into.Bytes(offset, length)[..end];                               // the arena may have moved
            if (name.IndexOf((byte)':') is >= 0 and var c) name = name[(c + 1)..];
        }
    }

    private int Join(int parent, ReadOnlySpan<byte> name)
    {
        var dot = parent > 0 ? 1 : 0;
        if (parent + dot + name.Length > path.Length) return parent;
        if (dot == 1) path[parent] = (byte)'.';
        name.CopyTo(path.AsSpan(parent + dot));
        return parent + dot + name.Length;
    }

    private void Value(EventBatch into, int depth, int offset, int length)
    {
        var text = into.Bytes(offset, length);
        var lead = text.Length - text.TrimStart(" \t\r\n"u8).Length;
        length = text.Trim(" \t\r\n"u8).Length;
        if (length > 0 && names.GetOrAdd(path.AsSpan(0, ends[depth])) is not 0 and var field) Add(into, field, offset + lead, length);
    }

    private static void Add(EventBatch into, ushort field, int offset, int length)
    {
        if (!into.Bytes(offset, length).Contains((byte)'&')) { into.AddSlice(field, offset, length); return; }
        var at = into.Reserve(length);
        var n = Unescape(into.Bytes(offset, length), into.Bytes(at, length));
        into.TrimTo(at + n);
        into.AddSlice(field, at, n);
    }

    private static int Unescape(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var n = 0;
        for (var i = 0; i < from.Length; i++)
        {
            if (from[i] == '&' && from[i..Math.Min(from.Length, i + 12)].IndexOf((byte)';') is > 1 and var end && TryEntity(from.Slice(i + 1, end - 1), out var rune))
            {
                n += rune.EncodeToUtf8(to[n..]);                                     // never longer than what stood there
                i += end;
            }
            else to[n++] = from[i];
        }
        return n;
    }

    private static bool TryEntity(ReadOnlySpan<byte> name, out Rune rune)
    {
        rune = default;
        if (name[0] == '#')
        {
            var hex = name.Length > 2 && (name[1] | 32) == 'x';
            var digits = name[(hex ? 2 : 1)..];
            return Utf8Parser.TryParse(digits, out int code, out var used, hex ? 'x' : 'D') && used == digits.Length && Rune.TryCreate(code, out rune);
        }
        var known = name.SequenceEqual("lt"u8) ? '<' : name.SequenceEqual("gt"u8) ? '>' : name.SequenceEqual("amp"u8) ? '&' : name.SequenceEqual("quot"u8) ? '"' : name.SequenceEqual("apos"u8) ? '\'' : '\0';
        return known != '\0' && Rune.TryCreate(known, out rune);
    }
}
