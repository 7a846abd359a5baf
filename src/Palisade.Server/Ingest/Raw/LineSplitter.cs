namespace Palisade.Server.Ingest;

/// <summary>
/// Cuts a whole body into lines (LF or CR LF; the last may lack its end). Blank lines carry nothing and are passed over.
/// Pure: slices of the same bytes come out, in the body's own encoding; of UTF-16 the carriage return is left to who converts it.
/// </summary>
public ref struct LineSplitter(ReadOnlySpan<byte> body, TextEncoding encoding = TextEncoding.Utf8)
{
    private ReadOnlySpan<byte> rest = body;

    /// <summary>Bytes not read yet.</summary>
    public readonly int Remaining => rest.Length;

    /// <summary>The next line that is not blank, without its end.</summary>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        while (!rest.IsEmpty)
        {
            var end = encoding.LineEnd(rest);
            line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + encoding.Unit())..];
            if (!line.IsEmpty && line[^1] == '\r' && encoding.Unit() == 1) line = line[..^1];
            if (!line.IsEmpty) return true;
        }
        line = default;
        return false;
    }
}
