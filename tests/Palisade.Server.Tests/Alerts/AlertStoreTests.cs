using Microsoft.EntityFrameworkCore;
using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Audit;
using Palisade.Server.Identity;
using Palisade.Server.Tenants;
using Palisade.Server.Tests.Control;
using Palisade.Server.Usage;

namespace Palisade.Server.Tests.Alerts;

[Collection(nameof(SqliteControl))]
public sealed class SqliteAlertStoreTests(SqliteControl store) : AlertStoreTests(store);

[Collection(nameof(PostgresControl))]
public sealed class PostgresAlertStoreTests(PostgresControl store) : AlertStoreTests(store);

/// <summary>From findings to alerts and what people make of them, on each provider.</summary>
public abstract class AlertStoreTests(ControlFixture store)
{
    private const long Start = 1_790_000_000_000, Minute = 60_000;
    private const int Node = 98;
    private static readonly CancellationToken Stop = CancellationToken.None;
    private TestApp App => store.App;

    private Task ApplyAsync(IReadOnlyList<FindingProjection> findings) =>
        App.Service<IAlertSink>().ApplyAsync(Node, findings, findings[0].Sequence, findings[^1].Sequence, Stop);

    private async Task<List<Alert>> AlertsAsync(Tenant tenant)
    {
        await using var db = App.Control.For(tenant.Id);
        return await db.Set<Alert>().AsNoTracking().OrderBy(a => a.First).ThenBy(a => a.SourceIp).ToListAsync();
    }

    [Fact]
    public async Task Findings_of_one_rule_target_and_source_are_one_alert_until_a_quiet_hour()
    {
        var tenant = await App.TenantAsync(store.NewName());
        FindingProjection At(long minutes, string ip = "203.0.113.5", AttackOutcome outcome = AttackOutcome.Blocked) =>
            TestApp.Finding(tenant.Id, ip: ip, timeMs: Start + minutes * Minute) with { Outcome = outcome };
        await ApplyAsync([At(0), At(30, outcome: AttackOutcome.Likely), At(31, ip: "203.0.113.6")]);
        await ApplyAsync([At(80), At(10), At(200)]);
        var alerts = await AlertsAsync(tenant);
        Assert.Equal(
            [("203.0.113.5", 4, AttackOutcome.Likely), ("203.0.113.6", 1, AttackOutcome.Blocked), ("203.0.113.5", 1, AttackOutcome.Blocked)],
            alerts.Select(a => (a.SourceIp, (int)a.Count, a.Outcome)));
        Assert.Equal((Start, Start + 80 * Minute), (alerts[0].First.ToUnixTimeMilliseconds(), alerts[0].Last.ToUnixTimeMilliseconds()));
        var found = await App.Service<AlertQueries>().FindAsync(tenant.Id, alerts[0].Id, Stop);
        Assert.Equal((4, 4, "what"), (found!.Evidence.Count, found.Events.Count, found.Rule!.WhatHappened));
    }

    [Fact]
    public async Task The_same_range_again_or_cut_elsewhere_changes_nothing()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var twin = await App.TenantAsync(store.NewName());
        var findings = Enumerable.Range(0, 40).Select(i => TestApp.Finding(tenant.Id, ip: $"203.0.113.{i % 3}", timeMs: Start + i * 7 * Minute)).ToList();
        await ApplyAsync(findings);
        var once = await AlertsAsync(tenant);
        await ApplyAsync(findings);
        await ApplyAsync(findings[10..20]);
        Assert.Equal(once.Select(Shape), (await AlertsAsync(tenant)).Select(Shape));
        foreach (var part in findings.Select((f, i) => TestApp.Finding(twin.Id, ip: f.SourceIp, timeMs: f.TimeMs)).Chunk(7).ToList()) await ApplyAsync(part);
        Assert.Equal(once.Select(Sums), (await AlertsAsync(twin)).Select(Sums));
        Assert.Equal(40, once.Sum(a => a.Count));

