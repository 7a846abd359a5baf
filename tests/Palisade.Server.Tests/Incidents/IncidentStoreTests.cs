using Microsoft.EntityFrameworkCore;
using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Audit;
using Palisade.Server.Identity;
using Palisade.Server.Incidents;
using Palisade.Server.Tenants;
using Palisade.Server.Tests.Control;

namespace Palisade.Server.Tests.Incidents;

[Collection(nameof(SqliteControl))]
public sealed class SqliteIncidentStoreTests(SqliteControl store) : IncidentStoreTests(store);

[Collection(nameof(PostgresControl))]
public sealed class PostgresIncidentStoreTests(PostgresControl store) : IncidentStoreTests(store);

/// <summary>From the engine's incidents to what people make of them, on each provider.</summary>
public abstract class IncidentStoreTests(ControlFixture store)
{
    private const long Start = 1_790_000_000_000;
    private static readonly CancellationToken Stop = CancellationToken.None;
    private static readonly Actor Ann = new("user", "1", "Ann", "192.0.2.1");
    private TestApp App => store.App;
    private IncidentQueries Queries => App.Service<IncidentQueries>();

    private Task ApplyAsync(params IncidentProjection[] incidents) => App.Service<IIncidentSink>().ApplyAsync(incidents, Stop);

