using System.Globalization;
using Palisade.Server.Watch;

namespace Palisade.Server.Tests.Watch;

/// <summary>What is a habit, and what is unlike it.</summary>
public sealed class HabitTests
{
    private const long Minute = 60_000, Day = 1440 * Minute;

    // A Wednesday, noon.
    private static readonly long Noon = DateTimeOffset.Parse("2026-11-25T12:00:00Z", CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();

    /// <summary>Learns from the minutes of four weeks before an instant in which it was heard.</summary>
    private static SourceHabit? Learn(long until, Func<long, bool> heard, int days = 28)
    {
        var minutes = new List<long>();
        for (var at = until - Minute; at >= until - days * Day; at -= Minute) if (heard(at)) minutes.Add(at);
        return SourceHabit.Learn(minutes.Take(SourceHabit.Minutes).ToList(), minutes.Select(SourceHabit.QuarterOf).Distinct());
    }

    private static bool Office(long at) => DateTimeOffset.FromUnixTimeMilliseconds(at) is { DayOfWeek: not (DayOfWeek.Saturday or DayOfWeek.Sunday), Hour: >= 8 and < 18 };

    [Fact]
    public void A_source_that_is_always_heard_may_be_silent_for_the_least_time_only()
    {
        var habit = Learn(Noon, _ => true)!;
        Assert.Equal((1, 15), (habit.PauseMinutes, habit.MayBeSilent(15)));
        Assert.True(habit.IsExpected(Noon + 15 * Minute, 15));
        Assert.True(habit.IsExpected(Noon + 9 * 60 * Minute, 15));
    }

    [Fact]
    public void A_source_of_office_hours_is_not_missed_at_night_or_on_Sunday()
    {
        var evening = Noon + 6 * 60 * Minute;
        var habit = Learn(evening, Office)!;
        Assert.Equal(15, habit.MayBeSilent(15));
        Assert.False(habit.IsExpected(evening + 20 * Minute, 15));
        Assert.False(habit.IsExpected(evening + 13 * 60 * Minute, 15));                  // 7 in the morning
        Assert.True(habit.IsExpected(evening + (14 * 60 + 20) * Minute, 15));           // 8:20 on Thursday
        Assert.False(habit.IsExpected(evening + 3 * Day + 17 * 60 * Minute, 15));       // Sunday, 11
        Assert.True(habit.IsExpected(evening + 4 * Day + 17 * 60 * Minute, 15));        // Monday, 11
    }

    [Fact]
    public void A_source_that_speaks_every_three_hours_may_be_silent_for_six()
    {
        var habit = Learn(Noon, at => at / Minute % 180 == 0)!;
        Assert.Equal((180, 360), (habit.PauseMinutes, habit.MayBeSilent(15)));
        Assert.True(habit.IsExpected(Noon + 361 * Minute, 360));
    }

    [Fact]
    public void One_long_outage_is_no_habit()
    {
        var habit = Learn(Noon, at => at is var t && (Noon - t < Day || Noon - t > 2 * Day))!;
        Assert.Equal(1, habit.PauseMinutes);
        Assert.True(habit.IsExpected(Noon + 20 * Minute, 15));
    }

    [Fact]
    public void A_young_source_is_judged_by_its_days_and_a_new_one_not_at_all()
    {
        Assert.Null(Learn(Noon, at => Noon - at <= 10 * Minute));
        var days = Learn(Noon, at => DateTimeOffset.FromUnixTimeMilliseconds(at).Hour is >= 8 and < 18, days: 4)!;
        Assert.True(days.IsExpected(Noon + 20 * Minute, 15));
        Assert.False(days.IsExpected(Noon + 8 * 60 * Minute, 15));
        Assert.True(Learn(Noon, _ => true, days: 1)!.IsExpected(Noon + 20 * Minute, 15));
    }

    [Theory]
    [InlineData(50_001, 10_000, RateChange.Jumped)]
    [InlineData(50_000, 10_000, RateChange.None)]
    [InlineData(1_999, 10_000, RateChange.Fell)]
    [InlineData(2_000, 10_000, RateChange.None)]
    [InlineData(0, 10_000, RateChange.None)]                 // silence is judged elsewhere
    [InlineData(599, 10, RateChange.None)]                   // too few to speak of
    [InlineData(100, 599, RateChange.None)]
    [InlineData(600, 0, RateChange.Jumped)]
    public void A_rate_is_judged_by_a_factor_from_a_least_count_on(long now, long usual, RateChange expected) =>
        Assert.Equal(expected, RateBaseline.Judge(now, usual, 5, 600));

    [Fact]
    public void The_usual_count_is_the_middle_one_of_the_weeks_else_of_the_days()
    {
        Assert.Equal(100, RateBaseline.Usual([90, 100, 9000], [1, 1, 1]));
        Assert.Equal(95, RateBaseline.Usual([90, 100], []));
        Assert.Equal(7, RateBaseline.Usual([90], [5, 7, 8]));
        Assert.Null(RateBaseline.Usual([90], [5, 7]));
    }

    [Fact]
    public void Options_out_of_range_are_said_with_their_keys()
    {
        Assert.Empty(new WatchOptions().Problems());
        var wrong = new WatchOptions { SilentMinutes = 1, RateFactor = double.NaN, RateMinimum = 0, MinCompleteness = 101, LossMinimum = 0 };
        Assert.Equal(["Watch:SilentMinutes", "Watch:RateFactor", "Watch:RateMinimum", "Watch:MinCompleteness", "Watch:LossMinimum"], wrong.Problems().Select(p => p[..p.IndexOf(' ')]));
    }
}
