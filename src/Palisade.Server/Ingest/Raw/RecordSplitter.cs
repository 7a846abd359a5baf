using Palisade.Engine.Parse.Records;

namespace Palisade.Server.Ingest;

/// <summary>
/// Cuts a whole body into records: lines, or the elements of JSON documents that hold many. Blank lines carry nothing and are passed over.
/// UTF-16 and bodies said to be GB 18030, whose second bytes may look like JSON's signs, are cut into lines only.
/// </summary>
/// <param name="body">The body.</param>
/// <param name="offset">Where to begin: behind the mark of the encoding, or behind a record.</param>
/// <param name="mark">Bytes of the mark.</param>
/// <param name="encoding">What it is written in.</param>
public ref struct RecordSplitter(ReadOnlySpan<byte> body, int offset, int mark = 0, TextEncoding encoding = TextEncoding.Auto)
{
    private readonly ReadOnlySpan<byte> body = body;
    private readonly bool byLines = encoding is TextEncoding.Utf16Le or TextEncoding.Utf16Be or TextEncoding.Gb18030;
    private LineSplitter lines = new(body[Math.Max(offset, mark)..], encoding);
    private RecordCutter cutter = offset <= mark ? default : RecordCutter.Behind(body[offset - 1]);

    /// <summary>Bytes of the body that are done with.</summary>
    public int Offset { get; private set; } = Math.Max(offset, mark);

    /// <summary>How the last record came: as a line, or as an element, which is never joined with others.</summary>
    public byte Form { get; private set; } = RecordEncodings.Line;

    /// <summary>The next record that is not blank, without a line's end.</summary>
    public bool TryRead(out ReadOnlySpan<byte> record)
    {
        if (byLines)
        {
            var found = lines.TryRead(out record);
            Offset = body.Length - lines.Remaining;
            return found;
        }
        while (true)
        {
            var found = cutter.TryCut(body[Offset..], true, out var start, out var length, out var used);
            record = found ? body.Slice(Offset + start, length) : default;
            Offset += used;
            if (!found) return false;
            Form = cutter.WasElement ? RecordEncodings.Json : RecordEncodings.Line;
            if (!cutter.WasElement && !record.IsEmpty && record[^1] == '\r') record = record[..^1];
            if (!record.IsEmpty) return true;
        }
    }
}
