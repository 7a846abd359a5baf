using Palisade.Engine.Incidents.Habits;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Incidents;

/// <summary>Context that is odd and proves nothing.</summary>
public sealed class OddTests
{
    private const double Hour = 3_600, Day = 86_400;

    private static List<string> Found(SiteLog log, Action<Pipeline>? judged = null)
    {
        var found = new List<string>();
        SiteLog.Run(log.Lines, SiteLog.NewPipeline(), 1, EventBatch.MaxEvents, p =>
        {
            foreach (ref readonly var f in p.Findings.Items)
            {
                Assert.True(f.Rule.Kind != "anomaly" || f.Rule.ContextOnly);
                if (f.Rule.Kind == "anomaly") found.Add($"{f.Rule.Id} {string.Join(' ', f.Firing!.Group.Select(g => g.Value))}");
            }
            judged?.Invoke(p);
        });
        return found;
    }

    /// <summary>Log-ins of a site that is used by day, twice as much on Mondays at ten.</summary>
    private static SiteLog Weeks(int days, int seed = 1, bool busy = true)
    {
        var (log, chance) = (new SiteLog(), new Random(seed));
        for (var d = 0; d < days; d++)
            for (var h = 0; h < 14; h++)
            {
                var n = 40 + chance.Next(20) + (busy && d % 7 == 0 && h == 2 ? 220 : 0);
                for (var i = 0; i < n; i++)
                {
                    var (t, ip) = (d * Day + h * Hour + chance.NextDouble() * Hour, $"36.{chance.Next(90)}.{chance.Next(250)}.7");
                    log.Get(t, ip, "/s/app.js", referrer: "https://shop.test/").Post(t + 1, ip, "/passport/doLogin", 200, 402, "https://shop.test/");
                }
            }
        return log;
    }

    [Fact]
    public void Weeks_with_a_busy_hour_of_their_own_are_not_odd()
    {
        // Until three weeks are known the hour of the day alone is, and the second Monday may be odd by it.
        Assert.InRange(Found(Weeks(36)).Count(f => f.StartsWith("behaviour.unusual_rate", StringComparison.Ordinal)), 0, 3);
    }

    [Fact]
    public void An_hour_far_above_its_own_is_told_once()
    {
        var log = Weeks(9, 2, busy: false);
        for (var i = 0; i < 900; i++) log.Post(8 * Day + 5 * Hour + i * 3, $"37.{i % 90}.{i % 250}.7", "/passport/doLogin", 200, 402, "https://shop.test/");
        Assert.Single(Found(log), f => f.StartsWith("behaviour.unusual_rate", StringComparison.Ordinal));
    }

    [Fact]
    public void Seasons_learn_days_then_weeks_limit_what_one_hour_teaches_and_come_back_from_disk()
    {
        var season = new Season();
        long At(int day, int hour) => ((day * 24L) + hour) * 3_600_000;
        int Hours(Season s, int day, int hour, int count) => Enumerable.Range(0, count).Count(i => s.Add(At(day, hour) + i) >= 0);
        Assert.Equal(0, Hours(season, 0, 3, 5_000));                                           // nothing is known
        for (var d = 1; d < 30; d++) Assert.Equal(0, Hours(season, d, 9, 100 + d % 7 * 10));
        Assert.Equal(1, Hours(season, 30, 9, 1_200));                                          // once, however many
        Assert.Equal(1, Hours(season, 31, 9, 1_200));                                          // and again: it is not usual yet
        Assert.Equal(0, Hours(season, 32, 9, 120));
        Assert.Equal(0, Hours(season, 33, 22, 50));                                            // new, and few
        Assert.Equal(-1, season.Add(At(33, 9)));                                               // late
        var (first, second, state) = (new MemoryStream(), new MemoryStream(), new Season());
        season.Save(new BinaryWriter(first));
        first.Position = 0;
        state.Load(new BinaryReader(first));
        state.Save(new BinaryWriter(second));
        Assert.Equal(first.ToArray(), second.ToArray());
        Assert.Equal(1, Hours(state, 34, 9, 1_200));
    }

    [Theory]
    [InlineData(9_000_000, 1)]
    [InlineData(60_000, 0)]
    public void An_answer_far_larger_than_the_page_ever_gives_is_context(int bytes, int told)
    {
        var log = new SiteLog().People(400).Get(7_300, "36.0.9.9", "/goods/4001.html", 200, bytes, "https://shop.test/");
        Assert.Equal(told, Found(log).Count(f => f == "behaviour.large_answer 36.0.9.9 /goods/#.html"));
    }
}
