using System.Globalization;
using Palisade.Engine.Correlate;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Rules;
using Palisade.Engine.Tests.Rules;
using Palisade.Tests;

namespace Palisade.Engine.Tests.Correlate;

/// <summary>How groups are kept: nothing of it may be seen in what fires.</summary>
[Collection(AloneCollection.Name)]
public sealed class GroupStorageTests
{
    private const long Minute = 60_000, Day = 24 * 60 * Minute;

    private static RuleSet Counting(int threshold, string span = "5m", string groupBy = "g", string? field = null) => SigmaWorld.Load(
        SigmaWorld.Rule("bad", "s: { what: bad }\ncondition: s"),
        $"title: many\nname: many\ncorrelation:\n  type: {(field is null ? "event_count" : "value_count")}\n  rules: [bad]\n  group-by: [{groupBy}]\n  timespan: {span}\n  condition: {{ gte: {threshold}{(field is null ? "" : ", field: " + field)} }}\n");

    private sealed record Said(string Group, long Count, long WindowStartMs, ulong FirstSequence, string Sequences);

    private sealed class World(RuleSet set, Correlator correlator)
    {
        private readonly SigmaDetector detector = new(set);
        private readonly EventBatch batch = new();
        private readonly FindingList findings = new();

        public Correlator Correlator { get; set; } = correlator;

        public World Add(ulong sequence, long timeMs, params (string Name, string? Value)[] fields)
        {
            SigmaWorld.Add(batch, sequence, timeMs, [("what", "bad"), .. fields]);
            return this;
        }

        public EventBatch Batch => batch;

        public List<Said> Judge()
        {
            detector.Detect(batch, findings);
            Correlator.Process(batch, findings);
            var said = new List<Said>();
            foreach (ref readonly var finding in findings.Items)
                if (finding.Firing is { } f) said.Add(new Said(string.Join('|', f.Group.Select(g => g.Value)), f.Count, f.WindowStartMs, f.FirstSequence, string.Join(',', f.Sequences)));
            batch.Clear();
            findings.Clear();
            return said;
        }
    }

    // With more lateness than a record can tell times apart, every group is kept the general way.
    [Theory]
    [InlineData(1, 1), InlineData(2, 2), InlineData(3, 3), InlineData(5, 4), InlineData(40, 5)]
    public void Counts_kept_in_records_fire_as_those_kept_in_objects(int threshold, int seed)
    {
        var set = Counting(threshold);
        var small = new World(set, new Correlator(set, new CorrelatorOptions { LatenessMs = 12 * Day }));
        var large = new World(set, new Correlator(set, new CorrelatorOptions { LatenessMs = 13 * Day }));
        var order = new Random(seed);
        var (fired, time, sequence) = (0, 100 * Day, 0UL);
        for (var i = 0; i < 6_000; i++)
        {
            time += order.Next(threshold > 10 ? 2_000 : 12_000);
            if (order.Next(400) == 0) time += Day;
            sequence += order.Next(500) == 0 ? 3UL << 31 : (ulong)order.Next(2);
            var at = order.Next(4) == 0 ? time - order.Next((int)(12 * Minute)) : time - time % (order.Next(3) * 1000 + 1);
            var group = $"G{order.Next(4)}";
            foreach (var world in new[] { small, large }) world.Add(sequence, at, ("g", i % 2 == 0 ? group : group.ToLowerInvariant()));
            if (order.Next(20) != 0) continue;
            var said = small.Judge();
            Assert.Equal(large.Judge(), said);
            fired += said.Count;
            if (order.Next(20) == 0)
            {
                small.Correlator = Reloaded(set, small.Correlator, 12 * Day);
                large.Correlator = Reloaded(set, large.Correlator, 13 * Day);
            }
        }
        Assert.InRange(fired, 5, 3_000);
        Assert.Equal(large.Correlator.GroupCount, small.Correlator.GroupCount);
    }

    private static Correlator Reloaded(RuleSet set, Correlator before, long lateness)
    {
        using var state = new MemoryStream();
        before.Save(state);
        state.Position = 0;
        var after = new Correlator(set, new CorrelatorOptions { LatenessMs = lateness });
        after.Load(state);
        using var again = new MemoryStream();
        after.Save(again);
        Assert.Equal(state.ToArray(), again.ToArray());
        return after;
    }

