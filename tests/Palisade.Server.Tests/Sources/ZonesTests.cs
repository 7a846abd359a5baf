using System.Globalization;
using Palisade.Engine;
using Palisade.Server.Sources;
using Palisade.Server.Streaming;
using Palisade.Tests;

namespace Palisade.Server.Tests.Sources;

/// <summary>Zones by name, and what the delay of a source says of its own.</summary>
public sealed class ZonesTests
{
    private static long Ms(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();

    [Theory]
    [InlineData("+08:00", 480), InlineData("+0800", 480), InlineData("+8", 480), InlineData("+08", 480), InlineData("-03:30", -210), InlineData("UTC", 0), InlineData("Asia/Shanghai", 480)]
    public void A_zone_has_a_name_or_an_offset(string name, int minutes) => Assert.Equal(minutes * 60_000, Zones.Find(name)?.OffsetAt(Ms("2026-11-24T00:00:00Z")));

    [Theory]
    [InlineData(""), InlineData("Mars/Base"), InlineData("+15:00"), InlineData("+08:60"), InlineData("+8:0"), InlineData("+"), InlineData("8"), InlineData("../../etc/passwd"), InlineData("/etc/localtime"), InlineData("Asia/Shang hai")]
    public void What_is_no_zone_is_none(string name) => Assert.Null(Zones.Find(name));

    [Fact]
    public void A_table_holds_the_changes_of_the_zone_to_the_second()
    {
        foreach (var name in new[] { "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Shanghai" })
        {
            var (table, zone) = (Zones.Find(name)!, TimeZoneInfo.FindSystemTimeZoneById(name));
            for (var at = Ms("1986-04-01T00:00:00Z"); at < Ms("2045-01-01T00:00:00Z"); at += 31_013_000)
                Assert.Equal((int)zone.GetUtcOffset(DateTimeOffset.FromUnixTimeMilliseconds(at)).TotalMilliseconds, table.OffsetAt(at));
        }
        var berlin = Zones.Find("Europe/Berlin")!;
        Assert.Equal((3_600_000, 7_200_000), (berlin.OffsetAt(Ms("2026-03-29T00:59:59Z")), berlin.OffsetAt(Ms("2026-03-29T01:00:00Z"))));
        Assert.Equal(Ms("2026-07-24T08:00:00Z"), berlin.ToUtc(Ms("2026-07-24T10:00:00Z"), Ms("2026-11-24T00:00:00Z")));
    }

    [Theory]
    [InlineData("", -28_798_500, "Asia/Shanghai")]            // eight hours ahead: local time of China read as UTC
    [InlineData("", 18_003_000, "-05:00")]
    [InlineData("Asia/Shanghai", 28_800_900, "UTC")]         // set although the stamps are UTC
    [InlineData("", -19_799_000, "Asia/Kolkata")]
    [InlineData("", 900, null)]
    [InlineData("", -1_200_000, null)]                       // twenty minutes: a wrong clock, no zone
    public void A_steady_skew_of_whole_or_half_hours_names_the_zone(string set, long skewMs, string? zone) =>
        Assert.Equal(zone, SourceZone.Suggested(set, new ClockSkew(skewMs, 1500, 20), DateTimeOffset.FromUnixTimeMilliseconds(Ms("2026-11-24T00:00:00Z"))));

    [Fact]
    public void Few_or_scattered_samples_name_none()
    {
        Assert.Equal(0, new ClockSkew(-28_800_000, 0, 4).ZoneMinutes);
        Assert.Equal(0, new ClockSkew(-28_800_000, 3_600_000, 64).ZoneMinutes);
    }

    [Fact]
    public void The_skew_is_the_middle_of_the_latest_delays_and_a_burst_does_not_stand_for_all()
    {
        var clock = new HandClock();
        var stats = new SourceStats(clock, _ => "x");
        var batch = new EventBatch();
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000 * 1000;
        Assert.Null(stats.Of(1, 2).Skew);
        for (var second = 0; second < 40; second++)
        {
            // each second two live events, and after them a burst of old ones that somebody sends again
            for (var i = 0; i < 20; i++)
            {
                var at = batch.Begin(new RecordInfo(1, now + second * 1000, 1, 2, RecordInfo.AutoParser), "x"u8);
                batch.Header(at).TimeMs = now + second * 1000 - (i < 2 ? 300 + second : 9_000_000);
                batch.Header(at).Flags = EventFlags.None;
            }
        }
        batch.Begin(new RecordInfo(1, now, 1, 2, RecordInfo.AutoParser), "no time of its own"u8);
        stats.Record(batch);
        var skew = stats.Of(1, 2).Skew!;
        Assert.Equal(64, skew.Samples);
        Assert.InRange(skew.MedianMs, 300, 340);
        Assert.InRange(skew.SpreadMs, 0, 40);
        Assert.Null(stats.Of(2, 2).Skew);
        stats.Record(batch);
        Assert.Equal(0, Allocated.Least(() => stats.Record(batch), rounds: 5));
    }
}
