using Palisade.Engine.Parse.Records;

namespace Palisade.Cli.Parse;

/// <summary>
/// Cuts a stream into records without copying them: lines, and the elements of JSON documents that hold many. One longer than the limit is cut there, and the rest of it skipped.
/// </summary>
/// <param name="stream">The bytes.</param>
/// <param name="byLines">Lines only, whatever they hold.</param>
internal sealed class LineReader(Stream stream, bool byLines = false)
{
    public const int MaxLine = 1 << 20;
    private byte[] buffer = new byte[1 << 18];
    private int start, end;
    private bool ended, skipping;
    private RecordCutter cutter;

    /// <summary>Records that were cut.</summary>
    public long Cut { get; private set; }

    /// <summary>The last record was an element of an array: no line, and never a part of one.</summary>
    public bool WasElement => cutter.WasElement;

    /// <summary>The next record, without a line's feed; valid until the next call.</summary>
    public bool TryRead(out ReadOnlySpan<byte> record)
    {
        while (true)
        {
            var found = TryCut(buffer.AsSpan(start, end - start), out var from, out var length, out var used);
            var at = start + from;
            start += used;
            if (found && skipping) { skipping = false; continue; }
            if (found) { record = buffer.AsSpan(at, length); return true; }
            var left = end - start;
            if (left > MaxLine || (skipping && left > 0))
            {
                at = start;
                start = end;
                cutter.Drop();
                if (skipping) continue;
                skipping = true;
                Cut++;
                record = buffer.AsSpan(at, MaxLine);
                return true;
            }
            if (ended) { record = default; return false; }
            Fill();
        }
    }

    private bool TryCut(ReadOnlySpan<byte> text, out int from, out int length, out int used)
    {
        if (!byLines) return cutter.TryCut(text, ended, out from, out length, out used);
        var feed = text.IndexOf((byte)'\n');
        (from, length, used) = (0, feed < 0 ? text.Length : feed, feed + 1);
        if (feed >= 0) return true;
        used = ended ? text.Length : 0;
        return ended && text.Length > 0;
    }

    private void Fill()
    {
        if (start > 0) { buffer.AsSpan(start, end - start).CopyTo(buffer); end -= start; start = 0; }
        if (end == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
        var n = stream.Read(buffer.AsSpan(end));
        if (n == 0) ended = true;
        end += n;
    }
}
