namespace Palisade.Cli.Send;

/// <summary>Some lines on their way, each ended by a newline. Reused.</summary>
internal sealed class LineBatch
{
    public const int MaxLines = 1000;
    public const int MaxBytes = 1 << 20;
    private byte[] bytes = new byte[256 << 10];
    private int length;

    public int Count { get; private set; }
    public bool IsFull => Count >= MaxLines || length >= MaxBytes;
    public ReadOnlySpan<byte> Bytes => bytes.AsSpan(0, length);

    public void Add(ReadOnlySpan<byte> line)
    {
        var room = Room(line.Length);
        line.CopyTo(room);
        Took(line.Length);
    }

    /// <summary>Room to write a line in place; <see cref="Took"/> says how long it became.</summary>
    public Span<byte> Room(int atLeast)
    {
        if (bytes.Length - length < atLeast + 1) Array.Resize(ref bytes, Math.Max(bytes.Length * 2, length + atLeast + 1));
        return bytes.AsSpan(length, bytes.Length - length - 1);
    }

    public void Took(int lineLength)
    {
        length += lineLength;
        bytes[length++] = (byte)'\n';
        Count++;
    }

    public void Clear()
    {
        length = 0;
        Count = 0;
    }
}
