using System.Text;
using Palisade.Engine.Correlate;
using Palisade.Engine.Rules;
using Palisade.Engine.Tests.Rules;

namespace Palisade.Engine.Tests.Correlate;

/// <summary>State that an earlier version wrote, byte by byte as it did: an upgrade forgets nothing that was counted.</summary>
public sealed class EarlierStateTests
{
    private const long Minute = 60_000;
    private const string Ip = "203.0.113.7";

    private static RuleSet Set(string condition) => SigmaWorld.Load(
        SigmaWorld.Rule("bad", "s: { what: bad }\ncondition: s"),
        $"title: many\nname: many\ncorrelation:\n  type: event_count\n  rules: [bad]\n  group-by: [source.ip]\n  timespan: 5m\n  condition: {condition}\n");

    [Theory]
    [InlineData("PCS1"), InlineData("PCS2")]
    public void What_was_counted_counts_on(string version)
    {
        var set = Set("{ gte: 3 }");
        var after = Loaded(set, version, deadlineMs: 0);
        Assert.Equal(1, after.GroupCount);
        // of another group, too late for the window, and the third within it
        Assert.Empty(Bad(set, after, 3, 2 * Minute, "203.0.113.8"));
        Assert.Equal([3L], Bad(set, after, 4, 4 * Minute, Ip));
    }

    [Fact]
    public void A_window_that_was_open_closes_at_its_time()
    {
        var set = Set("{ lt: 3 }");
        var after = Loaded(set, "PCS2", deadlineMs: 5 * Minute);
        Assert.Equal([2L], Bad(set, after, 3, 30 * Minute, "203.0.113.8"));
    }

    [Theory]
    [InlineData("PCS1"), InlineData("PCS2")]
    public void It_is_written_as_the_present_version(string version)
    {
        var set = Set("{ gte: 3 }");
        using var now = new MemoryStream();
        Loaded(set, version, deadlineMs: 0).Save(now);
        Assert.Equal("PCS3"u8.ToArray(), now.ToArray()[..4]);
        now.Position = 0;
        var again = new Correlator(set);
        again.Load(now);
        Assert.Equal([3L], Bad(set, again, 3, 4 * Minute, Ip));
    }

    private static IEnumerable<long> Bad(RuleSet set, Correlator correlator, ulong sequence, long time, string ip) =>
        SigmaWorld.Feed(set, correlator, sequence, time, ("what", "bad"), ("source.ip", ip));

    // One group with events of minutes 0 and 1.
    private static Correlator Loaded(RuleSet set, string version, long deadlineMs)
    {
        using var bytes = new MemoryStream();
        using var w = new BinaryWriter(bytes);
        w.Write(Encoding.ASCII.GetBytes(version));
        w.Write(1);
        w.Write(set.Correlations[0].Info.Id);
        w.Write(set.Correlations[0].DefinitionHash);
        w.Write(1);
        // the key: tenant, then each folded value behind its length
        w.Write(8 + Ip.Length);
        w.Write(1U);
        w.Write(Ip.Length);
        w.Write(Encoding.ASCII.GetBytes(Ip));
        w.Write(1);
        w.Write(Ip);
        w.Write(false);
        w.Write(0L);
        w.Write(Minute);
        if (version != "PCS1")
        {
            w.Write(0L);
            w.Write(deadlineMs);
            w.Write(false);
        }
        w.Write(2);
        for (var i = 0; i < 2; i++)
        {
            w.Write(i * Minute);
            w.Write((ulong)i + 1);
            w.Write(0UL);
            w.Write((byte)0);
        }
        // no source has been heard of
        if (version != "PCS1") w.Write(0);
        bytes.Position = 0;
        var correlator = new Correlator(set);
        correlator.Load(bytes);
        Assert.Equal(bytes.Length, bytes.Position);
        return correlator;
    }
}
