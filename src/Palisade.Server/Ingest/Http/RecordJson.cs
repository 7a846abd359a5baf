using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace Palisade.Server.Ingest;

/// <summary>
/// Writes a record as one flat JSON object, straight as UTF-8, into a buffer that is kept from record to record: protocols
/// that wrap a line in an envelope hand it to the parsers this way, the line in <c>message</c>. Names are the caller's and are
/// written as they are, unless said otherwise.
/// </summary>
public sealed class RecordJson
{
    private static readonly SearchValues<byte> Escaped = SearchValues.Create([.. Enumerable.Range(0, 32).Select(static i => (byte)i), (byte)'"', (byte)'\\']);
    private byte[] buffer = new byte[4096];

    public int Length { get; private set; }
    public ReadOnlySpan<byte> Bytes => buffer.AsSpan(0, Length);

    public void Begin()
    {
        Length = 0;
        Raw("{"u8);
    }

    public void End() => Raw("}"u8);

    /// <summary>Forgets what was written behind a length: what several records share is written once.</summary>
    public void Rewind(int length) => Length = length;

    /// <summary>Begins a member: a comma where one is due, the name, a colon.</summary>
    public void Name(ReadOnlySpan<byte> name)
    {
        Comma();
        Raw("\""u8);
        Raw(name);
        Raw("\":"u8);
    }

    /// <summary>Begins a member whose name came from outside; it is escaped.</summary>
    public void ForeignName(ReadOnlySpan<byte> name)
    {
        Comma();
        Quoted(name);
        Raw(":"u8);
    }

    /// <summary>A member with a text; it is escaped.</summary>
    public void Text(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text)
    {
        Name(name);
        Quoted(text);
    }

    /// <summary>A member with a text that stood between quotes in JSON, and may again.</summary>
    public void Copied(ReadOnlySpan<byte> name, ReadOnlySpan<byte> escaped)
    {
        Name(name);
        Raw("\""u8);
        Raw(escaped);
        Raw("\""u8);
    }

    /// <summary>A member with a JSON value as it stands.</summary>
    public void Value(ReadOnlySpan<byte> name, ReadOnlySpan<byte> json)
    {
        Name(name);
        Raw(json);
    }

    /// <summary>The members of a JSON object, taken out of its braces.</summary>
    public void Members(ReadOnlySpan<byte> json)
    {
        var inner = json[1..^1].Trim(" \t\r\n"u8);
        if (inner.IsEmpty) return;
        Comma();
        Raw(inner);
    }

    /// <summary>A member with an instant as ISO 8601, UTC, in milliseconds; nothing for one that no calendar has.</summary>
    public void Time(ReadOnlySpan<byte> name, long unixMs)
    {
        if (unixMs is < -62135596800000 or > 253402300799999) return;
        Name(name);
        Raw("\""u8);
        DateTimeOffset.FromUnixTimeMilliseconds(unixMs).TryFormat(Room(32), out var n, "yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        Length += n;
        Raw("\""u8);
    }

    public void Number(long value)
    {
        Utf8Formatter.TryFormat(value, Room(20), out var n);
        Length += n;
    }

    /// <summary>A number of JSON, or a text for what is none (NaN, infinity).</summary>
    public void Number(double value)
    {
        var quote = double.IsFinite(value) ? ""u8 : "\""u8;
        Raw(quote);
        value.TryFormat(Room(32), out var n, "R", CultureInfo.InvariantCulture);
        Length += n;
        Raw(quote);
    }

    /// <summary>A value between quotes, escaped. Bytes that are no UTF-8 stay: the parser says what becomes of them.</summary>
    public void Quoted(ReadOnlySpan<byte> text)
    {
        Raw("\""u8);
        for (int at; (at = text.IndexOfAny(Escaped)) >= 0; text = text[(at + 1)..])
        {
            Raw(text[..at]);
            var c = text[at];
            if (c >= 32)
            {
                Raw("\\"u8);
                Raw(text.Slice(at, 1));
                continue;
            }
            Raw("\\u00"u8);
            c.TryFormat(Room(2), out var n, "x2", CultureInfo.InvariantCulture);
            Length += n;
        }
        Raw(text);
        Raw("\""u8);
    }

    public void Hex(ReadOnlySpan<byte> bytes)
    {
        Raw("\""u8);
        Convert.TryToHexStringLower(bytes, Room(bytes.Length * 2), out var n);
        Length += n;
        Raw("\""u8);
    }

    public void Base64(ReadOnlySpan<byte> bytes)
    {
        Raw("\""u8);
        System.Buffers.Text.Base64.EncodeToUtf8(bytes, Room(System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(bytes.Length)), out _, out var n);
        Length += n;
        Raw("\""u8);
    }

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        Length += bytes.Length;
    }

    /// <summary>A comma, unless something was only just opened.</summary>
    public void Comma()
    {
        if (Length > 0 && buffer[Length - 1] is not ((byte)'{' or (byte)'[' or (byte)':')) Raw(","u8);
    }

    private Span<byte> Room(int bytes)
    {
        if (buffer.Length - Length < bytes) Array.Resize(ref buffer, Math.Max(buffer.Length * 2, Length + bytes));
        return buffer.AsSpan(Length);
    }
}
