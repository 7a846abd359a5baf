using Palisade.Engine;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Policy;
using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Mutes;
using Palisade.Server.Rules;
using Palisade.Server.Storage;

namespace Palisade.Server.Tests.Rules;

public sealed class RuleListingTests
{
    private static RuleView Rule(string id, FindingLevel level = FindingLevel.High) => new(new RuleInfo(id, "Title " + id, "", level, "sqli", [], "", "", "", ""), null, false, true, null, 0);

    private static readonly Dictionary<string, RuleHits> Hits = new() { ["b"] = new("b", 7, DateTimeOffset.UnixEpoch), ["c"] = new("c", 9, DateTimeOffset.UnixEpoch) };

    private static readonly TenantReach Reach = new(DateTimeOffset.UnixEpoch, 100, new Dictionary<string, RuleFate> { ["a"] = new(ReachVerdict.NoEvents, [], 0), ["b"] = new(ReachVerdict.CanFire, [], 3) });

    private static string Ids(RuleFires? fires = null, string? sort = null, TenantReach? reach = null) =>
        string.Concat(RuleListing.Of([Rule("a", FindingLevel.Critical), Rule("b"), Rule("c", FindingLevel.Low)], new RuleFilter(), fires, sort, 1, Hits, reach ?? Reach).Rows.Select(r => r.Info.Id));

    [Fact]
    public void Most_hits_come_first_unless_asked_otherwise()
    {
        Assert.Equal("cba", Ids());
        Assert.Equal("abc", Ids(sort: "name"));
        Assert.Equal("abc", Ids(sort: "level"));
    }

    [Fact]
    public void A_rule_that_was_not_looked_at_neither_can_fire_nor_cannot()
    {
        Assert.Equal("cb", Ids(RuleFires.Fired));
        Assert.Equal("b", Ids(RuleFires.Can));
        Assert.Equal("a", Ids(RuleFires.Never));
    }

    [Fact]
    public void Pages_are_bounded_and_a_page_behind_the_end_is_the_last()
    {
        var all = Enumerable.Range(0, RuleListing.PageSize + 3).Select(i => Rule($"r{i:000}")).ToList();
        var last = RuleListing.Of(all, new RuleFilter(), null, "name", 99, null, null);
        Assert.Equal((2, 2, RuleListing.PageSize + 3, 3), (last.Page, last.Pages, last.Found, last.Rows.Count));
        Assert.Equal(1, RuleListing.Of(all, new RuleFilter(), null, null, -5, null, null).Page);
        Assert.Equal((1, 0), RuleListing.Of([], new RuleFilter(), null, null, 1, null, null) is var none ? (none.Pages, none.Found) : default);
    }

    [Fact]
    public void Hits_are_spread_over_even_buckets_with_zeros_between()
    {
        var start = new DateTimeOffset(2026, 5, 4, 10, 0, 0, TimeSpan.Zero);
        var even = RuleListing.Even([new HitBucket(start.AddHours(2), 5)], new TimeRange(start.AddMinutes(20), start.AddHours(3)), TimeSpan.FromHours(1));
        Assert.Equal([(start, 0L), (start.AddHours(1), 0L), (start.AddHours(2), 5L)], even);
    }

    [Fact]
    public void Hits_that_tell_of_another_time_are_drawn_where_they_are()
    {
        var hour = TimeSpan.FromHours(1);
        var asked = new TimeRange(new DateTimeOffset(2026, 5, 4, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 5, 5, 0, 0, 0, TimeSpan.Zero));
        var past = new DateTimeOffset(2025, 1, 2, 3, 0, 0, TimeSpan.Zero);
        Assert.Equal((asked, hour), RuleListing.Drawn([], asked, hour));
        Assert.Equal((asked, hour), RuleListing.Drawn([new(past, 9), new(asked.From.AddHours(5), 1)], asked, hour));
        Assert.Equal((new TimeRange(past, past.AddHours(3)), hour), RuleListing.Drawn([new(past, 9), new(past.AddHours(2), 1)], asked, hour));
        var (range, bucket) = RuleListing.Drawn([new(past.AddYears(-20), 1), new(past, 2)], asked, hour);
        Assert.Equal((past.Date.AddDays(1), TimeSpan.FromDays(1)), (range.To.UtcDateTime, bucket));
        var bars = RuleListing.Even([new(past.AddYears(-20), 1), new(past, 2)], range, bucket);
        Assert.Equal(RuleListing.MostBars, bars.Count);
        Assert.Equal((new DateTimeOffset(past.Date, TimeSpan.Zero), 2L), bars[^1]);
    }

    [Theory]
    [InlineData(3_600_000L)]
    [InlineData(86_400_000L)]
    public void Hits_of_any_time_take_a_bounded_number_of_buckets_and_none_is_lost(long apart)
    {
        var buckets = new HitBuckets(TimeSpan.FromHours(1));
        for (var i = 0; i < 20_000; i++) buckets.Add(i * apart);
        Assert.InRange(buckets.List.Count, HitBuckets.Most / 4, HitBuckets.Most);
        Assert.Equal(20_000, buckets.List.Sum(b => b.Count));
        Assert.All(buckets.List, b => Assert.Equal(0, b.Start.UtcTicks % TimeSpan.FromDays(1).Ticks));
        Assert.True(buckets.Bucket > TimeSpan.FromHours(1));
    }

    [Fact]
    public void A_mute_like_an_alert_begins_with_its_rule_and_who_did_it_to_whom()
    {
        var alert = new Alert { Id = "a", GroupKey = "g", RuleId = "r1", Title = "t", Class = "sqli", SourceIp = "192.0.2.1", Site = "shop.example" };
        Assert.Equal([new(Mute.RuleField, MuteTest.Is, "r1"), new("source.ip", MuteTest.Is, "192.0.2.1"), new("url.domain", MuteTest.Is, "shop.example")], MuteProposal.Like(alert));
        alert.Group = """{"user.name":"li","n":1}""";
        Assert.Equal([new(Mute.RuleField, MuteTest.Is, "r1"), new("user.name", MuteTest.Is, "li")], MuteProposal.Like(alert));
        alert.Group = "broken";
        Assert.Equal(3, MuteProposal.Like(alert).Count);
    }
}
