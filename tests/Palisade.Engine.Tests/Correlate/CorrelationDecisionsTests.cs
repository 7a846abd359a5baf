using System.Text;
using Palisade.Engine.Correlate;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Policy;
using Palisade.Engine.Tests.Rules;

namespace Palisade.Engine.Tests.Correlate;

/// <summary>The places about correlations where engines disagree, by the numbers of docs/reference/sigma.md.</summary>
public sealed class CorrelationDecisionsTests
{
    private const long Minute = 60_000;

    private static RuleSet Set(string correlation) => SigmaWorld.Load(
        SigmaWorld.Rule("a", "s: { what: a }\ncondition: s"), SigmaWorld.Rule("b", "s: { what|contains: b }\ncondition: s"), SigmaWorld.Rule("c", "s: { what|contains: c }\ncondition: s"),
        "title: t\nname: t\ncorrelation:\n  timespan: 5m\n  group-by: [g]\n" + string.Concat(correlation.Split('\n').Select(l => "  " + l + "\n")));

    /// <summary>Groups that fired, in order, read as one log to its end.</summary>
    private static List<string> Fired(string correlation, params (double Minutes, string What, string Group, string Value)[] events)
    {
        var set = Set(correlation);
        var correlator = new Correlator(set);
        var groups = new List<string>();
        for (var i = 0; i < events.Length; i++)
        {
            var batch = new EventBatch();
            var findings = new FindingList();
            var (minutes, what, group, value) = events[i];
            SigmaWorld.Add(batch, (ulong)i, (long)(minutes * Minute), ("what", what), ("g", group), ("v", value));
            new SigmaDetector(set).Detect(batch, findings);
            correlator.Process(batch, findings);
            if (i == events.Length - 1) correlator.End(batch, findings);
            foreach (ref readonly var finding in findings.Items)
                if (finding.Firing is { } firing) groups.Add(firing.Group[0].Value);
        }
        return groups;
    }

    private static IReadOnlyList<Diagnostic> Problems(string correlation, string behind = "")
    {
        var files = new[] { SigmaWorld.Rule("a", "s: { what: a }\ncondition: s"), "title: t\nname: t\ncorrelation:\n" + string.Concat(correlation.Split('\n').Select(l => "  " + l + "\n")) + behind };
        RuleSet.Load(files.Select((f, i) => ($"rules/{i}.yml", Encoding.UTF8.GetBytes(f))), new RuleLoadOptions(), out var problems);
        return problems;
    }

    private static (double, string, string, string) A(double minutes, string group = "x", string value = "1") => (minutes, "a", group, value);

    [Theory]
    [InlineData("5w"), InlineData("1M"), InlineData("1y")]
    public void Case_34_units_beyond_the_specification_are_read_and_remarked(string span) =>
        Assert.Contains(Problems($"type: event_count\nrules: [a]\ngroup-by: [g]\ntimespan: {span}\ncondition: {{ gte: 3 }}"), p => p.Code == "SIG077" && !p.IsError);

    [Fact]
    public void Case_34_a_range_that_nothing_fulfils_is_remarked() =>
        Assert.Contains(Problems("type: event_count\nrules: [a]\ngroup-by: [g]\ntimespan: 5m\ncondition: { gt: 10, lt: 5 }"), p => p.Code == "SIG076");

    [Theory]
    [InlineData("event_count", "{ lt: 0 }", true), InlineData("event_count", "{ gt: 1, lt: 2 }", true), InlineData("event_count", "{ lt: 1 }", false), InlineData("event_count", "{ eq: 0 }", false)]
    [InlineData("event_count", "{ gte: 3 }", false), InlineData("value_count", "{ field: v, eq: 2.5 }", true), InlineData("value_sum", "{ field: v, lt: 0 }", false)]
    public void A_count_is_a_whole_number_and_not_below_nothing(string type, string condition, bool remarked) =>
        Assert.Equal(remarked, Problems($"type: {type}\nrules: [a]\ngroup-by: [g]\ntimespan: 5m\ncondition: {condition}").Any(p => p.Code == "SIG076"));

