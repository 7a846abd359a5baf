using Palisade.Server.Console;

namespace Palisade.Server.Tests.Console;

public sealed class TimeRangeTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 9, 12, 0, TimeSpan.Zero);

    [Fact]
    public void Nothing_asked_is_the_last_day()
    {
        var range = TimeRange.Parse(null, null, Now);
        Assert.Equal((Now.AddDays(-1), Now, true, "now-24h"), (range.From, range.To, range.IsLive, range.Key));
    }

    [Fact]
    public void Instants_are_taken_as_they_are()
    {
        var range = TimeRange.Parse("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", Now);
        Assert.Equal((TimeSpan.FromDays(1), false, "custom"), (range.Length, range.IsLive, range.Key));
        Assert.Equal(range.From, range.Before.To);
    }

    [Theory]
    [InlineData("now-0h", "now")]
    [InlineData("now-99999d", "now")]
    [InlineData("yesterday", "now")]
    [InlineData("now", "now-1h")]
    [InlineData("now-", "now")]
    [InlineData("<script>", "now")]
    public void Nonsense_is_the_last_day(string from, string to) => Assert.Equal("now-24h", TimeRange.Parse(from, to, Now).Key);

    [Theory]
    [InlineData("now-15m", 15)]
    [InlineData("now-1h", 12)]
    [InlineData("now-24h", 24)]
    [InlineData("now-7d", 28)]
    [InlineData("now-30d", 30)]
    public void A_chart_has_a_readable_number_of_bars(string from, int bars)
    {
        var range = TimeRange.Parse(from, null, Now);
        Assert.Equal(bars, (int)(range.Length / range.Bucket));
    }
}
