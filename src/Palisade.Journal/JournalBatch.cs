namespace Palisade.Journal;

/// <summary>Records read together. Reused: payloads are slices of the bytes as they lie in the file, valid until the next read.</summary>
public sealed class JournalBatch
{
    private int[] offsets = new int[4096];
    internal byte[] Buffer = new byte[256 << 10];

    /// <summary>Records in the batch.</summary>
    public int Count { get; private set; }

    public ulong Sequence(int index) => FrameFormat.Sequence(Buffer.AsSpan(offsets[index]));

    public FrameHeader Header(int index) => FrameFormat.Header(Buffer.AsSpan(offsets[index], FrameFormat.HeaderBytes));

    public ReadOnlySpan<byte> Payload(int index)
    {
        var offset = offsets[index];
        return Buffer.AsSpan(offset + FrameFormat.HeaderBytes, FrameFormat.Length(Buffer.AsSpan(offset)) - FrameFormat.HeaderBytes);
    }

    /// <summary>Sequence of the last record; 0 when the batch is empty.</summary>
    public ulong LastSequence => Count == 0 ? 0 : Sequence(Count - 1);

    public void Clear() => Count = 0;

    internal void Add(int offset)
    {
        if (Count == offsets.Length) Array.Resize(ref offsets, Count * 2);
        offsets[Count++] = offset;
    }

    /// <summary>Makes room; the first <paramref name="keep"/> bytes stay.</summary>
    internal void Require(int bytes, int keep = 0)
    {
        if (Buffer.Length >= bytes) return;
        var larger = new byte[Math.Max(bytes, Math.Min(Buffer.Length * 2, 4 << 20))];
        Buffer.AsSpan(0, keep).CopyTo(larger);
        Buffer = larger;
    }
}