    [Fact]
    public void A_circle_is_told_as_such_and_its_rules_are_not_said_to_be_missing()
    {
        var problems = Problems("type: temporal\nrules: [u]\ngroup-by: [g]\ntimespan: 5m", "---\ntitle: u\nname: u\ncorrelation: { type: temporal, rules: [t], group-by: [g], timespan: 5m }\n");
        Assert.Single(problems, p => p.Code == "SIG037");
        Assert.DoesNotContain(problems, p => p.Code == "SIG036");
    }

    [Fact]
    public void A_key_that_is_no_part_of_a_correlation_and_a_missing_group_are_remarked()
    {
        var problems = Problems("type: event_count\nrules: [a]\ngroupby: [g]\ntimespan: 5m\ncondition: { gte: 3 }");
        Assert.Contains(problems, p => p is { Code: "SIG079", IsError: false } && p.Message.Contains("groupby", StringComparison.Ordinal));
        Assert.Contains(problems, p => p is { Code: "SIG085", IsError: false });
        Assert.DoesNotContain(Problems("type: event_count\nrules: [a]\ngroup-by: [g]\ntimespan: 5m\ncondition: { gte: 3 }"), p => p.Code is "SIG079" or "SIG085");
    }

    [Fact]
    public void Case_35_with_a_percentile_it_is_of_numbers_and_without_it_is_how_rare_a_value_is()
    {
        const string numbers = "type: value_percentile\nrules: [a]\ncondition: { field: v, percentile: 50, gt: 10 }";
        Assert.Equal(["y"], Fired(numbers, A(0, "x", "1"), A(0, "x", "100"), A(0, "x", "2"), A(0, "y", "50")).Where(g => g == "y"));
        const string rare = "type: value_percentile\nrules: [a]\ncondition: { field: v, lte: 10 }";
        Assert.Empty(Fired(rare, [.. Enumerable.Range(0, 30).Select(i => A(i / 100.0, "x", "usual"))]));
        Assert.Equal(["x"], Fired(rare, [.. Enumerable.Range(0, 30).Select(i => A(i / 100.0, "x", "usual")), A(1, "x", "odd")]));
    }

    [Fact]
    public void A_rule_that_must_be_absent_is_waited_for_until_the_window_closes()
    {
        const string lonely = "type: temporal\nrules: [a, b]\ncondition: a and not b";
        Assert.Equal(["x"], Fired(lonely, A(0)));
        Assert.Equal(["x"], Fired(lonely, A(0), (6, "b", "x", "")));
        Assert.Empty(Fired(lonely, A(0), (3, "b", "x", "")));
        Assert.Empty(Fired(lonely, (0, "b", "x", ""), A(3)));
        Assert.Equal(["x"], Fired(lonely, A(0), (3, "b", "y", "")));
        // what comes late is in its window
        Assert.Empty(Fired(lonely, A(2), (6, "other", "x", ""), (4, "b", "x", "")));
        Assert.Equal(["x"], Fired(lonely, A(0), (1, "b", "x", ""), A(20)));
        Assert.Equal(["x"], Fired("type: temporal\nrules: [a, b]\ncondition: a and not (not b)", A(0), (3, "b", "x", "")));
    }

    [Fact]
    public void A_silence_of_several_rules_fires_as_one_of_a_count()
    {
        const string silent = "type: temporal\nrules: [a, b]\ncondition: not a and not b";
        Assert.Empty(Fired(silent, A(0), (4, "b", "x", ""), A(8)));
        Assert.Equal(["x"], Fired(silent, A(0), (4, "b", "x", ""), (8, "other", "", ""), (30, "other", "", "")));
    }

