namespace Palisade.Server.Watch;

/// <summary>How a rate compares with what is usual.</summary>
public enum RateChange { None, Jumped, Fell }

/// <summary>What the same hour was like before.</summary>
public static class RateBaseline
{
    private const int LeastWeeks = 2, LeastDays = 3;

    /// <summary>The usual count: the middle one of the same hour of the weeks before, or of the days before where there are too few weeks; null where both are too few.</summary>
    /// <param name="weeks">Counts of the hour one week back, two weeks back …; only weeks in which the source was there.</param>
    /// <param name="days">Counts of the hour one day back, two days back …</param>
    public static long? Usual(IReadOnlyCollection<long> weeks, IReadOnlyCollection<long> days) =>
        weeks.Count >= LeastWeeks ? Middle(weeks) : days.Count >= LeastDays ? Middle(days) : null;

    /// <summary>Whether a count is so unlike the usual one that somebody should look. A count of nothing is silence, which is judged elsewhere.</summary>
    public static RateChange Judge(long now, long usual, double factor, long least)
    {
        if (now >= least && now > factor * Math.Max(usual, 1)) return RateChange.Jumped;
        return now > 0 && usual >= least && now * factor < usual ? RateChange.Fell : RateChange.None;
    }

    private static long Middle(IEnumerable<long> counts)
    {
        long[] sorted = [.. counts.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
