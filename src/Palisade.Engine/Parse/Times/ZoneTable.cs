namespace Palisade.Engine.Parse.Times;

/// <summary>
/// A time zone as data: the instants at which its offset changes. Immutable, made outside the engine, so that reading a stamp asks no
/// operating system and gives the same for ever.
/// </summary>
public sealed class ZoneTable
{
    /// <summary>Local time is at most so far from UTC, milliseconds: what a look-up must search around a local time.</summary>
    private const long Widest = 16 * 3_600_000L;
    /// <summary>A sender's clock may be ahead of ours by so much, milliseconds.</summary>
    private const long Ahead = 300_000;

    private readonly long[] starts;
    private readonly int[] offsets;

    /// <param name="name">IANA name, or the offset as written.</param>
    /// <param name="starts">Unix milliseconds UTC, rising: from the n-th on offset n + 1 holds.</param>
    /// <param name="offsets">Milliseconds east of UTC, one more than there are starts.</param>
    public ZoneTable(string name, ReadOnlySpan<long> starts, ReadOnlySpan<int> offsets)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(offsets.Length, starts.Length + 1);
        Name = name;
        this.starts = starts.ToArray();
        this.offsets = offsets.ToArray();
    }

    /// <summary>Coordinated Universal Time.</summary>
    public static ZoneTable Utc { get; } = Fixed("UTC", 0);

    public string Name { get; }

    /// <summary>A zone of one offset, minutes east of UTC.</summary>
    public static ZoneTable Fixed(string name, int minutes) => new(name, [], [minutes * 60_000]);

    /// <summary>Milliseconds east of UTC at an instant.</summary>
    public int OffsetAt(long utcMs)
    {
        var at = Array.BinarySearch(starts, utcMs);
        return offsets[at >= 0 ? at + 1 : ~at];
    }

    /// <summary>
    /// The instant of a local time. An hour that the clocks show twice is the later one unless that lies after receipt (five minutes of clock error
    /// allowed), then the earlier; an hour that they skip is read by the offset before the change.
    /// </summary>
    /// <param name="localMs">The stamp as if it were UTC, Unix milliseconds.</param>
    /// <param name="receivedMs">Receipt, Unix milliseconds UTC.</param>
    public long ToUtc(long localMs, long receivedMs)
    {
        if (starts.Length == 0) return localMs - offsets[0];
        var from = Array.BinarySearch(starts, localMs - Widest);
        from = from >= 0 ? from + 1 : ~from;
        long earlier = long.MinValue, later = long.MinValue;
        var before = offsets[from];
        for (var i = from; i < offsets.Length && (i == 0 || starts[i - 1] <= localMs + Widest); i++)
        {
            var utc = localMs - offsets[i];
            if (i > 0 && utc < starts[i - 1]) continue;                  // this offset does not hold yet
            if (i < starts.Length && utc >= starts[i]) { before = offsets[i]; continue; }     // and this one no more
            if (earlier == long.MinValue) earlier = utc;
            later = utc;
        }
        if (earlier == long.MinValue) return localMs - before;
        return later <= receivedMs + Ahead ? later : earlier;
    }
}