    [Fact]
    public void Rules_are_those_of_the_condition_where_none_are_said_and_one_it_leaves_out_is_remarked()
    {
        Assert.Equal(["x"], Fired("type: temporal\ncondition: a and (b or c)", A(0), (1, "c", "x", "")));
        Assert.Empty(Fired("type: temporal\ncondition: a and (b or c)", (0, "b", "x", ""), (1, "c", "x", "")));
        Assert.Contains(Problems("type: temporal\ngroup-by: [g]\ntimespan: 5m\ncondition: a and nobody"), p => p is { Code: "SIG036", IsError: true });
        var idle = Problems("type: temporal\nrules: [a, t2]\ngroup-by: [g]\ntimespan: 5m\ncondition: a", "---\n" + SigmaWorld.Rule("t2", "s: { what: x }\ncondition: s"));
        Assert.Contains(idle, p => p is { Code: "SIG086", IsError: false } && p.Message.Contains("t2", StringComparison.Ordinal));
    }

    [Fact]
    public void An_ordered_correlation_takes_no_condition_but_all_its_rules()
    {
        Assert.Equal(["x"], Fired("type: temporal_ordered\nrules: [a, b]\ncondition: a and b", A(0), (1, "b", "x", "")));
        Assert.Empty(Fired("type: temporal_ordered\nrules: [a, b]\ncondition: a and b", (0, "b", "x", ""), A(1)));
        Assert.Contains(Problems("type: temporal_ordered\nrules: [a]\ngroup-by: [g]\ntimespan: 5m\ncondition: not a"), p => p is { Code: "SIG034", IsError: true });
    }

    [Theory]
    [InlineData("event_count", "{ gte: 3 }"), InlineData("value_sum", "{ field: v, gte: 3 }"), InlineData("value_avg", "{ field: v, gt: 1, lt: 1.3 }")]
    public void Case_37_an_event_that_several_rules_match_counts_once_where_events_or_their_numbers_count(string type, string condition)
    {
        var correlation = $"type: {type}\nrules: [b, c]\ncondition: {condition}";
        (double, string, string, string) Both(double minutes, string value = "1") => (minutes, "b and c", "x", value);
        // an average that counted twice were 7/5 of 1, 1, 2, 1, 2
        if (type == "value_avg") Assert.Equal(["x"], Fired(correlation, (0, "b", "x", "1"), (1, "b", "x", "1"), (2, "b", "x", "1"), Both(3, "2")));
        else
        {
            Assert.Empty(Fired(correlation, Both(0), Both(1)));
            Assert.Empty(Fired(correlation, Both(1), Both(0)));
            Assert.Equal(["x"], Fired(correlation, Both(1), Both(0), Both(0.5)));
        }
    }

    [Fact]
    public void Of_a_group_by_field_and_of_a_counted_one_with_several_values_the_first_counts()
    {
        var set = Set("type: value_sum\nrules: [a]\ncondition: { field: v, gte: 10 }");
        var correlator = new Correlator(set);
        Assert.Empty(SigmaWorld.Feed(set, correlator, 1, 0, ("what", "a"), ("g", "x"), ("g", "y"), ("v", "4"), ("v", "40")));
        Assert.Empty(SigmaWorld.Feed(set, correlator, 2, 1, ("what", "a"), ("g", "y"), ("v", "7")));
        Assert.Equal([2], SigmaWorld.Feed(set, correlator, 3, 2, ("what", "a"), ("g", "x"), ("v", "6")));
    }

