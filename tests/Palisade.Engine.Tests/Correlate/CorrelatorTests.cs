using Palisade.Engine.Correlate;
using Palisade.Engine.Rules;
using Palisade.Engine.Tests.Rules;

namespace Palisade.Engine.Tests.Correlate;

public sealed class CorrelatorTests
{
    private const long Minute = 60_000;
    private static readonly RuleSet Count = SigmaWorld.Load(
        SigmaWorld.Rule("bad", "s: { what: bad }\ncondition: s"),
        "title: many\nname: many\ncorrelation:\n  type: event_count\n  rules: [bad]\n  group-by: [source.ip]\n  timespan: 5m\n  condition: { gte: 3 }\n");
    private static readonly RuleSet Distinct = SigmaWorld.Load(
        SigmaWorld.Rule("bad", "s: { what: bad }\ncondition: s"),
        "title: wide\nname: wide\ncorrelation:\n  type: value_count\n  rules: [bad]\n  group-by: [source.ip]\n  timespan: 5m\n  condition: { field: user.name, gte: 3 }\n");
    private static readonly RuleSet Ordered = SigmaWorld.Load(
        SigmaWorld.Rule("first", "s: { what: first }\ncondition: s"), SigmaWorld.Rule("second", "s: { what: second }\ncondition: s"),
        "title: chain\nname: chain\ncorrelation:\n  type: temporal_ordered\n  rules: [first, second]\n  group-by: [source.ip]\n  timespan: 5m\n");

    private static int Fired(RuleSet set, params (long TimeMs, string What, string Ip, string User)[] events) => Fired(set, new Correlator(set), 0, events);

    private static int Fired(RuleSet set, Correlator correlator, ulong after, params (long TimeMs, string What, string Ip, string User)[] events) => events
        .Sum(e => SigmaWorld.Feed(set, correlator, ++after, e.TimeMs, ("what", e.What), ("source.ip", e.Ip), ("user.name", e.User)).Count());

    private static (long, string, string, string) Bad(long time, string user = "u", string ip = "203.0.113.7") => (time, "bad", ip, user);

    [Fact]
    public void The_threshold_fires_once_when_it_is_reached() =>
        Assert.Equal(1, Fired(Count, [.. Enumerable.Range(0, 8).Select(i => Bad(i * 1000))]));

    [Fact]
    public void A_window_holds_both_its_ends()
    {
        Assert.Equal(1, Fired(Count, Bad(0), Bad(1), Bad(5 * Minute)));
        Assert.Equal(0, Fired(Count, Bad(0), Bad(1), Bad(5 * Minute + 1)));
    }

    [Fact]
    public void Groups_do_not_mix() => Assert.Equal(0, Fired(Count, Bad(0), Bad(1), Bad(2, ip: "203.0.113.8"), Bad(3, ip: "203.0.113.8")));

    [Fact]
    public void Only_distinct_values_count()
    {
        Assert.Equal(0, Fired(Distinct, Bad(0, "a"), Bad(1, "b"), Bad(2, "B"), Bad(3, "a")));
        Assert.Equal(1, Fired(Distinct, Bad(0, "a"), Bad(1, "b"), Bad(2, "c"), Bad(3, "d")));
    }

    [Fact]
    public void An_ordered_chain_needs_its_order()
    {
        Assert.Equal(1, Fired(Ordered, (0, "first", "192.0.2.1", "u"), (1000, "second", "192.0.2.1", "u")));
        Assert.Equal(0, Fired(Ordered, (0, "second", "192.0.2.1", "u"), (1000, "first", "192.0.2.1", "u")));
        Assert.Equal(0, Fired(Ordered, (0, "first", "192.0.2.1", "u"), (1000, "second", "192.0.2.2", "u")));
    }

