using System.Text;
using Palisade.Engine.Parse.Text;

namespace Palisade.Server.Ingest;

/// <summary>Turns lines into UTF-8. Holds scratch space: one instance a thread. What is UTF-8 already passes through untouched.</summary>
public sealed class LineTranscoder
{
    private readonly ForeignText text = new();

    /// <summary>The last line was in another encoding.</summary>
    public bool Converted { get; private set; }

    /// <summary>The line in UTF-8, without a carriage return at its end; valid until the next call.</summary>
    public ReadOnlySpan<byte> ToUtf8(ReadOnlySpan<byte> line, TextEncoding encoding)
    {
        var from = 0;
        var foreign = encoding switch
        {
            TextEncoding.Utf8 => ForeignEncoding.None,
            TextEncoding.Auto => ForeignText.MayBe(line) ? ForeignText.Guess(line, out from) : ForeignEncoding.None,
            TextEncoding.Gb18030 => Ascii.IsValid(line) ? ForeignEncoding.None : ForeignEncoding.Gb18030,
            TextEncoding.Utf16Le => ForeignEncoding.Utf16Le,
            _ => ForeignEncoding.Utf16Be,
        };
        Converted = foreign != ForeignEncoding.None;
        line = text.ToUtf8(line, foreign, from);
        return line.Length > 0 && line[^1] == '\r' ? line[..^1] : line;
    }

    /// <summary>How a record came, with the remark that it was turned to UTF-8 where it was.</summary>
    public byte Mark(byte form) => Converted ? (byte)(form | RecordEncodings.Converted) : form;
}