    [Fact]
    public void A_window_that_closed_tells_of_an_event_of_its_group_and_is_muted_by_what_its_group_says_alone()
    {
        var set = Set("type: event_count\nrules: [a]\ncondition: { lt: 3 }");
        var correlator = new Correlator(set);
        var batch = new EventBatch();
        var findings = new FindingList();
        SigmaWorld.Add(batch, 7, 0, ("what", "a"), ("g", "x"), ("host.name", "web-01"));
        SigmaWorld.Add(batch, 8, Minute, ("what", "a"), ("g", "x"), ("host.name", "web-01"));
        SigmaWorld.Add(batch, 9, 60 * Minute, ("what", "other"), ("g", "z"), ("host.name", "db-02"));
        (batch.Header(0).Source, batch.Header(1).Source, batch.Header(2).Source) = (4, 4, 9);
        new SigmaDetector(set).Detect(batch, findings);
        correlator.Process(batch, findings);
        var finding = Assert.Single(findings.Items.ToArray(), f => f.Firing is { AtClose: true });
        Assert.Equal((9UL, 8UL, "g=x count=2"), (batch.Header(finding.Event).Sequence, finding.SequenceIn(batch), Encoding.UTF8.GetString(finding.Record(batch))));
        Assert.True(Hides("g", "x"));
        Assert.False(Hides("host.name", "db-02"));
        Assert.True(Hides(Mute.SourceField, "4"));
        Assert.False(Hides(Mute.SourceField, "9"));

        bool Hides(string field, string value)
        {
            Assert.Equal(MuteProblem.None, Mute.TryCompile(1, [new MuteCondition(field, MuteTest.Is, value)], long.MaxValue, 1, out var mute));
            return mute!.Hides(batch, finding);
        }
    }

    [Theory]
    [InlineData("{ lt: 3 }", 5, false), InlineData("{ lt: 3 }", 5, true), InlineData("{ eq: 0 }", 7, false), InlineData("{ eq: 0 }", 7, true)]
    public void A_window_that_closed_has_its_own_end_for_a_time_and_the_source_of_its_group(string condition, long endMinute, bool restarted)
    {
        var set = Set($"type: event_count\nrules: [a]\ncondition: {condition}");
        var correlator = new Correlator(set);
        Assert.Empty(Feed(1, 0, 4, "a"));
        Assert.Empty(Feed(2, 2, 5, "a"));
        // another window of the same group, from another source, is open already where nothing is counted twice
        if (condition == "{ lt: 3 }") Assert.Empty(Feed(3, 6, 6, "a"));
        if (restarted)
        {
            using var state = new MemoryStream();
            correlator.Save(state);
            state.Position = 0;
            correlator = new Correlator(set);
            correlator.Load(state);
        }
        Assert.Equal([(endMinute * Minute, 5U)], Feed(4, condition == "{ lt: 3 }" ? 8 : 30, 9, "other"));

        List<(long, uint)> Feed(ulong sequence, long minute, uint source, string what)
        {
            // an hour later: sources that are behind are idle and hold nothing up
            var (batch, findings) = Process(correlator, set, new RecordInfo(sequence, (long)sequence * 60 * Minute, 1, source, RecordInfo.AutoParser), minute, what);
            return [.. findings.Items.ToArray().Select(f => (f.TimeIn(batch), f.SourceIn(batch)))];
        }
    }

    [Fact]
    public void A_window_that_the_end_of_the_log_cuts_short_ends_there()
    {
        var set = Set("type: event_count\nrules: [a]\ncondition: { lt: 3 }");
        var (correlator, batch, findings) = (new Correlator(set), new EventBatch(), new FindingList());
        SigmaWorld.Add(batch, 1, 0, ("what", "a"), ("g", "x"));
        SigmaWorld.Add(batch, 2, 3 * Minute, ("what", "other"), ("g", "z"));
        new SigmaDetector(set).Detect(batch, findings);
        correlator.Process(batch, findings);
        correlator.End(batch, findings);
        Assert.Equal(3 * Minute, Assert.Single(findings.Items.ToArray()).TimeIn(batch));
    }