    [Fact]
    public async Task A_version_that_is_stored_changes_nothing_and_a_further_one_updates_the_same_row()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var first = TestApp.Incident(tenant.Id, "a1");
        var grown = TestApp.Incident(tenant.Id, "a1", version: 5, outcome: AttackOutcome.Likely);
        await ApplyAsync(first);
        await ApplyAsync(grown);
        var once = (await Queries.FindAsync(tenant.Id, "a1", Stop))!;
        await ApplyAsync(first, grown);
        await ApplyAsync(TestApp.Incident(tenant.Id, "a1", title: "An older one", version: 4));
        var again = (await Queries.FindAsync(tenant.Id, "a1", Stop))!;
        Assert.Equal((5, AttackOutcome.Likely, 1L), ((int)again.Incident.Count, again.Incident.Outcome, again.Incident.Version));
        Assert.Equal(once.Story.Write(), again.Story.Write());
        Assert.Equal((2, 1), (again.Events.Count, again.Addresses.Count));
        Assert.Equal((5L, Start + 5 * 60_000), (again.Addresses[0].Count, again.Addresses[0].Last.ToUnixTimeMilliseconds()));
        Assert.Single((await Queries.ListAsync(tenant.Id, new IncidentFilter(), null, 10, Stop)).Items);
    }

    [Fact]
    public async Task What_people_decided_survives_growth_and_is_audited()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var other = await App.TenantAsync(store.NewName());
        await ApplyAsync(TestApp.Incident(tenant.Id, "b1"));
        var edits = App.Service<IncidentEdits>();
        var owner = (await App.Service<MembershipService>().MembersAsync(tenant.Id, Stop)).Single().Id;
        var stranger = (await App.Service<MembershipService>().MembersAsync(other.Id, Stop)).Single().Id;
        Task<(IncidentRefusal Refusal, IncidentRow? Row)> Edit(IncidentEdit edit, long? version = null, uint? who = null) => edits.ApplyAsync(who ?? tenant.Id, "b1", edit, version, Ann, Stop);
        Assert.Equal(IncidentRefusal.NotFound, (await Edit(new(IncidentStatus.InProgress, null, null), who: other.Id)).Refusal);
        Assert.Equal(IncidentRefusal.Stale, (await Edit(new(IncidentStatus.InProgress, null, null), 7)).Refusal);
        Assert.Equal(IncidentRefusal.NeedsReason, (await Edit(new(IncidentStatus.Closed, null, null))).Refusal);
        Assert.Equal(IncidentRefusal.BadOwner, (await Edit(new(null, null, stranger))).Refusal);
        await ApplyAsync(TestApp.Incident(tenant.Id, "b1", version: 2));
        // Growth is no change by a person: the version they saw still holds.
        Assert.Equal(IncidentRefusal.None, (await Edit(new(IncidentStatus.Closed, CloseReason.Mitigated, owner), 1)).Refusal);
        Assert.NotNull(await edits.CommentAsync(tenant.Id, "b1", "blocked at the edge", null, Ann, Stop));
        Assert.Null(await edits.CommentAsync(other.Id, "b1", "not mine", null, Ann, Stop));
        await ApplyAsync(TestApp.Incident(tenant.Id, "b1", version: 9, outcome: AttackOutcome.Succeeded));
        var found = (await Queries.FindAsync(tenant.Id, "b1", Stop))!;
        Assert.Equal((IncidentStatus.Closed, CloseReason.Mitigated, owner, 3L), (found.Incident.Status, found.Incident.Reason, found.Incident.OwnerId, found.Incident.Version));
        Assert.Equal((9L, AttackOutcome.Succeeded, "blocked at the edge"), (found.Incident.Count, found.Incident.Outcome, found.Comments.Single().Text));
        Assert.Equal(["incident.update", "incident.comment"], (await App.AuditAsync(tenant.Id)).Select(e => e.Action).Where(a => a.StartsWith("incident.")));
    }

    [Fact]
    public async Task Alerts_of_its_events_are_linked_and_muted_ones_are_not_shown()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var finding = TestApp.Finding(tenant.Id, title: "Linked");
        var alert = await App.AlertAsync(finding);
        var hidden = TestApp.Finding(tenant.Id, title: "Hidden") with { Mute = 1 };
        await App.AlertAsync(hidden);
        await App.AlertAsync(TestApp.Finding(tenant.Id, title: "Apart", ip: "198.51.100.9"));
        await ApplyAsync(TestApp.Incident(tenant.Id, "c1") with { EventIds = [finding.EventId, hidden.EventId] });
        await ApplyAsync(TestApp.Incident(tenant.Id, "c1", version: 2) with { EventIds = [finding.EventId] });
        Assert.Equal([alert.Id], (await Queries.FindAsync(tenant.Id, "c1", Stop))!.Alerts.Select(a => a.Id));
        Assert.Equal(["c1"], (await Queries.OfAlertAsync(tenant.Id, alert.Id, Stop)).Select(i => i.Id));
    }

    [Fact]
    public async Task Examples_and_addresses_are_bounded()
    {
        var tenant = await App.TenantAsync(store.NewName());
        IncidentExample[] Many(int from, int count, AttackOutcome outcome) => [.. Enumerable.Range(from, count).Select(i => new IncidentExample { EventId = (ulong)i, TimeMs = Start + i, Rule = "r", Outcome = outcome })];
        var wide = TestApp.Incident(tenant.Id, "d1");
        await ApplyAsync(wide with
        {
            Events = Many(1, 450, AttackOutcome.Failed),
            Addresses = [.. Enumerable.Range(0, 700).Select(i => new Palisade.Engine.Incidents.IncidentSource($"2001:db8::{i:x}", 1, Start, Start))],
        });
        await ApplyAsync(wide with { Version = 2, Events = Many(1000, 300, AttackOutcome.Succeeded) });
        var found = (await Queries.FindAsync(tenant.Id, "d1", Stop))!;
        Assert.Equal((500, 100, 500), (found.Events.Count, found.Events.Count(e => e.Outcome == AttackOutcome.Succeeded), found.Addresses.Count));
    }

    [Fact]
    public async Task An_address_split_off_stands_for_itself_while_both_grow_and_can_be_taken_back()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var splits = App.Service<IncidentSplits>();
        const string Mine = "203.0.113.1", Theirs = "203.0.113.2";
        var sequence = 0UL;
        IncidentProjection Grown(int version, long mine, long theirs)
        {
            var at = DateTimeOffset.FromUnixTimeMilliseconds(Start);
            IncidentExample Example(string ip, AttackOutcome outcome) => new() { EventId = (++sequence << 8) | 1, TimeMs = Start + (long)sequence, Rule = "rule-a", Name = "r", NameZh = "r", Class = "sqli", Source = ip, Outcome = outcome };
            return TestApp.Incident(tenant.Id, "f1", version: version) with
            {
                Story = TestApp.Incident(tenant.Id, "f1", version: version).Story with { Count = mine + theirs, SourceCount = 2, Sources = [Mine, Theirs], Outcome = AttackOutcome.Likely },
                Addresses = [new Palisade.Engine.Incidents.IncidentSource(Mine, mine, Start, Start + 1_000), new Palisade.Engine.Incidents.IncidentSource(Theirs, theirs, Start, Start + 2_000)],
                Events = [Example(Mine, AttackOutcome.Likely), Example(Theirs, AttackOutcome.Blocked)],
            };
        }
        await ApplyAsync(Grown(1, 6, 2));
        Assert.Equal(MergeRefusal.NotThere, (await splits.SplitOffAsync(tenant.Id, "f1", ["192.0.2.9"], [], Ann, Stop)).Refusal);
        Assert.Equal(MergeRefusal.Everything, (await splits.SplitOffAsync(tenant.Id, "f1", [Mine, Theirs], [], Ann, Stop)).Refusal);
        Assert.Equal(MergeRefusal.NotFound, (await splits.SplitOffAsync(tenant.Id, "nowhere", [Mine], [], Ann, Stop)).Refusal);
        var (refusal, part) = await splits.SplitOffAsync(tenant.Id, "f1", [Theirs], [], Ann, Stop);
        Assert.Equal(MergeRefusal.None, refusal);
        // The engine tells the whole story again, as after a restart, and more of it.
        await ApplyAsync(Grown(1, 6, 2));
        await ApplyAsync(Grown(2, 9, 5));
        var (left, off) = ((await Queries.FindAsync(tenant.Id, "f1", Stop))!, (await Queries.FindAsync(tenant.Id, part!.Id, Stop))!);
        Assert.Equal((9L, 1, AttackOutcome.Likely), (left.Incident.Count, left.Incident.SourceCount, left.Incident.Outcome));
        Assert.Equal((5L, 1, AttackOutcome.Blocked), (off.Incident.Count, off.Incident.SourceCount, off.Incident.Outcome));
        Assert.Contains(Theirs, off.Incident.Title, StringComparison.Ordinal);
        Assert.Contains("f1", off.Story.Account, StringComparison.Ordinal);
        Assert.Equal([Mine], left.Addresses.Select(a => a.Address));
        Assert.Equal([Theirs], off.Addresses.Select(a => a.Address));
        Assert.All(left.Events, e => Assert.Equal(Mine, e.Source));
        Assert.Equal(2, off.Events.Count(e => e.Source == Theirs));
        Assert.Equal(part.Id, Assert.Single((await Queries.ListAsync(tenant.Id, new IncidentFilter { SourceIp = Theirs }, null, 10, Stop)).Items).Id);
        Assert.Equal(MergeRefusal.None, (await App.Service<IncidentMerges>().MergeAsync(tenant.Id, "f1", part.Id, Ann, Stop)).Refusal);
        await ApplyAsync(Grown(3, 10, 6));
        var whole = (await Queries.FindAsync(tenant.Id, "f1", Stop))!;
        Assert.Equal((16L, 2), (whole.Incident.Count, whole.Incident.SourceCount));
        Assert.Equal("f1", Assert.Single((await Queries.ListAsync(tenant.Id, new IncidentFilter { SourceIp = Theirs }, null, 10, Stop)).Items).Id);
        Assert.Contains("incident.split_off", (await App.AuditAsync(tenant.Id)).Select(e => e.Action));
    }

    [Fact]
    public async Task Merged_incidents_are_shown_as_one_grow_as_one_and_split_again()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var merges = App.Service<IncidentMerges>();
        await ApplyAsync(TestApp.Incident(tenant.Id, "e1", title: "First", ip: "203.0.113.1"), TestApp.Incident(tenant.Id, "e2", title: "Second", ip: "203.0.113.2", version: 3), TestApp.Incident(tenant.Id, "e3", ip: "203.0.113.3"));
        await App.Service<IncidentEdits>().CommentAsync(tenant.Id, "e2", "seen before", null, Ann, Stop);
        await App.Service<IncidentEdits>().ApplyAsync(tenant.Id, "e2", new(IncidentStatus.InProgress, null, null), null, Ann, Stop);
        Assert.Equal(MergeRefusal.Same, (await merges.MergeAsync(tenant.Id, "e1", "e1", Ann, Stop)).Refusal);
        Assert.Equal(MergeRefusal.NotFound, (await merges.MergeAsync(tenant.Id, "e1", "nowhere", Ann, Stop)).Refusal);
        Assert.Equal(MergeRefusal.None, (await merges.MergeAsync(tenant.Id, "e2", "e3", Ann, Stop)).Refusal);
        Assert.Equal(MergeRefusal.None, (await merges.MergeAsync(tenant.Id, "e1", "e2", Ann, Stop)).Refusal);
        Assert.Equal(MergeRefusal.Merged, (await merges.MergeAsync(tenant.Id, "e1", "e2", Ann, Stop)).Refusal);
        await ApplyAsync(TestApp.Incident(tenant.Id, "e2", title: "Second", ip: "203.0.113.2", version: 6, outcome: AttackOutcome.Succeeded));

        var one = Assert.Single((await Queries.ListAsync(tenant.Id, new IncidentFilter(), null, 10, Stop)).Items);
        Assert.Equal(("e1", 8L, AttackOutcome.Succeeded, 2, 3, IncidentStatus.InProgress), (one.Id, one.Count, one.Outcome, one.Members, one.SourceCount, one.Status));
        var whole = (await Queries.FindAsync(tenant.Id, "e1", Stop))!;
        Assert.Equal((4, 3, "seen before"), (whole.Events.Count, whole.Addresses.Count, whole.Comments.Single().Text));
        Assert.Equal(["e1", "e1", "e1"], new[] { await Queries.ShownByAsync(tenant.Id, "e1", Stop), await Queries.ShownByAsync(tenant.Id, "e2", Stop), await Queries.ShownByAsync(tenant.Id, "e3", Stop) });
        Assert.Equal("e1", Assert.Single((await Queries.ListAsync(tenant.Id, new IncidentFilter { SourceIp = "203.0.113.3" }, null, 10, Stop)).Items).Id);
        Assert.Equal(IncidentRefusal.Merged, (await App.Service<IncidentEdits>().ApplyAsync(tenant.Id, "e2", new(IncidentStatus.Closed, CloseReason.Duplicate, null), null, Ann, Stop)).Refusal);

        Assert.Equal(MergeRefusal.NotMerged, (await merges.SplitAsync(tenant.Id, "e2", "e3", Ann, Stop)).Refusal);
        Assert.Equal(MergeRefusal.None, (await merges.SplitAsync(tenant.Id, "e1", "e2", Ann, Stop)).Refusal);
        var two = (await Queries.ListAsync(tenant.Id, new IncidentFilter(), null, 10, Stop)).Items.OrderBy(i => i.Id).ToList();
        Assert.Equal([("e1", 2L, AttackOutcome.Blocked, 1), ("e2", 6L, AttackOutcome.Succeeded, 0)], two.Select(i => (i.Id, i.Count, i.Outcome, i.Members)));
        Assert.Equal("e2", Assert.Single((await Queries.ListAsync(tenant.Id, new IncidentFilter { SourceIp = "203.0.113.2" }, null, 10, Stop)).Items).Id);
        Assert.Equal(["incident.merge", "incident.merge", "incident.split"], (await App.AuditAsync(tenant.Id)).Select(e => e.Action).Where(a => a is "incident.merge" or "incident.split"));
    }

    [Fact]
    public async Task What_the_engine_took_up_leads_to_the_other_but_not_against_a_person()
    {
        var tenant = await App.TenantAsync(store.NewName());
        await ApplyAsync(TestApp.Incident(tenant.Id, "f1"), TestApp.Incident(tenant.Id, "f2"));
        // In the order of the engine: the one that was taken up may come first.
        await ApplyAsync(TestApp.Incident(tenant.Id, "f2", version: 2) with { MergedInto = "f3" }, TestApp.Incident(tenant.Id, "f3", version: 4));
        Assert.Equal("f3", await Queries.ShownByAsync(tenant.Id, "f2", Stop));
        // Its records are in the story of the one that took it up: they are not counted once more.
        Assert.Equal((4L, 4L), ((await Queries.FindAsync(tenant.Id, "f3", Stop))!.Story.Count, (await Queries.FindAsync(tenant.Id, "f3", Stop))!.Incident.Count));
        await App.Service<IncidentMerges>().SplitAsync(tenant.Id, "f3", "f2", Ann, Stop);
        await ApplyAsync(TestApp.Incident(tenant.Id, "f2", version: 3) with { MergedInto = "f3" });
        Assert.Equal("f2", await Queries.ShownByAsync(tenant.Id, "f2", Stop));
        Assert.Equal(3, (await Queries.ListAsync(tenant.Id, new IncidentFilter(), null, 10, Stop)).Items.Count);
    }

    [Fact]
    public async Task Pages_of_the_list_hold_each_incident_once_and_filters_narrow_it()
    {
        var tenant = await App.TenantAsync(store.NewName());
        await ApplyAsync([.. Enumerable.Range(0, 30).Select(i => TestApp.Incident(tenant.Id, $"g{i:00}", ip: $"198.51.100.{i}", timeMs: Start + i / 10 * 3_600_000, outcome: i % 2 == 0 ? AttackOutcome.Failed : AttackOutcome.Likely))]);
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await Queries.ListAsync(tenant.Id, new IncidentFilter(), cursor, 7, Stop);
            seen.AddRange(page.Items.Select(i => i.Id));
            cursor = page.Next;
        }
        while (cursor is not null);
        Assert.Equal(Enumerable.Range(0, 30).GroupBy(i => i / 10).Reverse().SelectMany(g => g).Select(i => $"g{i:00}"), seen);
        async Task<int> Count(IncidentFilter filter) => await Queries.CountAsync(tenant.Id, filter, Stop);
        Assert.Equal((15, 1, 30, 0), (await Count(new() { Outcome = AttackOutcome.Likely }), await Count(new() { SourceIp = "198.51.100.7" }), await Count(new() { Open = true, Text = "WEB-01 /search" }), await Count(new() { Text = "\0%_" })));
        Assert.Equal((10, 0), (await Count(new() { From = DateTimeOffset.FromUnixTimeMilliseconds(Start + 2 * 3_600_000) }), await Count(new() { Class = "xss" })));
    }
}
