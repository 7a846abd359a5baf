namespace Palisade.Journal;

/// <summary>Frames that will share one fsync. Two of them take turns: one is filled while the other is written.</summary>
internal sealed class GroupBuffer(int initial, int max)
{
    private byte[] data = new byte[Math.Min(initial, max)];

    public int Used { get; private set; }
    /// <summary>Bytes of <see cref="Used"/> that are durable.</summary>
    public int Done { get; set; }
    public bool IsEmpty => Used == 0;
    /// <summary>Completes when the group is durable; made when somebody waits.</summary>
    public TaskCompletionSource? Completion { get; set; }

    public Span<byte> Bytes(int offset, int length) => data.AsSpan(offset, length);
    public Span<byte> Undone => data.AsSpan(Done, Used - Done);

    /// <summary>Takes room for one frame. Grows, up to the maximum; after the first busy seconds it no longer does.</summary>
    public bool TryReserve(int length, out Span<byte> room)
    {
        room = default;
        var wanted = (long)Used + length;
        if (wanted > max) return false;
        if (wanted > data.Length) Array.Resize(ref data, (int)Math.Min(max, Math.Max(wanted, data.Length * 2L)));
        room = data.AsSpan(Used, length);
        Used += length;
        return true;
    }

    public void Clear()
    {
        Used = 0;
        Done = 0;
        Completion = null;
    }
}