    [Fact]
    public void What_counts_closed_windows_counts_them_at_their_end_and_by_their_group()
    {
        const string few = "type: event_count\nrules: [a]\ngroup-by: [g]\ntimespan: 5m\ncondition: { lt: 2 }";
        var outer = $"---\ntitle: outer\nname: outer\ncorrelation:\n  type: event_count\n  rules: [corr]\n  group-by: [g]\n  timespan: 30m\n  condition: {{ gte: 2 }}\n";
        var byHost = $"---\ntitle: hosts\nname: hosts\ncorrelation:\n  type: event_count\n  rules: [corr]\n  group-by: [host.name]\n  timespan: 90m\n  condition: {{ gte: 2 }}\n";
        var set = SigmaWorld.Load(SigmaWorld.Rule("a", "s: { what: a }\ncondition: s") + $"---\ntitle: corr\nname: corr\ncorrelation:\n  {few.Replace("\n", "\n  ", StringComparison.Ordinal)}\n" + outer + byHost);
        var (correlator, batch, findings) = (new Correlator(set), new EventBatch(), new FindingList());
        SigmaWorld.Add(batch, 1, 0, ("what", "a"), ("g", "x"));
        SigmaWorld.Add(batch, 2, 20 * Minute, ("what", "a"), ("g", "x"), ("host.name", "h"));
        SigmaWorld.Add(batch, 3, 60 * Minute, ("what", "other"), ("g", "z"), ("host.name", "h"));
        new SigmaDetector(set).Detect(batch, findings);
        correlator.Process(batch, findings);
        // closed by the events of minutes 20 and 60, ended at 5 and 25; the host is that of what moved the clock, and of no group
        var finding = Assert.Single(findings.Items.ToArray());
        Assert.Equal(("outer", 25 * Minute, 2UL), (finding.Rule.Name, finding.TimeIn(batch), finding.SequenceIn(batch)));
    }

    [Fact]
    public void Sums_averages_and_medians_are_of_the_numbers_in_the_window()
    {
        const string sum = "type: value_sum\nrules: [a]\ncondition: { field: v, gte: 100 }";
        Assert.Equal(["x"], Fired(sum, A(0, "x", "60"), A(0, "y", "60"), A(4, "x", "40.5"), A(4, "y", "39")));
        Assert.Empty(Fired(sum, A(0, "x", "60"), A(6, "x", "60")));
        // what is no number counts for nothing, a negative one takes away
        Assert.Empty(Fired(sum, A(0, "x", "99"), A(1, "x", "many"), A(2, "x", "-10"), A(3, "x", "5")));
        Assert.Equal(["x"], Fired("type: value_sum\nrules: [a]\ncondition: { field: v, lt: 10 }", A(0, "x", "4"), A(0, "y", "4"), A(1, "x", "5"), A(1, "y", "7")));

        const string average = "type: value_avg\nrules: [a]\ncondition: { field: v, gt: 50 }";
        Assert.Equal(["y"], Fired(average, A(0, "x", "10"), A(0, "y", "40"), A(1, "x", "80"), A(1, "y", "70")));
        // the 10 has left the window
        Assert.Equal(["x"], Fired(average, A(0, "x", "10"), A(6, "x", "60")));

        const string median = "type: value_median\nrules: [a]\ncondition: { field: v, gte: 20 }";
        Assert.Equal(["y"], Fired(median, A(0, "x", "1"), A(0, "y", "1"), A(1, "x", "2"), A(1, "y", "30"), A(2, "x", "900"), A(2, "y", "31")));
        // of two in the middle it is the mean
        Assert.Equal(["x"], Fired(median, A(0, "x", "10"), A(1, "x", "30")));
    }

    [Theory]
    [InlineData("{ lt: 3 }", "x"), InlineData("{ lte: 2 }", "x"), InlineData("{ eq: 2 }", "x"), InlineData("{ neq: 4 }", "x")]
    public void Case_36_few_events_are_judged_when_the_window_closes(string condition, string group) =>
        Assert.Equal([group], Fired($"type: event_count\nrules: [a]\ncondition: {condition}", A(0), A(0, "y"), A(1), A(1, "y"), A(2, "y"), A(3, "y")));

    [Fact]
    public void Case_36_silence_fires_once_a_whole_span_behind_the_last_event()
    {
        const string silent = "type: event_count\nrules: [a]\ncondition: { eq: 0 }";
        Assert.Empty(Fired(silent, A(0), A(4), A(8), A(12)));
        Assert.Empty(Fired(silent, A(0), A(4), (10, "other", "", "")));
        Assert.Equal(["x"], Fired(silent, A(0), A(4), (8, "other", "", ""), (12, "other", "", ""), (30, "other", "", "")));
    }