    [Fact]
    public void Groups_that_come_and_go_are_found_each_by_its_own_key()
    {
        var set = Counting(2, "1m");
        var options = new CorrelatorOptions { LatenessMs = 0 };
        var world = new World(set, new Correlator(set, options));
        var order = new Random(3);
        // what the engine should hold, kept plainly: when each group was seen and when it fired
        var last = new Dictionary<string, (long Time, long Fired)>();
        var (time, sequence, firings) = (10 * Day, 0UL, 0);
        for (var i = 0; i < 40_000; i++)
        {
            time += 20;
            var group = $"user{order.Next(6_000).ToString(CultureInfo.InvariantCulture)}";
            var known = last.TryGetValue(group, out var before) && time - before.Time <= Minute;
            var expected = known && (before.Fired == 0 || time - before.Fired > Minute);
            last[group] = (time, expected ? time : known ? before.Fired : 0);
            world.Add(++sequence, time, ("g", order.Next(2) == 0 ? group : group.ToUpperInvariant()));
            var said = world.Judge();
            Assert.Equal(expected ? 1 : 0, said.Count);
            firings += said.Count;
        }
        Assert.InRange(firings, 100, 40_000);
        // a minute holds 3,000 events
        Assert.InRange(world.Correlator.GroupCount, 1_000, 6_000);
        for (var i = 0; i < 20_000; i++) world.Add(++sequence, time + Day, ("g", "one")).Judge();
        Assert.Equal(1, world.Correlator.GroupCount);
    }

