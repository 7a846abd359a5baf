namespace Palisade.Cli.Scan;

/// <summary>Some thousand whole lines of one file in one buffer; travels from the reading to a judging thread, on to the reporting one, and back.</summary>
internal sealed class LineBlock
{
    /// <summary>Longest line; the rest of a longer one is cut off and counted.</summary>
    public const int MaxLine = 1 << 20;
    public const int MaxLines = 4096;

    public byte[] Bytes = new byte[512 << 10];
    public int Length;
    private readonly (int Start, int Length)[] lines = new (int, int)[MaxLines];

    public int Count { get; private set; }
    /// <summary>File the lines are of: index in the scan's list.</summary>
    public int File { get; set; }
    /// <summary>Number of the first line, from 1.</summary>
    public long FirstLine { get; set; }
    /// <summary>Number of the first line over all files, from 1.</summary>
    public ulong FirstSequence { get; set; }
    /// <summary>Bytes of the file read so far, compressed as they are.</summary>
    public long Position { get; set; }

    public ReadOnlySpan<byte> this[int index] => Bytes.AsSpan(lines[index].Start, lines[index].Length);

    public void Clear()
    {
        Count = 0;
        Length = 0;
    }

    public void Add(int start, int length) => lines[Count++] = (start, length);
}