    [Fact]
    public void Case_36_a_slow_source_holds_the_window_open()
    {
        var set = Set("type: event_count\nrules: [a]\ncondition: { eq: 1 }");
        var correlator = new Correlator(set);
        var sequence = 0UL;
        Assert.Equal(0, Feed(0, 1, "a"));
        Assert.Equal(0, Feed(1, 2, "other"));
        Assert.Equal(0, Feed(9, 1, "other"));
        // the second source is behind, and brings what the window was waiting for
        Assert.Equal(0, Feed(2, 2, "a"));
        Assert.Equal(0, Feed(12, 2, "other"));

        int Feed(long minute, uint source, string what) =>
            Process(correlator, set, new RecordInfo(++sequence, 12 * Minute, 1, source, RecordInfo.AutoParser), minute, what).Findings.Count;
    }

    /// <summary>One event of the group "x", and what came of it.</summary>
    private static (EventBatch Batch, FindingList Findings) Process(Correlator correlator, RuleSet set, in RecordInfo info, long minute, string what)
    {
        var batch = new EventBatch();
        var findings = new FindingList();
        var index = batch.Begin(info, []);
        batch.Add(FieldNames.GetOrAdd("what"), Encoding.UTF8.GetBytes(what));
        batch.Add(FieldNames.GetOrAdd("g"), "x"u8);
        ref var header = ref batch.Header(index);
        header.TimeMs = minute * Minute;
        header.Flags &= ~EventFlags.NoTime;
        new SigmaDetector(set).Detect(batch, findings);
        correlator.Process(batch, findings);
        return (batch, findings);
    }

    [Fact]
    public void Case_36_windows_close_at_the_same_event_however_the_log_is_cut()
    {
        var set = Set("type: event_count\nrules: [a]\ncondition: { lt: 2 }");
        var whole = Cut(600);
        Assert.True(whole.Count > 20, $"{whole.Count} windows closed");
        foreach (var size in new[] { 1, 7, 64, 599 }) Assert.Equal(whole, Cut(size));

        List<(ulong Sequence, string Group, long Count)> Cut(int size)
        {
            var correlator = new Correlator(set);
            var detector = new SigmaDetector(set);
            var fired = new List<(ulong, string, long)>();
            for (var from = 0; from < 600; from += size)
            {
                var batch = new EventBatch();
                var findings = new FindingList();
                for (var i = from; i < Math.Min(600, from + size); i++)
                    SigmaWorld.Add(batch, (ulong)i, i * Minute / 2, ("what", i % 11 == 0 ? "a" : "other"), ("g", i % 3 == 0 ? "x" : "y"));
                detector.Detect(batch, findings);
                correlator.Process(batch, findings);
                foreach (ref readonly var finding in findings.Items)
                    if (finding.Firing is { } firing) fired.Add((batch.Header(finding.Event).Sequence, firing.Group[0].Value, firing.Count));
            }
            return fired;
        }
    }

    [Fact]
    public void Case_36_windows_that_wait_survive_a_restart()
    {
        var set = Set("type: event_count\nrules: [a]\ncondition: { lt: 2 }");
        var first = new Correlator(set);
        Assert.Empty(SigmaWorld.Feed(set, first, 1, 0, ("what", "a"), ("g", "x")));
        using var state = new MemoryStream();
        first.Save(state);
        state.Position = 0;
        var second = new Correlator(set);
        second.Load(state);
        Assert.Equal([1L], SigmaWorld.Feed(set, second, 2, 30 * Minute, ("what", "other")));
    }

    [Fact]
    public void Case_37_one_event_counts_for_each_rule_it_matches_but_is_not_before_itself()
    {
        Assert.Equal(["x"], Fired("type: temporal\nrules: [b, c]", (0, "bc", "x", "")));
        Assert.Empty(Fired("type: temporal_ordered\nrules: [b, c]", (0, "bc", "x", "")));
        Assert.Equal(["x"], Fired("type: temporal_ordered\nrules: [b, c]", (0, "b", "x", ""), (0, "c", "x", "")));
        Assert.Equal(["x"], Fired("type: temporal\nrules: [a, b, c]\ncondition: a and (b or c)", A(0), (1, "c", "x", "")));
    }

