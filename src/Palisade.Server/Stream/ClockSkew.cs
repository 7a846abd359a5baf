namespace Palisade.Server.Streaming;

/// <summary>How far a source's stamps are from our clock.</summary>
/// <param name="MedianMs">Receipt minus event time, the middle one of the samples, milliseconds. Negative: stamps are ahead of us.</param>
/// <param name="SpreadMs">From the first to the third quartile, milliseconds.</param>
/// <param name="Samples">Events it is made from: the latest ones that carry a time.</param>
public sealed record ClockSkew(long MedianMs, long SpreadMs, int Samples)
{
    private const long Half = 30 * 60_000L, Minute = 60_000;
    private const int Enough = 5;

    /// <summary>
    /// Minutes by which stamps are read too far west of where they were written: the skew when it is whole or half hours, give or take what a sender
    /// takes to deliver, and alike for all samples. 0: it does not look like a zone that is wrong.
    /// </summary>
    public int ZoneMinutes
    {
        get
        {
            var halves = (long)Math.Round(MedianMs / (double)Half);
            if (Samples < Enough || halves is 0 or > 28 or < -28 || SpreadMs > 2 * Minute) return 0;
            return MedianMs - halves * Half is > 5 * Minute or < -2 * Minute ? 0 : (int)(-halves * 30);
        }
    }

    /// <summary>The robust figures of some delays; null when there are none. Sorts them.</summary>
    public static ClockSkew? Of(Span<long> delays)
    {
        if (delays.IsEmpty) return null;
        delays.Sort();
        return new ClockSkew(delays[delays.Length / 2], delays[delays.Length * 3 / 4] - delays[delays.Length / 4], delays.Length);
    }
}
