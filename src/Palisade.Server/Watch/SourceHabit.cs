namespace Palisade.Server.Watch;

/// <summary>
/// When a source usually sends, learned from the minutes in which it did: how long its pauses are, and in which quarters of an hour of the week it
/// is heard. Immutable.
/// </summary>
public sealed class SourceHabit
{
    /// <summary>Quarters of an hour back that are looked at: four weeks.</summary>
    public const int Quarters = 4 * Week;
    /// <summary>Minutes with records that are looked at for the pauses between them.</summary>
    public const int Minutes = 5000;

    private const int Day = 96, Week = 7 * Day;
    private const long MinuteMs = 60_000, QuarterMs = 15 * MinuteMs;
    /// <summary>Fewer minutes with records than this are no habit yet.</summary>
    private const int Enough = 20;
    /// <summary>Share of pauses that count as usual.</summary>
    private const double Usual = 0.98;

    private readonly HashSet<long> active;
    private readonly long first;

    private SourceHabit(int pause, HashSet<long> active) => (PauseMinutes, this.active, first) = (pause, active, active.Min());

    /// <summary>Most of its pauses are at most so long, minutes.</summary>
    public int PauseMinutes { get; }

    /// <summary>Learns; null where there is too little to learn from.</summary>
    /// <param name="minutes">Starts of minutes with records, Unix milliseconds, newest first, at most <see cref="Minutes"/>.</param>
    /// <param name="quarters">Numbers of the quarters of an hour with records since 1970.</param>
    public static SourceHabit? Learn(IReadOnlyList<long> minutes, IEnumerable<long> quarters)
    {
        if (minutes.Count < Enough) return null;
        var pauses = new int[minutes.Count - 1];
        for (var i = 0; i < pauses.Length; i++) pauses[i] = (int)((minutes[i] - minutes[i + 1]) / MinuteMs);
        Array.Sort(pauses);
        return new SourceHabit(pauses[(int)(pauses.Length * Usual)], [.. quarters, .. minutes.Select(QuarterOf)]);
    }

    public static long QuarterOf(long ms) => ms / QuarterMs;

    /// <summary>How long it may be silent, minutes: twice its usual pause, and at least what is asked for.</summary>
    public int MayBeSilent(int least) => Math.Max(least, 2 * PauseMinutes);

    /// <summary>
    /// Whether it is usually heard by now: in at least half of the weeks before, in the stretch that ends at this time of the week; of a source
    /// younger than a week, on at least half of the days before; of one younger than a day, always.
    /// </summary>
    /// <param name="stretchMinutes">How far back from <paramref name="nowMs"/> it would have to be heard.</param>
    public bool IsExpected(long nowMs, int stretchMinutes)
    {
        var now = QuarterOf(nowMs);
        var stretch = Math.Max(1, (stretchMinutes + 14) / 15);
        return Share(now, stretch, Week, 4) ?? Share(now, stretch, Day, 6) ?? true;
    }

    private bool? Share(long now, int stretch, int step, int most)
    {
        int seen = 0, heard = 0;
        for (var back = 1; back <= most && now - back * step - stretch >= first; back++)
        {
            seen++;
            for (var i = 0; i < stretch; i++)
                if (active.Contains(now - back * step - i)) { heard++; break; }
        }
        return seen == 0 ? null : heard * 2 >= seen;
    }
}