    [Fact]
    public void Case_38_windows_have_no_boundaries_on_the_clock() =>
        Assert.Equal(["x"], Fired("type: event_count\nrules: [a]\ncondition: { gte: 3 }", A(58), A(59), A(61)));

    [Fact]
    public void Case_39_an_event_without_the_group_field_does_not_count_and_a_strange_alias_is_remarked()
    {
        var set = Set("type: event_count\nrules: [a]\ncondition: { gte: 2 }");
        var correlator = new Correlator(set);
        Assert.Empty(SigmaWorld.Feed(set, correlator, 1, 0, ("what", "a")));
        Assert.Empty(SigmaWorld.Feed(set, correlator, 2, 1, ("what", "a"), ("g", null)));
        Assert.Equal(2, correlator.Ungrouped);
        Assert.Contains(Problems("type: event_count\nrules: [a]\ngroup-by: [who]\ntimespan: 5m\ncondition: { gte: 3 }\naliases: { who: { zzz: f } }"), p => p.Code == "SIG078");
    }

    [Fact]
    public void Case_39_events_without_a_field_that_may_be_missing_count_among_themselves()
    {
        var set = SigmaWorld.Load(
            SigmaWorld.Rule("a", "s: { what: a }\ncondition: s"),
            "title: t\nname: t\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [host, pid]\n  timespan: 5m\n  condition: { gte: 2 }\npalisade: { optional: host }\n");
        var correlator = new Correlator(set);
        var sequence = 0UL;
        Assert.Equal(0, Feed("one", "7") + Feed("two", "7") + Feed(null, "7") + Feed(null, null));
        Assert.Equal(1, correlator.Ungrouped);
        Assert.Equal(1, Feed(null, "7"));
        Assert.Equal(1, Feed("two", "7"));
        Assert.Contains(Problems("type: event_count\nrules: [a]\ngroup-by: [g]\ntimespan: 5m\ncondition: { gte: 3 }", "palisade: { optional: h }\n"), p => p.Code == "SIG035");

        int Feed(string? host, string? pid) => SigmaWorld.Feed(set, correlator, ++sequence, (long)sequence, [("what", "a"), .. host is null ? [] : new (string, string?)[] { ("host", host) }, .. pid is null ? [] : new (string, string?)[] { ("pid", pid) }]).Count();
    }

    [Fact]
    public void Case_40_it_fires_when_the_condition_comes_to_hold_and_again_after_the_window_passed()
    {
        const string many = "type: event_count\nrules: [a]\ncondition: { gte: 2 }";
        Assert.Single(Fired(many, [.. Enumerable.Range(0, 10).Select(i => A(i / 10.0))]));
        Assert.Equal(2, Fired(many, A(0), A(1), A(20), A(21)).Count);
    }

    [Fact]
    public void Case_41_a_base_rule_alerts_only_where_a_correlation_generates()
    {
        Assert.False(Set("type: event_count\nrules: [a]\ncondition: { gte: 2 }").Compiled.Single(r => r.Names[0] == "a").Alerts);
        Assert.True(Set("type: event_count\nrules: [a]\ngenerate: true\ncondition: { gte: 2 }").Compiled.Single(r => r.Names[0] == "a").Alerts);
    }

    [Fact]
    public void Case_42_groups_and_distinct_values_fold_case()
    {
        Assert.Single(Fired("type: event_count\nrules: [a]\ncondition: { gte: 2 }", A(0, "Host"), A(1, "hOST")));
        Assert.Empty(Fired("type: value_count\nrules: [a]\ncondition: { field: v, gte: 2 }", A(0, "x", "Li"), A(1, "x", "lI")));
    }
}