    [Fact]
    public void A_group_takes_less_than_96_bytes()
    {
        // nearly fill a page of records: what is left of the last one has been touched by nobody
        const int groups = 250_000;
        var set = Counting(20, "60m");
        // what others held goes meanwhile, which only makes it less: the most of three times
        Assert.InRange(Enumerable.Range(0, 3).Max(_ => Taken() / (double)groups), 30, 96);

        long Taken()
        {
            var world = new World(set, new Correlator(set));
            // batch and detector have their room already
            for (var i = 0; i < EventBatch.MaxEvents; i++) world.Add((ulong)i, 10 * Day, ("g", $"user{i}"));
            world.Judge();
            world.Correlator = new Correlator(set);
            var before = Held();
            var correlator = world.Correlator = new Correlator(set, new CorrelatorOptions { MaxGroups = groups });
            for (var i = 0; i < groups; i++)
            {
                world.Add((ulong)i, 10 * Day + i / 1000, ("g", $"user{i}"));
                if (world.Batch.IsFull || i == groups - 1) world.Judge();
            }
            Assert.Equal(groups, correlator.GroupCount);
            var taken = Held() - before;
            GC.KeepAlive(world);
            return taken;
        }

        // GetTotalMemory is content with a twentieth more or less, which is much where other tests left much
        static long Held()
        {
            for (var i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            return GC.GetTotalMemory(forceFullCollection: false);
        }
    }

    [Fact]
    public void Counting_allocates_nothing_once_the_windows_are_full()
    {
        var set = Counting(60);
        var correlator = new Correlator(set);
        var batch = new EventBatch();
        var findings = new FindingList();
        for (var i = 0; i < 3_000; i++) SigmaWorld.Add(batch, (ulong)i, 10 * Day, ("what", "bad"), ("g", $"user{i}"));
        new SigmaDetector(set).Detect(batch, findings);
        // five minutes and ten of lateness hold thirty events of a group
        for (var round = 0; round < 80; round++) Slide();
        Assert.Equal(0, Allocated.Once(() =>
        {
            for (var round = 0; round < 20; round++) Slide();
        }));
        Assert.Equal(3_000, correlator.GroupCount);
        Assert.Equal(0, correlator.Late);
        Assert.Equal(0, findings.Count);

        void Slide()
        {
            for (var i = 0; i < batch.Count; i++)
            {
                ref var header = ref batch.Header(i);
                header.Sequence += 3_000;
                header.TimeMs += Minute / 2;
                header.ReceivedMs += Minute / 2;
            }
            correlator.Process(batch, findings);
        }
    }

    [Theory]
    [InlineData(10, 1), InlineData(26, 0), InlineData(24, 1)]
    public void A_threshold_beyond_what_a_group_may_hold_is_reached(int everyMs, int fired)
    {
        // 12,000 in five minutes is one every 25 ms
        var set = Counting(12_000);
        var world = new World(set, new Correlator(set));
        var said = new List<Said>();
        for (var i = 0; i < 20_000; i++)
        {
            world.Add((ulong)i, Day + i * everyMs, ("g", "x"));
            if (world.Batch.IsFull || i == 19_999) said.AddRange(world.Judge());
        }
        Assert.Equal(fired, said.Count);
        Assert.All(said, s => Assert.InRange(s.Count, 12_000, 12_012));
        Assert.InRange(world.Correlator.Forgotten, 0, 0);
    }

    [Fact]
    public void A_long_group_value_is_told_apart_by_the_whole_and_shown_short()
    {
        var set = Counting(2);
        var world = new World(set, new Correlator(set));
        var text = new string('x', 5_000);
        Assert.Empty(world.Add(1, 0, ("g", text + "a")).Add(2, 1, ("g", text + "b")).Judge());
        var said = Assert.Single(world.Add(3, 2, ("g", text + "A")).Judge());
        Assert.InRange(said.Group.Length, 1_000, 1_100);
        Assert.Equal(2, world.Correlator.GroupCount);
    }

    [Fact]
    public void A_key_beyond_64_kib_is_refused_and_counted()
    {
        var names = string.Join(", ", Enumerable.Range(0, 80).Select(i => $"f{i}"));
        var set = Counting(1, "5m", names);
        var world = new World(set, new Correlator(set));
        world.Add(1, 0, [.. Enumerable.Range(0, 80).Select(i => ($"f{i}", (string?)new string('x', 900)))]);
        Assert.Empty(world.Judge());
        Assert.Equal(1, world.Correlator.Refused);
    }

    [Fact]
    public void Values_that_are_no_utf8_keep_their_group_over_a_restart()
    {
        var set = Counting(2);
        var correlator = new Correlator(set);
        Feed(correlator, 1);
        using var state = new MemoryStream();
        correlator.Save(state);
        state.Position = 0;
        var after = new Correlator(set);
        after.Load(state);
        Assert.Equal(1, Feed(after, 2));

        int Feed(Correlator to, ulong sequence)
        {
            var batch = new EventBatch();
            var findings = new FindingList();
            SigmaWorld.Add(batch, sequence, (long)sequence, ("what", "bad"));
            batch.Add(FieldNames.GetOrAdd("g"), [0x61, 0xFF, 0xFE]);
            new SigmaDetector(set).Detect(batch, findings);
            to.Process(batch, findings);
            return findings.Count;
        }
    }

    [Fact]
    public void A_full_correlation_turns_new_groups_away_and_never_drops_one_that_has_come_half_of_its_way()
    {
        var set = Counting(3);
        var world = new World(set, new Correlator(set, new CorrelatorOptions { MaxGroups = 10 }));
        for (var i = 0; i < 10; i++) world.Add((ulong)i, i, ("g", $"g{i}")).Add((ulong)i + 100, i, ("g", $"g{i}"));
        Assert.Empty(world.Judge());
        for (var i = 0; i < 1_000; i++) world.Add((ulong)i + 1_000, 10 + i, ("g", $"other{i}"));
        Assert.Empty(world.Judge());
        Assert.Equal(1_000, world.Correlator.Refused);
        for (var i = 0; i < 10; i++) world.Add((ulong)i + 5_000, 2_000, ("g", $"g{i}"));
        Assert.Equal(10, world.Judge().Count);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("v")]
    public void Names_that_are_seen_once_turn_nobody_away(string? field)
    {
        var set = Counting(3, field: field);
        var world = new World(set, new Correlator(set, new CorrelatorOptions { MaxGroups = 100 }));
        ulong n = 0;
        void One(string group, string value) => world.Add(++n, (long)n, ("g", group), ("v", value));
        One("early", "a");
        One("early", "b");
        for (var i = 0; i < 2_000; i++)
        {
            One($"once{i}", "a");
            // Comes in the middle of it, with a few of the flood between its events.
            if (i is 500 or 510 or 520) One("real", $"v{i}");
        }
        One("early", "c");
        Assert.Equal(["early", "real"], world.Judge().Select(f => f.Group).Order());
        Assert.Equal((100, 0L), (world.Correlator.GroupCount, world.Correlator.Refused));
        Assert.InRange(world.Correlator.Displaced, 1_900, 2_000);
    }
}
