using System.Text;
using Microsoft.EntityFrameworkCore;
using Palisade.Engine;
using Palisade.Engine.Rules;
using Palisade.Server.Alerts;
using Palisade.Server.Control;
using Palisade.Server.Storage;

namespace Palisade.Server.Rules;

/// <summary>
/// One backtest at work: reads the stored records in the order in which they were judged, judges them by the one rule, or where that needs more than itself by everything in force,
/// and compares with the alerts there are.
/// </summary>
/// <param name="text">The rule; null: everything in force runs, as it does in the stream.</param>
/// <param name="loading">How the tenant's rules load.</param>
internal sealed class BacktestRun(uint tenant, RuleText? text, RuleLibrary library, IReadOnlyList<RuleText> own, RuleLoadOptions loading, EventQueries queries, ControlDbFactory factory, TenantData data, Action<Backtest> tell)
{
    private const int PageRecords = 4000, MaxAlerts = 1000, MaxLost = 100;
    /// <summary>Records of one backtest: more ends it early, and says so.</summary>
    public const long MaxRecords = 5_000_000;

    public async Task<Backtest> RunAsync(Backtest job, CancellationToken stop)
    {
        job = job with { State = BacktestState.Running, Total = await queries.CountReceivedAsync(tenant, job.Range, stop) };
        tell(job);
        var tally = new BacktestTally(job.RuleId == Backtests.Everything ? null : job.RuleId, job.Bucket);
        var pipeline = text is null ? data.AsStream(tenant) : data.Pipeline(Rules(text));
        var (first, after) = (0UL, 0UL);
        while (job.Read < MaxRecords)
        {
            var page = await queries.RawPageAsync(tenant, job.Range, after, PageRecords, stop);
            if (page.Count == 0) break;
            foreach (var record in page) await data.AddAsync(pipeline, tenant, record, stop);
            pipeline.Detect();
            tally.Take(pipeline);
            pipeline.Clear();
            job = job with { Read = job.Read + page.Count, Hits = tally.Hits };
            tell(job);
            if (after == 0) first = page[0].Id;
            after = page[^1].Id;
        }
        if (job.Read >= MaxRecords) job = job with { Problem = "records" };
        return await CompareAsync(tally.Done(job), tally, first, after, stop);
    }

    private RuleSet Rules(RuleText rule)
    {
        var others = own.Where(o => o.Id != rule.Id).ToList();
        var files = library.SharedWith(others.Append(rule)).Where(f => f.path != rule.File).Concat(others.Append(rule).Select(o => (o.File, Encoding.UTF8.GetBytes(o.Yaml))));
        return RuleSet.Load(files, loading, out _);
    }

    /// <summary>Alerts whose events were read; one is kept when its rule finds one of them again.</summary>
    private async Task<Backtest> CompareAsync(Backtest job, BacktestTally tally, ulong first, ulong last, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        var all = job.RuleId == Backtests.Everything;
        var known = await db.Set<Alert>().AsNoTracking().Where(a => (all || a.RuleId == job.RuleId) && a.FirstEventId >= first && a.LastEventId <= last).OrderByDescending(a => a.Last).Take(MaxAlerts).ToListAsync(stop);
        var kept = 0;
        var lost = new List<LostAlert>();
        foreach (var alert in known)
        {
            var found = tally.Has(alert.RuleId, alert.FirstEventId) || tally.Has(alert.RuleId, alert.LastEventId);
            if (!found)
            {
                var events = await db.Set<AlertEvent>().AsNoTracking().Where(e => e.AlertId == alert.Id).Select(e => e.EventId).ToListAsync(stop);
                found = events.Exists(e => tally.Has(alert.RuleId, e));
            }
            if (found) kept++;
            else if (lost.Count < MaxLost) lost.Add(new LostAlert(alert.Id, alert.Title, alert.First, alert.Count));
        }
        return job with { Known = known.Count, Kept = kept, Lost = lost };
    }
}