    [Fact]
    public void Events_out_of_order_fire_as_in_order()
    {
        Assert.Equal(1, Fired(Count, Bad(2 * Minute), Bad(0), Bad(Minute)));
        Assert.Equal(1, Fired(Distinct, Bad(2 * Minute, "c"), Bad(0, "a"), Bad(Minute, "b")));
        // the later step is read first
        Assert.Equal(1, Fired(Ordered, (1000, "second", "192.0.2.1", "u"), (0, "first", "192.0.2.1", "u")));
    }

    [Fact]
    public void An_event_beyond_the_lateness_is_counted_as_late()
    {
        var correlator = new Correlator(Count);
        Assert.Equal(0, Fired(Count, correlator, 0, Bad(60 * Minute), Bad(0), Bad(1)));
        Assert.Equal(2, correlator.Late);
    }

    [Theory]
    [InlineData("count"), InlineData("distinct"), InlineData("ordered")]
    public void State_saved_in_the_middle_of_a_window_fires_as_if_nothing_had_happened(string kind)
    {
        var set = kind switch { "count" => Count, "distinct" => Distinct, _ => Ordered };
        (long, string, string, string)[] events = kind == "ordered"
            ? [(0, "first", "192.0.2.1", "u"), (1000, "second", "192.0.2.1", "u"), (2000, "second", "192.0.2.1", "u"), (9 * Minute, "first", "192.0.2.1", "u"), (10 * Minute, "second", "192.0.2.1", "u")]
            : [Bad(0, "a"), Bad(1000, "b"), Bad(2000, "c"), Bad(3000, "d"), Bad(10 * Minute, "e"), Bad(10 * Minute + 1, "f"), Bad(10 * Minute + 2, "g")];
        var whole = new Correlator(set);
        var expected = events.Select((e, i) => Fired(set, whole, (ulong)i, e)).ToArray();
        Assert.Equal(2, expected.Sum());
        for (var cut = 0; cut <= events.Length; cut++)
        {
            var before = new Correlator(set);
            var fired = events[..cut].Select((e, i) => Fired(set, before, (ulong)i, e)).ToList();
            using var state = new MemoryStream();
            before.Save(state);
            state.Position = 0;
            var after = new Correlator(set);
            after.Load(state);
            using var again = new MemoryStream();
            after.Save(again);
            Assert.Equal(state.ToArray(), again.ToArray());
            fired.AddRange(events[cut..].Select((e, i) => Fired(set, after, (ulong)(cut + i), e)));
            Assert.Equal(expected, fired);
        }
    }

    [Theory]
    [InlineData("count"), InlineData("distinct"), InlineData("ordered")]
    public void Figures_kept_while_events_come_late_are_those_counted_anew(string kind)
    {
        var set = kind switch { "count" => Count, "distinct" => Distinct, _ => Ordered };
        var order = new Random(11);
        // What is loaded counts its figures anew from the events it holds.
        Correlator kept = new(set), anew = new(set);
        var fired = 0;
        for (var i = 0; i < 600; i++)
        {
            var e = (Time: i * 20_000L + order.Next(-5, 6) * Minute, What: kind != "ordered" ? "bad" : order.Next(2) == 0 ? "first" : "second", Ip: $"203.0.113.{order.Next(3)}", User: $"u{order.Next(6)}");
            e.Time = Math.Max(0, e.Time);
            var said = Fired(set, kept, (ulong)i, e);
            Assert.Equal(said, Fired(set, anew, (ulong)i, e));
            fired += said;
            using var state = new MemoryStream();
            anew.Save(state);
            state.Position = 0;
            anew = new Correlator(set);
            anew.Load(state);
        }
        Assert.InRange(fired, 3, 500);
    }

    [Fact]
    public void Broken_state_is_refused()
    {
        var correlator = new Correlator(Count);
        Fired(Count, correlator, 0, Bad(0));
        using var state = new MemoryStream();
        correlator.Save(state);
        Assert.Throws<InvalidDataException>(() => correlator.Load(new MemoryStream([1, 2, 3, 4, 5])));
        Assert.Throws<InvalidDataException>(() => correlator.Load(new MemoryStream(state.ToArray()[..^3])));
    }
}
