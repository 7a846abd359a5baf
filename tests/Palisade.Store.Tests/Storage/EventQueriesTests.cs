using System.Text;
using Palisade.Engine;
using Palisade.Protocol;
using Palisade.Server.Storage;
using EventId = Palisade.Server.Streaming.EventId;

namespace Palisade.Store.Tests.Storage;

/// <summary>What the queries say against what the engine's batch says.</summary>
public sealed class EventQueriesTests(SharedStore shared) : IClassFixture<SharedStore>, IAsyncLifetime
{
    private const int Count = 1000;
    private readonly uint tenant = SharedStore.NewTenant();
    private Pipeline run = null!;
    private List<Finding> attacks = null!;

    private EventQueries Queries => shared.Value.Queries;

    public async ValueTask InitializeAsync()
    {
        run = Samples.Run(tenant, Count);
        attacks = Samples.Attacks(run);
        Assert.NotEmpty(attacks);
        await Samples.StoreAsync(shared.Value, run, $"queries-{tenant}");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private string Text(in Finding f, ushort field) => run.Events.GetString(f.Event, field);

    private int Having(ushort field, string value) => Enumerable.Range(0, Count).Count(i => run.Events.GetString(i, field) == value);

    private Task<long> CountAsync(string field, FilterOperator op, string value = "") =>
        Queries.CountAsync(tenant, new EventSearch(Samples.Whole) { Filters = [new(field, op, value)] }, CancellationToken.None);

    [Fact]
    public async Task Attacks_are_counted_by_class_hour_minute_and_outcome()
    {
        var stop = CancellationToken.None;
        var byClass = attacks.GroupBy(f => f.Rule.Class).ToDictionary(g => g.Key, g => (long)g.Count());
        Assert.Equal(byClass, (await Queries.ClassTotalsAsync(tenant, Samples.Whole, stop)).ToDictionary(c => c.Class, c => c.Count));

        foreach (var bucket in new[] { TimeSpan.FromHours(1), TimeSpan.FromMinutes(15) })
        {
            var expected = attacks.GroupBy(f => (Start: run.Events.Header(f.Event).TimeMs / (long)bucket.TotalMilliseconds * (long)bucket.TotalMilliseconds, f.Rule.Class))
                .ToDictionary(g => g.Key, g => (long)g.Count());
            var found = await Queries.AttackHistogramAsync(tenant, Samples.Whole, bucket, stop);
            Assert.Equal(expected, found.ToDictionary(b => (b.Start.ToUnixTimeMilliseconds(), b.Class), b => b.Count));
        }

        var outcomes = attacks.GroupBy(f => f.Outcome).ToDictionary(g => g.Key, g => (long)g.Count());
        Assert.Equal(outcomes, (await Queries.OutcomeTotalsAsync(tenant, Samples.Whole, stop)).ToDictionary(o => o.Outcome, o => o.Count));
    }

    [Fact]
    public async Task Ends_of_a_span_that_are_not_whole_hours_are_exact()
    {
        var range = new TimeRange(Samples.Start.AddMinutes(17).AddSeconds(3), Samples.Start.AddMinutes(101).AddSeconds(31));
        var expected = attacks.Count(f => run.Events.Header(f.Event).TimeMs is var t && t >= range.From.ToUnixTimeMilliseconds() && t < range.To.ToUnixTimeMilliseconds());
        Assert.InRange(expected, 1, attacks.Count - 1);
        Assert.Equal(expected, (await Queries.ClassTotalsAsync(tenant, range, CancellationToken.None)).Sum(c => c.Count));
        var after = new TimeRange(range.To, range.To + (range.To - range.From));
        Assert.Equal(expected, (await Queries.ClassTotalsAsync(tenant, after, CancellationToken.None)).Sum(c => c.Before));
    }

    [Fact]
    public async Task Attackers_and_targets_are_counted()
    {
        var stop = CancellationToken.None;
        var byAddress = attacks.Select(f => Text(f, Fields.SourceIp)).Where(a => a.Length > 0).GroupBy(a => a).ToDictionary(g => g.Key, g => (long)g.Count());
        var attackers = await Queries.TopAttackersAsync(tenant, Samples.Whole, AttackerKey.Address, 1000, stop);
        Assert.Equal(byAddress, attackers.ToDictionary(a => a.Key, a => a.Count));
        Assert.Equal(attackers.OrderByDescending(a => a.Count).Select(a => a.Count), attackers.Select(a => a.Count));
        Assert.Equal(attacks.Count(f => f.Outcome == AttackOutcome.Blocked), attackers.Sum(a => a.Blocked));
        Assert.Equal(3, (await Queries.TopAttackersAsync(tenant, Samples.Whole, AttackerKey.Address, 3, stop)).Count);
        Assert.Empty(await Queries.TopAttackersAsync(tenant, Samples.Whole, AttackerKey.Country, 10, stop));
        Assert.Empty(await Queries.TopAttackersAsync(tenant, Samples.Whole, AttackerKey.Network, 10, stop));

        foreach (var (key, field) in new[] { (TargetKey.Host, Fields.HostName), (TargetKey.Site, Fields.UrlDomain), (TargetKey.Path, Fields.UrlPath), (TargetKey.User, Fields.UserName) })
        {
            var expected = attacks.Select(f => Text(f, field)).Where(v => v.Length > 0).GroupBy(v => v).ToDictionary(g => g.Key, g => (long)g.Count());
            Assert.Equal(expected, (await Queries.TopTargetsAsync(tenant, Samples.Whole, key, 10_000, stop)).ToDictionary(t => t.Key, t => t.Count));
        }
    }

    [Fact]
    public async Task A_target_without_a_host_is_its_site_and_one_without_either_its_source()
    {
        var expected = attacks.Select(f => (Text(f, Fields.HostName), Text(f, Fields.UrlDomain)) switch
        {
            ({ Length: > 0 } host, _) => host,
            (_, { Length: > 0 } site) => site,
            _ => "#" + run.Events.Header(f.Event).Source,
        }).GroupBy(v => v).ToDictionary(g => g.Key, g => (long)g.Count());
        Assert.Contains(expected.Keys, k => k.StartsWith('#'));
        Assert.Equal(expected, (await Queries.TopTargetsAsync(tenant, Samples.Whole, TargetKey.Nearest, 10_000, CancellationToken.None)).ToDictionary(t => t.Key, t => t.Count));
    }

    [Fact]
    public async Task An_event_comes_back_with_its_bytes_and_all_its_fields()
    {
        for (var i = 0; i < 10; i++)
        {
            var header = run.Events.Header(i);
            var stored = await Queries.EventAsync(tenant, EventId.Of(Samples.Node, header.Sequence), CancellationToken.None);
            Assert.NotNull(stored);
            Assert.Equal(run.Events.Raw(i).ToArray(), stored.Raw);
            Assert.Equal((header.TimeMs, header.ReceivedMs, header.Source, (byte)header.Refusal),
                (stored.Time.ToUnixTimeMilliseconds(), stored.Received.ToUnixTimeMilliseconds(), stored.Source, stored.Refusal));
            Assert.Equal(header.Parser < 0 ? "" : Samples.Content.Parsers.NameOf(header.Parser), stored.Kind);
            var fields = run.Events.FieldIds(i).ToArray();
            for (var slot = 0; slot < fields.Length; slot++)
            {
                var value = Encoding.UTF8.GetString(run.Events.ValueAt(i, slot));
                if (value.Length == 0 || fields[slot] is Fields.Timestamp or Fields.EventOriginal || fields[slot] == Fields.Message && value == stored.RawText) continue;
                Assert.True(stored.Fields.TryGetValue(FieldNames.Name(fields[slot]), out var shown), $"{FieldNames.Name(fields[slot])} of line {i} is missing");
                Assert.Contains(value, shown, StringComparison.Ordinal);
            }
        }
        Assert.Null(await Queries.EventAsync(tenant, ulong.MaxValue, CancellationToken.None));
    }

    [Fact]
    public async Task Filters_count_what_the_batch_holds()
    {
        Assert.Equal(Count, await Queries.CountAsync(tenant, new EventSearch(Samples.Whole), CancellationToken.None));
        Assert.Equal(Having(Fields.SourceIp, "203.0.113.7"), await CountAsync("source.ip", FilterOperator.Equal, "203.0.113.7"));
        Assert.Equal(Enumerable.Range(0, Count).Count(i => run.Events.Get(i, Fields.SourceIp).Length > 0), await CountAsync("source.ip", FilterOperator.Equal, "203.0.113.0/24"));
        Assert.Equal(Having(Fields.SourceIp, ""), await CountAsync("source.ip", FilterOperator.Missing));
        Assert.Equal(Count - Having(Fields.SourceIp, ""), await CountAsync("related.ip", FilterOperator.Equal, "203.0.113.0/24"));
        Assert.Equal(Having(Fields.HttpResponseStatusCode, "404"), await CountAsync("http.response.status_code", FilterOperator.Equal, "404"));
        Assert.Equal(Having(Fields.HttpResponseStatusCode, "404") + Having(Fields.HttpResponseStatusCode, "403"), await CountAsync("http.response.status_code", FilterOperator.AtLeast, "400"));
        Assert.Equal(Having(Fields.UserName, "deploy"), await CountAsync("user.name", FilterOperator.Equal, "deploy"));
        Assert.Equal(Count / 10, await CountAsync("user.name", FilterOperator.StartsWith, "admin"));
        Assert.Equal(Count / 10, await CountAsync("event.original", FilterOperator.Contains, "nobody knows"));
        Assert.Equal(0, await CountAsync("source.ip", FilterOperator.Equal, "no address"));
        Assert.Equal(0, await CountAsync("no.such.field", FilterOperator.Exists));
        Assert.Equal(Count, await CountAsync("no.such.field", FilterOperator.Missing));
        foreach (var field in new[] { "source.ip", "related.ip", "http.response.status_code", "user.name", "event.category", "vendor.field", "event.original", "palisade.kind" })
            foreach (var op in Enum.GetValues<FilterOperator>())
                Assert.InRange(await CountAsync(field, op, "203.0"), 0, Count);
    }

    [Fact]
    public async Task Pages_cover_the_search_once_newest_first()
    {
        var search = new EventSearch(Samples.Whole) { Words = ["SSHD"], Limit = 64 };
        var expected = Enumerable.Range(0, Count).Count(i => i % 10 is 2 or 3);
        var rows = new List<StoredEvent>();
        for (EventCursor? after = null; ;)
        {
            var page = await Queries.SearchAsync(tenant, search with { After = after }, CancellationToken.None);
            if (page.Count == 0) break;
            rows.AddRange(page);
            after = new EventCursor(page[^1].Time, page[^1].Id);
        }
        Assert.Equal(expected, rows.Count);
        Assert.Equal(rows.Select(r => r.Id), rows.OrderByDescending(r => r.Time).ThenByDescending(r => r.Id).Select(r => r.Id).Distinct());
    }

    [Fact]
    public async Task Sources_and_unparsed_records_are_counted()
    {
        var refused = Enumerable.Range(0, Count).Where(i => run.Events.Header(i).Refusal != 0).ToArray();
        var totals = await Queries.SourceTotalsAsync(tenant, Samples.Whole, CancellationToken.None);
        Assert.Equal([(Samples.WebSource, 700L), (Samples.SshSource, 300L)], totals.Select(t => (t.Source, t.Events)));
        Assert.Equal(refused.Length, totals.Sum(t => t.Unparsed));
        var unparsed = await Queries.UnparsedAsync(tenant, Samples.SshSource, new TimeRange(Samples.Whole.From, Samples.Whole.To.AddHours(2)), 1000, CancellationToken.None);
        Assert.Equal(refused.Count(i => run.Events.Header(i).Source == Samples.SshSource), unparsed.Count);
    }

    [Fact]
    public async Task Findings_come_back_by_event_and_by_alert()
    {
        var first = attacks[0];
        var sequence = run.Events.Header(first.Event).Sequence;
        var expected = run.Findings.Items.ToArray().Where(f => f.Event == first.Event).ToArray();
        var stored = await Queries.FindingsOfEventAsync(tenant, EventId.Of(Samples.Node, sequence), CancellationToken.None);
        Assert.Equal(expected.Select(f => f.Rule.Id).Distinct().Order(), stored.Select(f => f.RuleId).Order());
        var row = stored.Single(f => f.RuleId == first.Rule.Id);
        Assert.Equal((first.Rule.Class, first.Rule.Level, first.Outcome, first.Offset, first.Length, Text(first, Fields.SourceIp)),
            (row.Class, row.Level, row.Outcome, row.Offset, row.Length, row.SourceIp));
        Assert.Equal(first.Field == 0 ? "" : FieldNames.Name(first.Field), row.Field);

        var ofRule = attacks.Where(f => f.Rule.Id == first.Rule.Id).ToArray();
        Assert.Equal(ofRule.Length, (await Queries.FindingsOfAlertAsync(tenant, Samples.Whole, first.Rule.Id, "", "", 10_000, CancellationToken.None)).Count);
        Assert.Equal(ofRule.Count(f => Text(f, Fields.SourceIp) == row.SourceIp),
            (await Queries.FindingsOfAlertAsync(tenant, Samples.Whole, first.Rule.Id, row.SourceIp, "", 10_000, CancellationToken.None)).Count);
        Assert.Empty(await Queries.FindingsOfAlertAsync(tenant, Samples.Whole, first.Rule.Id, "not an address", "", 10, CancellationToken.None));
    }
}
