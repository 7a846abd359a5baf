using System.Text;
using Microsoft.EntityFrameworkCore;
using Palisade.Engine;
using Palisade.Engine.Rules;
using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Control;
using Palisade.Server.Storage;

namespace Palisade.Server.Rules;

/// <summary>One backtest at work: reads stored records in order of time, judges them by the one rule, and compares with the alerts there are.</summary>
internal sealed class BacktestRun(uint tenant, RuleText? text, RuleLibrary library, IReadOnlyList<RuleText> own, EventQueries queries, ControlDbFactory factory, TenantData data, Action<Backtest> tell)
{
    private const int PageRecords = 2000, MaxSamples = 20, MaxHitIds = 200_000, MaxAlerts = 1000, MaxSources = 10_000, MaxRaw = 2000;
    /// <summary>Records of one backtest: more ends it early, and says so.</summary>
    public const long MaxRecords = 5_000_000;

    private readonly Dictionary<long, long> buckets = [];
    private readonly List<BacktestHit> samples = [];
    private readonly HashSet<ulong> hitIds = [];
    private readonly HashSet<string> sources = new(StringComparer.Ordinal);
    private long hits;

    public async Task<Backtest> RunAsync(Backtest job, CancellationToken stop)
    {
        job = job with { State = BacktestState.Running, Total = await queries.CountAsync(tenant, new EventSearch(job.Range), stop) };
        tell(job);
        var pipeline = data.Pipeline(Rules(), web: text is null);
        EventCursor? after = null;
        while (job.Read < MaxRecords)
        {
            var page = await queries.RawPageAsync(tenant, job.Range, after, PageRecords, stop);
            foreach (var record in page) await data.AddAsync(pipeline, tenant, record, stop);
            pipeline.Detect();
            Take(pipeline, job);
            pipeline.Clear();
            job = job with { Read = job.Read + page.Count, Hits = hits };
            tell(job);
            if (page.Count < PageRecords) break;
            after = new EventCursor(page[^1].Time, page[^1].Id);
        }
        if (job.Read >= MaxRecords) job = job with { Problem = "records" };
        return await CompareAsync(job with
        {
            State = BacktestState.Done, Hits = hits, Sources = sources.Count, Samples = samples,
            Buckets = [.. buckets.OrderBy(b => b.Key).Select(b => new HitBucket(DateTimeOffset.FromUnixTimeMilliseconds(b.Key), b.Value))],
        }, stop);
    }

    private RuleSet Rules()
    {
        if (text is null) return RuleSet.Empty;
        var others = own.Where(o => o.Id != text.Id).ToList();
        var files = library.SharedWith(others.Append(text)).Where(f => f.path != text.File).Concat(others.Append(text).Select(o => (o.File, Encoding.UTF8.GetBytes(o.Yaml))));
        return RuleSet.Load(files, new RuleLoadOptions(), out _);
    }

    private void Take(Pipeline pipeline, Backtest job)
    {
        var step = (long)job.Bucket.TotalMilliseconds;
        foreach (ref readonly var finding in pipeline.Findings.Items)
        {
            if (finding.Rule.Id != job.RuleId) continue;
            hits++;
            ref readonly var header = ref pipeline.Events.Header(finding.Event);
            var start = header.TimeMs / step * step;
            buckets[start] = buckets.GetValueOrDefault(start) + 1;
            if (hitIds.Count < MaxHitIds)
            {
                hitIds.Add(header.Sequence);
                foreach (var sequence in finding.Firing?.Sequences ?? []) hitIds.Add(sequence);
            }
            var source = pipeline.Events.GetString(finding.Event, Fields.SourceIp);
            if (source.Length > 0 && sources.Count < MaxSources) sources.Add(source);
            if (samples.Count == MaxSamples) continue;
            var raw = pipeline.Events.Raw(finding.Event);
            samples.Add(new BacktestHit(header.Sequence, DateTimeOffset.FromUnixTimeMilliseconds(header.TimeMs), header.Source, Encoding.UTF8.GetString(raw[..Math.Min(raw.Length, MaxRaw)]),
                finding.Field == 0 ? "" : FieldNames.Name(finding.Field), finding.Firing?.Group.DistinctBy(g => g.Key).ToDictionary(g => g.Key, g => g.Value) ?? []));
        }
    }

    /// <summary>An alert is kept when the rule finds one of its events again.</summary>
    private async Task<Backtest> CompareAsync(Backtest job, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        var known = await db.Set<Alert>().AsNoTracking().Where(a => a.RuleId == job.RuleId && a.First >= job.Range.From && a.Last < job.Range.To).OrderByDescending(a => a.Last).Take(MaxAlerts).ToListAsync(stop);
        var kept = 0;
        var lost = new List<LostAlert>();
        foreach (var alert in known)
        {
            var found = hitIds.Contains(alert.FirstEventId) || hitIds.Contains(alert.LastEventId);
            if (!found)
            {
                var events = await db.Set<AlertEvent>().AsNoTracking().Where(e => e.AlertId == alert.Id).Select(e => e.EventId).ToListAsync(stop);
                found = events.Exists(hitIds.Contains);
            }
            if (found) kept++;
            else if (lost.Count < 100) lost.Add(new LostAlert(alert.Id, alert.Title, alert.First, alert.Count));
        }
        return job with { Known = known.Count, Kept = kept, Lost = lost };
    }
}
