using Palisade.Engine.Correlate;
using Palisade.Engine.Rules;
using Palisade.Engine.Tests.Rules;

namespace Palisade.Engine.Tests.Correlate;

/// <summary>Events that come in any order, held against windows counted by hand.</summary>
public sealed class LateEventsTests
{
    private const int Span = 300_000;
    private static readonly RuleSet Values = SigmaWorld.Load(
        SigmaWorld.Rule("bad", "s: { what: v0 }\ncondition: not s"),
        "title: wide\nname: wide\ncorrelation:\n  type: value_count\n  rules: [bad]\n  group-by: [source.ip]\n  timespan: 5m\n  condition: { field: what, gte: 4 }\n");
    private static readonly RuleSet Kinds = SigmaWorld.Load(
        SigmaWorld.Rule("a", "s: { what: v1 }\ncondition: s"), SigmaWorld.Rule("b", "s: { what: v2 }\ncondition: s"), SigmaWorld.Rule("c", "s: { what: v3 }\ncondition: s"),
        SigmaWorld.Rule("d", "s: { what: v4 }\ncondition: s"),
        "title: all\nname: all\ncorrelation:\n  type: temporal\n  rules: [a, b, c, d]\n  group-by: [source.ip]\n  timespan: 5m\n");

    [Theory]
    [InlineData("values")]
    [InlineData("kinds")]
    public void They_fire_at_the_event_that_first_makes_some_window_hold(string of)
    {
        var set = of == "values" ? Values : Kinds;
        var (fired, silent) = (0, 0);
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var correlator = new Correlator(set);
            List<(long TimeMs, int Value)> seen = [];
            // At most fifteen minutes in all, so that none is too late; some seeds crowd into a few moments.
            var moments = random.Next(3, 60);
            for (ulong i = 1; i <= 60; i++)
            {
                // The fourth value is rare, or every seed would fire at once.
                var e = (TimeMs: random.Next(moments) * (900_000L / moments), Value: random.Next(40) == 0 ? 4 : random.Next(1, 4));
                seen.Add(e);
                var fires = SigmaWorld.Feed(set, correlator, i, e.TimeMs, ("what", "v" + e.Value), ("source.ip", "203.0.113.7")).Any();
                var holds = seen.Any(end => seen.Where(o => o.TimeMs <= end.TimeMs && o.TimeMs >= end.TimeMs - Span).Select(o => o.Value).Distinct().Count() >= 4);
                Assert.True(fires == holds, $"seed {seed}, event {i}: fires {fires}, by hand {holds}");
                if (!holds) continue;
                fired++;
                break;
            }
            if (seen.Count == 60) silent++;
        }
        Assert.True(fired > 5 && silent > 5, $"{fired} fired and {silent} did not: the seeds do not try both");
    }

    [Theory]
    [InlineData("values")]
    [InlineData("kinds")]
    public void A_log_that_is_sent_again_and_again_fills_no_group_and_fires_once(string of)
    {
        var set = of == "values" ? Values : Kinds;
        var correlator = new Correlator(set, new CorrelatorOptions { MaxEventsPerGroup = 100 });
        ulong sequence = 0;
        var fired = 0;
        for (var round = 0; round < 60; round++)
            for (var i = 0; i < 12; i++)
                fired += SigmaWorld.Feed(set, correlator, ++sequence, i / 3 * 1000, ("what", "v" + (i % 4 + 1)), ("source.ip", "203.0.113.7")).Count();
        Assert.Equal(1, fired);
        Assert.Equal(0, correlator.Forgotten);
    }
}
