using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Ingest;
using Palisade.Server.Sources;
using Palisade.Server.Streaming;
using Palisade.Server.Tenants;
using Palisade.Server.Usage;
using Palisade.Server.Watch;

namespace Palisade.Server.Tests.Watch;

/// <summary>The watch over a real control store, its clock moved by hand.</summary>
public sealed class SourceWatchTests : IAsyncLifetime
{
    private static readonly CancellationToken Stop = CancellationToken.None;
    private readonly HandClock clock = new();
    private TestApp app = null!;
    private Tenant tenant = null!;
    private SourceWatch watch = null!;
    private uint source;
    private ulong applied;

    public async ValueTask InitializeAsync()
    {
        app = await TestApp.StartAsync(o => o with { Watch = new WatchOptions { Enabled = false } });
        tenant = await app.TenantAsync("Watched");
        source = (await app.Service<ISourceRegistry>().GetOrCreateAsync(tenant.Id, "web", Stop)).Source!.Id;
        watch = NewWatch();
        clock.Advance(TimeSpan.FromMinutes(30));        // it has listened for a while
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private SourceWatch NewWatch() => new(
        app.Service<SourceOverview>(), app.Service<ISourceStats>(), app.Service<ILossLedger>(),
        new ConditionAlerts(app.Control, app.Service<ChangeFeed>(), app.Service<Funnel>(), clock), new WatchOptions(), clock, NullLogger<SourceWatch>.Instance);

    private long MinuteNow => clock.GetUtcNow().ToUnixTimeMilliseconds() / 60_000 * 60_000;

    /// <summary>Counts of minutes, by how many minutes they lie back.</summary>
    private Task FillAsync(IEnumerable<int> back, long each, IngestRefusal? refused = null)
    {
        var tally = new LedgerTally();
        foreach (var minutes in back)
        {
            var at = MinuteNow - minutes * 60_000L;
            var lane = new IngestLane(tenant.Id, source);
            if (refused is { } reason)
            {
                var frame = new byte[RefusalFrame.EntryBytes];
                RefusalFrame.Write(frame, reason, each);
                tally.Refusals(lane, at, frame);
                continue;
            }
            var delta = tally.At(lane, at);
            (delta.Journaled, delta.Stored, delta.Parsed) = (each, each, each);
        }
        return ((ILedgerStore)app.Service<ILossLedger>()).ApplyAsync(77, ++applied, tally.Deltas, Stop);
    }

    private async Task SeenAsync()
    {
        app.Service<ISourceRegistry>().Seen(source, clock.GetUtcNow());
        await app.Service<ISourceRegistry>().FlushAsync(Stop);
    }

    private async Task<List<Alert>> AlertsAsync()
    {
        await using var db = app.Control.For(tenant.Id);
        return await db.Set<Alert>().AsNoTracking().OrderBy(a => a.First).ToListAsync(Stop);
    }

    private async Task<List<Alert>> LookAfterAsync(int minutes, bool seen = false)
    {
        clock.Advance(TimeSpan.FromMinutes(minutes));
        if (seen) await SeenAsync();
        await watch.LookAsync(Stop);
        return await AlertsAsync();
    }

    [Fact]
    public async Task A_source_that_falls_silent_raises_one_alert_that_closes_when_it_is_back()
    {
        await FillAsync(Enumerable.Range(1, 3 * 1440), 10);
        await SeenAsync();
        Assert.Empty(await LookAfterAsync(14));
        var alert = Assert.Single(await LookAfterAsync(2));
        Assert.Equal(("palisade-source-silent", "policy", FindingLevel.Medium, AlertStatus.New, source), (alert.RuleId, alert.Class, alert.Level, alert.Status, alert.SourceId));
        Assert.Equal(("Log source went silent: web", "日志源中断：web"), (alert.Title, alert.TitleZh));
        var detail = (await app.Service<AlertQueries>().FindAsync(tenant.Id, alert.Id, Stop))!;
        Assert.Contains("silent_minutes=16 usual_pause_minutes=1", System.Text.Encoding.UTF8.GetString(Assert.Single(detail.Evidence).Raw), StringComparison.Ordinal);
        Assert.NotEmpty(detail.Rule!.WhatToDo);
        Assert.NotEmpty(detail.Rule.WhatToDoZh);

        watch = NewWatch();                              // a restart in between
        Assert.Equal(alert.Version, Assert.Single(await LookAfterAsync(40)).Version);
        await SeenAsync();
        alert = Assert.Single(await LookAfterAsync(1));
        Assert.Equal((AlertStatus.Closed, CloseReason.Resolved), (alert.Status, alert.Reason));
        Assert.Contains("records come again", Assert.Single((await app.Service<AlertQueries>().FindAsync(tenant.Id, alert.Id, Stop))!.Comments).Text, StringComparison.Ordinal);
        Assert.Contains(await app.AuditAsync(tenant.Id), e => e.Action == "alert.update" && e.Target == alert.Id && e.ActorKind == "system");
    }

    [Fact]
    public async Task What_a_person_closed_stays_closed_for_the_same_silence()
    {
        await FillAsync(Enumerable.Range(1, 3 * 1440), 10);
        await SeenAsync();
        var alert = Assert.Single(await LookAfterAsync(20));
        await app.Service<AlertEdits>().ApplyAsync(tenant.Id, alert.Id, new AlertEdit(AlertStatus.Closed, CloseReason.Expected, null), null, Actor.System, Stop);
        Assert.Equal(CloseReason.Expected, Assert.Single(await LookAfterAsync(20)).Reason);
        Assert.Equal(CloseReason.Expected, Assert.Single(await LookAfterAsync(30 * 60)).Reason);
    }

    [Fact]
    public async Task While_nobody_listened_nobody_was_silent_and_a_source_turned_off_is_not_missed()
    {
        await FillAsync(Enumerable.Range(1, 3 * 1440), 10);
        await SeenAsync();
        clock.Advance(TimeSpan.FromHours(2));
        watch = NewWatch();                              // the server was down for two hours
        Assert.Empty(await LookAfterAsync(5));
        var alert = Assert.Single(await LookAfterAsync(15));
        await app.Control.ChangeAsync(TenantContext.System, async db => await db.Set<Source>().ExecuteUpdateAsync(s => s.SetProperty(x => x.Disabled, true), Stop), Stop);
        Assert.Equal((alert.Id, CloseReason.Resolved), (Assert.Single(await LookAfterAsync(1)) is var a ? (a.Id, a.Reason) : default));
        Assert.Single(await LookAfterAsync(60));
    }

    [Fact]
    public async Task An_hour_unlike_the_same_hour_of_other_weeks_raises_an_alert()
    {
        const int week = 7 * 1440;
        foreach (var back in new[] { 1, 2, 3, 4 }) await FillAsync(Enumerable.Range(back * week - 120, 300), 100);
        await FillAsync(Enumerable.Range(1, 120), 100);
        Assert.Empty(await LookAfterAsync(1, seen: true));
        await FillAsync(Enumerable.Range(1, 70), 600);
        var jumped = Assert.Single(await LookAfterAsync(15, seen: true));
        Assert.Equal("palisade-source-rate-jumped", jumped.RuleId);
        clock.Advance(TimeSpan.FromMinutes(75));
        await FillAsync(Enumerable.Range(1, 75), 5);
        var all = await LookAfterAsync(1, seen: true);
        Assert.Equal(
            [("palisade-source-rate-fell", AlertStatus.New), ("palisade-source-rate-jumped", AlertStatus.Closed)],
            all.Select(a => (a.RuleId, a.Status)).OrderBy(a => a.RuleId, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Too_much_that_is_refused_or_missing_raises_an_alert_and_duplicates_do_not()
    {
        await FillAsync(Enumerable.Range(1, 60), 100);
        await FillAsync(Enumerable.Range(1, 60), 50, IngestRefusal.Duplicate);
        Assert.Empty(await LookAfterAsync(1, seen: true));
        await FillAsync(Enumerable.Range(1, 60), 2, IngestRefusal.LineTooLong);
        await FillAsync(Enumerable.Range(1, 60), 3, IngestRefusal.Gap);
        var alert = Assert.Single(await LookAfterAsync(15, seen: true));
        Assert.Equal("palisade-source-losing", alert.RuleId);
        var evidence = System.Text.Encoding.UTF8.GetString(Assert.Single((await app.Service<AlertQueries>().FindAsync(tenant.Id, alert.Id, Stop))!.Evidence).Raw);
        Assert.Contains("line_too_long=", evidence, StringComparison.Ordinal);
        Assert.Contains("gap=", evidence, StringComparison.Ordinal);
    }
}
