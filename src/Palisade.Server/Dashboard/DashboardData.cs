using Palisade.Engine;
using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Ingest;
using Palisade.Server.Sources;
using Palisade.Server.Storage;
using Palisade.Server.Streaming;
using Span = Palisade.Server.Storage.TimeRange;

namespace Palisade.Server.Dashboard;

/// <summary>Reads the figures from the event store, the loss ledger and the alerts.</summary>
internal sealed class DashboardData(
    EventQueries events, AlertQueries alerts, SourceOverview sources, ISourceStats stats, ILossLedger ledger, EngineSnapshot engine,
    ISourceRegistry registry, TimeProvider clock) : IDashboardData
{
    private const int Shown = 12;
    private const int Compared = 500;
    private const int AddressesCounted = 10_000;
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(10);

    public async Task<AttackFigures> AttacksAsync(uint tenant, Console.TimeRange range, CancellationToken stop)
    {
        // Whole bars: the first begins where its bucket does.
        var bucket = range.Bucket;
        var from = new DateTimeOffset(range.From.UtcTicks / bucket.Ticks * bucket.Ticks, TimeSpan.Zero);
        var bars = (int)Math.Ceiling((range.To - from) / bucket);
        var (now, before) = (new Span(range.From, range.To), new Span(range.From - range.Length, range.From));
        var trend = await events.AttackHistogramAsync(tenant, new Span(from, range.To), bucket, stop);
        var earlier = await events.AttackHistogramAsync(tenant, new Span(from - (bucket * bars), from), bucket, stop);
        var classes = await events.ClassTotalsAsync(tenant, now, stop);
        var won = (await alerts.ListAsync(tenant, new AlertFilter { Outcome = AttackOutcome.Succeeded, From = range.From, To = range.To }, null, AlertQueries.MaxPage, stop))
            .Items.GroupBy(a => a.Class).ToDictionary(g => g.Key, g => g.LongCount());
        var addresses = await AttackersAsync(tenant, now, before, AttackerKey.Address, AddressesCounted, stop);
        return new AttackFigures(
            Sum(await events.OutcomeTotalsAsync(tenant, now, stop)), Sum(await events.OutcomeTotalsAsync(tenant, before, stop)),
            Bars(trend, from, bucket, bars), Bars(earlier, from - (bucket * bars), bucket, bars),
            [.. classes.Select(c => new RankedFigure(c.Class, "", c.Count, c.Before, won.GetValueOrDefault(c.Class)))],
            await AttackersAsync(tenant, now, before, AttackerKey.Country, 250, stop),
            [.. (await AttackersAsync(tenant, now, before, AttackerKey.Network, Shown, stop))],
            [.. addresses.Take(Shown)],
            await TargetsAsync(tenant, now, before, stop), addresses.Count);
    }

    public async Task<CoverageFigures> CoverageAsync(uint tenant, CancellationToken stop)
    {
        var list = (await sources.AllAsync(tenant, stop)).Where(s => !s.Disabled).ToList();
        var activity = list.Select(s => (Source: s, Live: stats.Of(tenant, s.Id))).ToList();
        var oldest = clock.GetUtcNow() - Late;
        var totals = await ledger.TotalsAsync(tenant, stop);
        var (sent, kept) = (totals.Values.Sum(t => t.Sent), totals.Values.Sum(t => t.Received - t.RefusedTotal));
        return new CoverageFigures(
            list.Count, activity.Count(a => (a.Live.LastSeen ?? a.Source.LastSeen) >= oldest),
            sent == 0 ? 100 : Math.Round(100.0 * kept / sent, 2),
            engine.Rules.RuleCount + engine.Rules.CorrelationCount, activity.Sum(a => a.Live.LastMinute) / 60.0);
    }

    private async Task<IReadOnlyList<RankedFigure>> AttackersAsync(uint tenant, Span now, Span before, AttackerKey by, int limit, CancellationToken stop)
    {
        var earlier = (await events.TopAttackersAsync(tenant, before, by, Math.Max(limit, Compared), stop)).ToDictionary(a => a.Key, a => a.Count, StringComparer.Ordinal);
        return [.. (await events.TopAttackersAsync(tenant, now, by, limit, stop)).Select(a => new RankedFigure(
            by == AttackerKey.Network && a.Organization.Length > 0 ? a.Organization : a.Key,
            by switch { AttackerKey.Network => "AS" + a.Key, AttackerKey.Address => a.Country, _ => "" },
            a.Count, earlier.GetValueOrDefault(a.Key), a.Succeeded))];
    }

    /// <summary>Hosts; the site where a log names no host, and the source where it names neither.</summary>
    private async Task<IReadOnlyList<RankedFigure>> TargetsAsync(uint tenant, Span now, Span before, CancellationToken stop)
    {
        var found = await events.TopTargetsAsync(tenant, now, TargetKey.Nearest, Shown, stop);
        var earlier = (await events.TopTargetsAsync(tenant, before, TargetKey.Nearest, Compared, stop)).ToDictionary(t => t.Key, t => t.Count, StringComparer.Ordinal);
        var ranked = new List<RankedFigure>(found.Count);
        foreach (var t in found) ranked.Add(new RankedFigure(t.Key, await registry.TargetNameAsync(t.Key, stop), t.Count, earlier.GetValueOrDefault(t.Key), t.Succeeded));
        return ranked;
    }

    /// <summary>Every bar of the span; one without attacks is empty, not missing.</summary>
    internal static IReadOnlyList<TrendBar> Bars(IReadOnlyList<AttackBucket> rows, DateTimeOffset from, TimeSpan bucket, int bars)
    {
        var byStart = rows.GroupBy(r => r.Start).ToDictionary(g => g.Key, g => g.GroupBy(r => r.Class).ToDictionary(c => c.Key, c => c.Sum(r => r.Count)));
        return [.. Enumerable.Range(0, bars).Select(i => from + (bucket * i)).Select(at => new TrendBar(at, byStart.GetValueOrDefault(at) ?? []))];
    }

    private static OutcomeFigures Sum(IReadOnlyList<OutcomeTotal> totals)
    {
        long Of(AttackOutcome outcome) => totals.Where(t => t.Outcome == outcome).Sum(t => t.Count);
        return new OutcomeFigures(Of(AttackOutcome.Blocked), Of(AttackOutcome.Failed), Of(AttackOutcome.Unknown), Of(AttackOutcome.Likely), Of(AttackOutcome.Succeeded));
    }
}
