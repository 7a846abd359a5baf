namespace Palisade.Server.Streaming;

/// <summary>Identity and day of an event: the same after any replay.</summary>
public static class EventId
{
    private const int SequenceBits = 54;
    private const long DayMs = 86_400_000;
    private const long PastMs = 7 * DayMs;
    private const long FutureMs = DayMs;

    /// <summary>node (10 bits) | journal sequence (54 bits).</summary>
    public static ulong Of(int node, ulong sequence) => ((ulong)node << SequenceBits) | sequence;

    public static int Node(ulong id) => (int)(id >> SequenceBits);

    public static ulong Sequence(ulong id) => id & ((1UL << SequenceBits) - 1);

    /// <summary>
    /// Partition day, days since 1970-01-01 UTC: the event's own day if it lies within seven days before or one day after
    /// receipt, else the day of receipt. A wrong clock can therefore not scatter rows over partitions.
    /// </summary>
    public static int Day(long timeMs, long receivedMs)
    {
        var delta = timeMs - receivedMs;
        return (int)((delta is >= -PastMs and <= FutureMs ? timeMs : receivedMs) / DayMs);
    }
}
