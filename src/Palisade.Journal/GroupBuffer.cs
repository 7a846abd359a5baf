namespace Palisade.Journal;

/// <summary>Frames that will share one fsync. Two of them take turns: one is filled while the other is written.</summary>
internal sealed class GroupBuffer(int capacity)
{
    // Whole from the start: memory that was never touched costs nothing, and an append never has to allocate.
    private readonly byte[] data = GC.AllocateUninitializedArray<byte>(capacity);

    public int Used { get; private set; }
    /// <summary>Bytes of <see cref="Used"/> that are durable.</summary>
    public int Done { get; set; }
    public bool IsEmpty => Used == 0;
    /// <summary>Completes when the group is durable; made when somebody waits.</summary>
    public TaskCompletionSource? Completion { get; set; }

    public Span<byte> Bytes(int offset, int length) => data.AsSpan(offset, length);
    public Span<byte> Undone => data.AsSpan(Done, Used - Done);

    /// <summary>Takes room for one frame; false when there is none.</summary>
    public bool TryReserve(int length, out Span<byte> room)
    {
        room = default;
        if (length > data.Length - Used) return false;
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
