using Palisade.Engine.Parse.Text;

namespace Palisade.Server.Ingest;

/// <summary>What a text is written in.</summary>
public enum TextEncoding : byte
{
    /// <summary>A byte order mark decides, or NULs that only UTF-16 has; else UTF-8, and line by line GBK where that alone makes sense of the bytes.</summary>
    Auto,
    Utf8,
    /// <summary>GB 18030, and with it GBK and GB 2312, which it contains.</summary>
    Gb18030,
    Utf16Le,
    Utf16Be,
}

/// <summary>Names, byte order marks and line ends of the encodings that logs come in. Pure.</summary>
public static class TextEncodings
{
    public const string Names = "auto, utf-8, gbk, gb18030, gb2312, utf-16le, utf-16be";

    /// <summary>By IANA's name, as in a charset parameter; "auto" and nothing at all leave it open.</summary>
    public static bool TryParse(string name, out TextEncoding encoding)
    {
        TextEncoding? found = name.Trim().Trim('"').ToLowerInvariant() switch
        {
            "" or "auto" => TextEncoding.Auto,
            "utf-8" or "utf8" or "us-ascii" => TextEncoding.Utf8,
            "gbk" or "gb18030" or "gb2312" or "cp936" or "windows-936" => TextEncoding.Gb18030,
            "utf-16" or "utf-16le" => TextEncoding.Utf16Le,
            "utf-16be" => TextEncoding.Utf16Be,
            _ => null,
        };
        encoding = found ?? TextEncoding.Auto;
        return found is not null;
    }

    /// <summary>Bytes of a text's begin that tell its encoding.</summary>
    public const int HeadBytes = 512;

    /// <summary>What a text's first bytes say, where it was left open or its byte order was.</summary>
    /// <returns>The encoding, and how many bytes its mark has.</returns>
    public static (TextEncoding Encoding, int Mark) Detect(ReadOnlySpan<byte> head, TextEncoding asked)
    {
        if (head.StartsWith("\uFEFF"u8)) return (asked is TextEncoding.Auto ? TextEncoding.Utf8 : asked, asked is TextEncoding.Utf16Le or TextEncoding.Utf16Be ? 0 : 3);
        if (asked is not (TextEncoding.Utf8 or TextEncoding.Gb18030))
        {
            if (head.StartsWith(LittleEndianMark)) return (TextEncoding.Utf16Le, 2);
            if (head.StartsWith(BigEndianMark)) return (TextEncoding.Utf16Be, 2);
        }
        // Without a mark: every other byte a NUL from the first character on.
        head = head[..Math.Min(head.Length, HeadBytes)];
        if (asked is TextEncoding.Auto && head.Contains((byte)0) && ForeignText.Guess(head, out var from) is var guess and not ForeignEncoding.None && from == 0)
            return (guess == ForeignEncoding.Utf16Le ? TextEncoding.Utf16Le : TextEncoding.Utf16Be, 0);
        return (asked, 0);
    }

    /// <summary>Bytes of a line feed.</summary>
    public static int Unit(this TextEncoding encoding) => encoding is TextEncoding.Utf16Le or TextEncoding.Utf16Be ? 2 : 1;

    /// <summary>Where the next line feed starts, or -1. In GB 18030 a line feed is never the second half of anything.</summary>
    public static int LineEnd(this TextEncoding encoding, ReadOnlySpan<byte> text)
    {
        if (encoding.Unit() == 1) return text.IndexOf((byte)'\n');
        ReadOnlySpan<byte> feed = encoding == TextEncoding.Utf16Le ? [10, 0] : [0, 10];
        for (var at = 0; ;)
        {
            var found = text[at..].IndexOf(feed);
            if (found < 0) return -1;
            at += found;
            if (at % 2 == 0) return at;
            at++;
        }
    }

    private static ReadOnlySpan<byte> LittleEndianMark => [0xFF, 0xFE];
    private static ReadOnlySpan<byte> BigEndianMark => [0xFE, 0xFF];
}
