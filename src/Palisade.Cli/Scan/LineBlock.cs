namespace Palisade.Cli.Scan;

/// <summary>Some thousand whole lines of one file in one buffer; travels from the reading to a judging thread, on to the reporting one, and back.</summary>
internal sealed class LineBlock
{
    /// <summary>Longest line; the rest of a longer one is cut off and counted.</summary>
    public const int MaxLine = 1 << 20;
    /// <summary>One less than a batch has room for: the end of a block may give one event more.</summary>
    public const int MaxLines = Palisade.Engine.EventBatch.MaxEvents - 1;

    public byte[] Bytes = new byte[512 << 10];
    public int Length;
    private readonly (int Start, int Length, bool IsElement)[] lines = new (int, int, bool)[MaxLines];

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

    /// <summary>Leaves the first so many lines.</summary>
    /// <returns>Where the bytes of the next one begin.</returns>
    public int Trim(int count)
    {
        var start = lines[count].Start;
        Count = count;
        return start;
    }

    /// <summary>Whether a line is an element of a document: a record by itself.</summary>
    public bool IsElement(int index) => lines[index].IsElement;

    public void Add(int start, int length, bool isElement = false) => lines[Count++] = (start, length, isElement);
}