        static string Shape(Alert a) => $"{a.Id} {a.Version} {Sums(a)}";
        static string Sums(Alert a) => $"{a.GroupKey} {a.Count} {a.First:O} {a.Last:O} {a.EventCount}";
    }

    [Fact]
    public async Task Hostile_text_is_stored_and_can_be_searched_for()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var hostile = "a\0b'; DROP TABLE alerts;--\uFFFF\U0001F600" + new string('x', 70_000);
        var finding = TestApp.Finding(tenant.Id, title: "Hostile") with
        {
            User = hostile, Host = hostile, Site = "", Field = "url.original", FieldValue = hostile, Technique = hostile, Raw = [0, 255, 254, 13, 10],
            Group = [KeyValuePair.Create("user.name", "a\0b"), KeyValuePair.Create("user.name", "twice")],
        };
        await ApplyAsync([finding]);
        var alert = Assert.Single(await AlertsAsync(tenant));
        Assert.StartsWith("a\uFFFDb'; DROP TABLE", alert.User);
        var queries = App.Service<AlertQueries>();
        Assert.Equal([0, 255, 254, 13, 10], (await queries.FindAsync(tenant.Id, alert.Id, Stop))!.Evidence.Single().Raw);
        Assert.Single((await queries.ListAsync(tenant.Id, new AlertFilter { Text = "a\0b'; table" }, null, 10, Stop)).Items);
        Assert.Empty((await queries.ListAsync(tenant.Id, new AlertFilter { Text = "%_\\", Rule = "\0" }, null, 10, Stop)).Items);
        Assert.Null(await queries.FindAsync(tenant.Id, "\0", Stop));
        using var client = App.WithToken(await App.TokenAsync(tenant, Tokens.TokenScope.Read));
        foreach (var query in new[] { "q=%00", "rule=%00", "source=%00", "class=%00", "cursor=1.%00" })
            Assert.Equal(System.Net.HttpStatusCode.OK, (await client.GetAsync(new Uri("/api/v1/alerts?" + query, UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task A_source_is_searched_for_by_its_number()
    {
        var tenant = await App.TenantAsync(store.NewName());
        await ApplyAsync([TestApp.Finding(tenant.Id, title: "Seventh") with { Source = 7 }, TestApp.Finding(tenant.Id, title: "Eighth") with { Source = 8, Host = "other" }]);
        var found = await App.Service<AlertQueries>().ListAsync(tenant.Id, new AlertFilter { Text = "#7" }, null, 10, Stop);
        Assert.Equal("Seventh", Assert.Single(found.Items).Title);
    }

    [Fact]
    public async Task Pages_of_the_list_hold_each_alert_once_in_order()
    {
        var tenant = await App.TenantAsync(store.NewName());
        // Of a same moment many: then the id decides, and both providers must sort it alike.
        await ApplyAsync([.. Enumerable.Range(0, 50).Select(i => TestApp.Finding(tenant.Id, ip: $"198.51.100.{i}", timeMs: Start + i / 20 * Minute))]);
        var all = (await AlertsAsync(tenant)).OrderByDescending(a => a.Last).ThenBy(a => a.Id, StringComparer.Ordinal).Select(a => a.Id);
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await App.Service<AlertQueries>().ListAsync(tenant.Id, new AlertFilter(), cursor, 7, Stop);
            seen.AddRange(page.Items.Select(a => a.Id));
            cursor = page.Next;
        }
        while (cursor is not null);
        Assert.Equal(all, seen);
    }

    [Fact]
    public async Task Edits_follow_the_version_need_a_reason_to_close_and_are_audited_and_counted()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var other = await App.TenantAsync(store.NewName());
        await ApplyAsync([TestApp.Finding(tenant.Id), TestApp.Finding(tenant.Id, ip: "203.0.113.9")]);
        var alert = (await AlertsAsync(tenant))[0];
        var edits = App.Service<AlertEdits>();
        var actor = new Actor("user", "1", "Ann", "192.0.2.1");
        Task<(EditRefusal Refusal, Alert? Alert)> Edit(AlertEdit edit, long? version = null, uint? who = null) => edits.ApplyAsync(who ?? tenant.Id, alert.Id, edit, version, actor, Stop);
        Assert.Equal(EditRefusal.NotFound, (await Edit(new AlertEdit(AlertStatus.InProgress, null, null), who: other.Id)).Refusal);
        Assert.Equal(EditRefusal.Stale, (await Edit(new AlertEdit(AlertStatus.InProgress, null, null), alert.Version + 1)).Refusal);
        Assert.Equal(EditRefusal.NeedsReason, (await Edit(new AlertEdit(AlertStatus.Closed, null, null))).Refusal);
        var stranger = (await App.Service<MembershipService>().MembersAsync(other.Id, Stop)).Single();
        Assert.Equal(EditRefusal.BadOwner, (await Edit(new AlertEdit(null, null, stranger.Id))).Refusal);
        Assert.Equal(EditRefusal.None, (await Edit(new AlertEdit(AlertStatus.InProgress, null, null), alert.Version)).Refusal);
        Assert.Equal(EditRefusal.None, (await Edit(new AlertEdit(AlertStatus.Closed, CloseReason.TruePositive, null))).Refusal);
        Assert.Null(await edits.CommentAsync(other.Id, alert.Id, "not mine", null, actor, Stop));
        Assert.NotNull(await edits.CommentAsync(tenant.Id, alert.Id, "done", null, actor, Stop));
        Assert.Equal(["alert.update", "alert.update", "alert.comment"], (await App.AuditAsync(tenant.Id)).Select(e => e.Action).Where(a => a.StartsWith("alert.")));
        Assert.DoesNotContain(await App.AuditAsync(other.Id), e => e.Action.StartsWith("alert."));

        await using var db = App.Control.For(tenant.Id);
        Assert.Equal(1, (await db.Set<UsageDay>().SingleAsync()).AlertsTriaged);
        Assert.Equal([FunnelStep.SignUp, FunnelStep.FirstAlert, FunnelStep.FirstTriage], await db.Set<FunnelEvent>().OrderBy(f => f.Step).Select(f => f.Step).ToListAsync());
        // A closed alert takes no more: the same attack is a new one.
        await ApplyAsync([TestApp.Finding(tenant.Id)]);
        Assert.Equal(3, (await AlertsAsync(tenant)).Count);
    }
}
