namespace Palisade.Cli.Parse;

/// <summary>Splits a stream into lines on '\n' without copying them. A line longer than the limit is cut there, and the rest of it skipped.</summary>
internal sealed class LineReader(Stream stream)
{
    public const int MaxLine = 1 << 20;
    private byte[] buffer = new byte[1 << 18];
    private int start, end;
    private bool ended, skipping;

    /// <summary>Lines that were cut.</summary>
    public long Cut { get; private set; }

    /// <summary>The next line without its line feed; valid until the next call.</summary>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        while (true)
        {
            var window = buffer.AsSpan(start, end - start);
            var feed = window.IndexOf((byte)'\n');
            if (feed >= 0 && skipping) { start += feed + 1; skipping = false; continue; }
            if (feed >= 0) { line = window[..feed]; start += feed + 1; return true; }
            if (skipping) start = end;
            else if (window.Length > MaxLine) { line = window[..MaxLine]; start = end; skipping = true; Cut++; return true; }
            if (ended)
            {
                line = buffer.AsSpan(start, end - start);
                start = end;
                return line.Length > 0;
            }
            Fill();
        }
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
