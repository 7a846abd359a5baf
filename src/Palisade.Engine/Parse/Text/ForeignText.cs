using System.Text;
using System.Text.Unicode;

namespace Palisade.Engine.Parse.Text;

/// <summary>What a text that is no UTF-8 is written in.</summary>
public enum ForeignEncoding : byte
{
    /// <summary>UTF-8, or nothing that can be told.</summary>
    None,
    /// <summary>GB 18030, and with it GBK and GB 2312, which it contains.</summary>
    Gb18030,
    Utf16Le,
    Utf16Be,
}

/// <summary>
/// Tells Chinese code pages and UTF-16 by their bytes, and turns them to UTF-8. What is valid UTF-8 and holds no NUL is never touched, nor what may as well be
/// something else: Latin code pages, binary, UTF-8 that was cut off. Holds scratch space: one instance a thread.
/// </summary>
public sealed class ForeignText
{
    private const int Sample = 1024, LeastUnits = 6;
    private static readonly Encoding Gb = CodePagesEncodingProvider.Instance.GetEncoding("gb18030")!;
    private static readonly Encoding BigEndian = new UnicodeEncoding(true, false), LittleEndian = new UnicodeEncoding(false, false);

    private char[] chars = new char[1024];
    private byte[] bytes = new byte[3072];

    /// <summary>Whether a text is worth a <see cref="Guess"/>; cheap.</summary>
    public static bool MayBe(ReadOnlySpan<byte> text) => !Utf8.IsValid(text) || text.Contains((byte)0);

    /// <summary>The encoding of a text, of which the first bytes may be ASCII: a syslog header before a message in UTF-16.</summary>
    /// <param name="text">The text.</param>
    /// <param name="from">Where the encoding begins, behind a byte order mark.</param>
    public static ForeignEncoding Guess(ReadOnlySpan<byte> text, out int from)
    {
        from = 0;
        var plain = text.IndexOfAnyExceptInRange((byte)1, (byte)0x7F);
        if (plain < 0) return ForeignEncoding.None;
        var rest = text[plain..];
        if (rest.StartsWith(LittleEndianMark) || rest.StartsWith(BigEndianMark))
        {
            var marked = rest[0] == 0xFF ? ForeignEncoding.Utf16Le : ForeignEncoding.Utf16Be;
            // Behind other text than a header of syslog two such bytes are a mark only before what is UTF-16 by itself.
            if (plain == 0 || text is [(byte)'<', >= (byte)'0' and <= (byte)'9', ..] || IsUtf16(rest[2..], marked))
            {
                from = plain + 2;
                return marked;
            }
        }
        if (text.Contains((byte)0))
        {
            // Behind a header of syslog: little endian, the letter stands before its NUL; big endian, behind it. Whole units are left.
            if (text[0] == '<' && char.IsAsciiDigit((char)text[1])) from = (text.Length - plain) % 2 == 0 ? plain : plain - 1;
            var encoding = from == plain ? ForeignEncoding.Utf16Be : ForeignEncoding.Utf16Le;
            if (IsUtf16(text[from..], encoding)) return encoding;
            if (from == 0 && IsUtf16(text, encoding = ForeignEncoding.Utf16Be)) return encoding;
            from = 0;
            return ForeignEncoding.None;
        }
        return !Utf8.IsValid(text) && !IsCutOff(text) && IsGb(text) ? ForeignEncoding.Gb18030 : ForeignEncoding.None;
    }

    /// <summary>The text as UTF-8; valid until the next call.</summary>
    public ReadOnlySpan<byte> ToUtf8(ReadOnlySpan<byte> text, ForeignEncoding encoding, int from = 0)
    {
        var decoder = encoding switch { ForeignEncoding.Gb18030 => Gb, ForeignEncoding.Utf16Le => LittleEndian, ForeignEncoding.Utf16Be => BigEndian, _ => null };
        if (decoder is null) return text;
        var rest = text[from..];
        if (chars.Length < decoder.GetMaxCharCount(rest.Length)) chars = new char[decoder.GetMaxCharCount(rest.Length)];
        // Some trim NULs at the end, half a letter with them.
        var half = encoding != ForeignEncoding.Gb18030 && rest.Length % 2 == 1;
        var n = decoder.GetChars(half ? rest[..^1] : rest, chars);
        if (half && encoding == ForeignEncoding.Utf16Le && rest[^1] is > 0 and < 0x80) chars[n++] = (char)rest[^1];
        // A mark is none of the text.
        var end = text[..from].EndsWith(LittleEndianMark) || text[..from].EndsWith(BigEndianMark) ? from - 2 : from;
        if (bytes.Length < end + n * 3) bytes = new byte[end + n * 3];
        text[..end].CopyTo(bytes);
        return bytes.AsSpan(0, end + Encoding.UTF8.GetBytes(chars.AsSpan(0, n), bytes.AsSpan(end)));
    }

    private static ReadOnlySpan<byte> LittleEndianMark => [0xFF, 0xFE];
    private static ReadOnlySpan<byte> BigEndianMark => [0xFE, 0xFF];

    // Log lines hold digits, blanks and signs, whose upper byte is 0, and hardly ever a character whose lower byte is.
    private static bool IsUtf16(ReadOnlySpan<byte> text, ForeignEncoding encoding)
    {
        text = text[..Math.Min(text.Length, Sample)];
        int units = text.Length / 2, upper = 0, lower = 0, control = 0;
        if (units < LeastUnits) return false;
        for (var i = 0; i < units; i++)
        {
            var (high, low) = encoding == ForeignEncoding.Utf16Le ? (text[2 * i + 1], text[2 * i]) : (text[2 * i], text[2 * i + 1]);
            if (high == 0) upper++;
            if (low == 0) lower++;
            if (high == 0 && low is < 9 or (> 13 and < 32)) control++;
        }
        return upper * 4 >= units && lower * 16 <= units && control * 16 <= units;
    }

    // A limit of some sender cut through the last character: the rest is UTF-8.
    private static bool IsCutOff(ReadOnlySpan<byte> text)
    {
        for (var less = 1; less <= 3 && less < text.Length; less++)
            if (Utf8.IsValid(text[..^less])) return text[^less] >= 0xC2 && text[..^less].ContainsAnyInRange((byte)0x80, (byte)0xFF);
        return false;
    }

    /// <summary>
    /// Everything beyond ASCII is a pair (or four bytes) of GB 18030, most pairs are of GB 2312's rows of signs (A1-A9) and characters (B0-F7), and half of
    /// those signs or the common characters (up to D7): Chinese text nearly always is so, text in a Latin code page or binary noise hardly ever.
    /// </summary>
    private static bool IsGb(ReadOnlySpan<byte> text)
    {
        int pairs = 0, known = 0, common = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var lead = text[i];
            if (lead < 0x80) continue;
            if (lead is 0x80 or 0xFF || ++i == text.Length) return false;
            var trail = text[i];
            if (trail is >= (byte)'0' and <= (byte)'9' && i + 2 < text.Length && text[i + 1] is >= 0x81 and <= 0xFE && text[i + 2] is >= (byte)'0' and <= (byte)'9') { i += 2; continue; }
            if (trail is < 0x40 or 0x7F or 0xFF) return false;
            pairs++;
            if (trail < 0xA1 || lead is not (>= 0xA1 and <= 0xA9 or >= 0xB0 and <= 0xF7)) continue;
            known++;
            if (lead is <= 0xA3 or >= 0xB0 and <= 0xD7) common++;
        }
        return pairs > 0 && known * 5 >= pairs * 3 && common * 2 >= known;
    }
}
