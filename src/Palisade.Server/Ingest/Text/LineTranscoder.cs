using System.Text;
using System.Text.Unicode;

namespace Palisade.Server.Ingest;

/// <summary>Turns lines into UTF-8. Holds scratch space: one instance a thread. What is UTF-8 already passes through untouched.</summary>
public sealed class LineTranscoder
{
    private char[] chars = new char[1024];
    private byte[] bytes = new byte[3072];

    /// <summary>The line in UTF-8, without a carriage return at its end; valid until the next call.</summary>
    public ReadOnlySpan<byte> ToUtf8(ReadOnlySpan<byte> line, TextEncoding encoding)
    {
        var text = encoding switch
        {
            TextEncoding.Utf8 => line,
            TextEncoding.Auto => Utf8.IsValid(line) || !LooksLikeGbk(line) ? line : Convert(line, Gb18030),
            TextEncoding.Gb18030 => Convert(line, Gb18030),
            TextEncoding.Utf16Le => Convert(line, Encoding.Unicode),
            _ => Convert(line, Encoding.BigEndianUnicode),
        };
        return text.Length > 0 && text[^1] == '\r' ? text[..^1] : text;
    }

    private static Encoding Gb18030 { get; } = Register();

    private static Encoding Register()
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        return Encoding.GetEncoding("gb18030");
    }

    private ReadOnlySpan<byte> Convert(ReadOnlySpan<byte> line, Encoding encoding)
    {
        if (chars.Length < encoding.GetMaxCharCount(line.Length)) chars = new char[encoding.GetMaxCharCount(line.Length)];
        var n = encoding.GetChars(line, chars);
        if (bytes.Length < n * 3) bytes = new byte[n * 3];
        return bytes.AsSpan(0, Encoding.UTF8.GetBytes(chars.AsSpan(0, n), bytes));
    }

    /// <summary>
    /// Everything beyond ASCII comes in pairs out of GB 2312's rows of signs (A1-A9) and characters (B0-F7), each followed by A1-FE:
    /// Chinese text nearly always does, text in a Latin code page or binary noise hardly ever.
    /// </summary>
    private static bool LooksLikeGbk(ReadOnlySpan<byte> line)
    {
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] < 0x80) continue;
            if (line[i] is not (>= 0xA1 and <= 0xA9 or >= 0xB0 and <= 0xF7) || i + 1 == line.Length || line[i + 1] is < 0xA1 or > 0xFE) return false;
            i++;
        }
        return true;
    }
}
