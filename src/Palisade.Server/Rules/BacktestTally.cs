using System.Text;
using Palisade.Engine;
using Palisade.Protocol;
using Palisade.Server.Storage;

namespace Palisade.Server.Rules;

/// <summary>Adds up what a backtest finds, bounded.</summary>
/// <param name="ruleId">Only findings of this rule count; null: all do.</param>
internal sealed class BacktestTally(string? ruleId, TimeSpan bucket)
{
    /// <summary>Findings of one backtest that are kept one by one; all are counted.</summary>
    public const int MaxFindings = 10_000;
    private const int MaxSamples = 20, MaxHitIds = 200_000, MaxSources = 10_000, MaxRaw = 2000, MaxRules = 500, MaxEvidence = 512;

    private readonly HitBuckets buckets = new(bucket);
    private readonly List<BacktestHit> samples = [];
    private readonly List<BacktestFinding> findings = [];
    private readonly HashSet<(string Rule, ulong Event)> hitIds = [];
    private readonly HashSet<string> sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RuleCount> rules = new(StringComparer.Ordinal);

    public long Hits { get; private set; }

    /// <summary>Whether the rule found something in the event, or counted it.</summary>
    public bool Has(string rule, ulong eventId) => hitIds.Contains((rule, eventId));

    public void Take(Pipeline pipeline)
    {
        // Correlations and habits come behind the rules of a batch: told in the order of their events, as a reader of the records would meet them.
        foreach (var finding in pipeline.Findings.Items.ToArray().OrderBy(f => f.Event))
            if (ruleId is null || finding.Rule.Id == ruleId) Take(pipeline.Events, finding);
    }

    private void Take(EventBatch events, in Finding finding)
    {
        Hits++;
        var (timeMs, logSource) = (finding.TimeIn(events), finding.SourceIn(events));
        buckets.Add(timeMs);
        var (id, sequence) = (finding.Rule.Id, finding.SequenceIn(events));
        if (hitIds.Count < MaxHitIds)
        {
            hitIds.Add((id, sequence));
            foreach (var counted in finding.Firing?.Sequences ?? []) hitIds.Add((id, counted));
        }
        var source = finding.Said(events, Fields.SourceIp);
        if (source.Length > 0 && sources.Count < MaxSources) sources.Add(source);
        if (rules.TryGetValue(id, out var count) || rules.Count < MaxRules) rules[id] = new RuleCount(count?.Rule ?? finding.Rule, (count?.Hits ?? 0) + 1);
        var raw = finding.Record(events);
        var time = DateTimeOffset.FromUnixTimeMilliseconds(timeMs);
        var field = finding.Field == 0 ? "" : FieldNames.Name(finding.Field);
        var group = finding.Firing?.Group.DistinctBy(g => g.Key).ToDictionary(g => g.Key, g => g.Value) ?? [];
        if (findings.Count < MaxFindings)
            findings.Add(new BacktestFinding(sequence, time, logSource, finding.Rule, finding.Outcome, finding.Technique ?? finding.Rule.Name, source, field, Evidence(events, finding), group, finding.Firing is not null));
        if (samples.Count < MaxSamples) samples.Add(new BacktestHit(sequence, time, logSource, Encoding.UTF8.GetString(raw[..Math.Min(raw.Length, MaxRaw)]), field, group));
    }

    private static string Evidence(EventBatch events, in Finding finding)
    {
        var value = finding.Field == 0 ? events.Raw(finding.Event) : events.Get(finding.Event, finding.Field);
        return finding.Length == 0 || finding.Offset >= value.Length ? "" : Encoding.UTF8.GetString(value.Slice(finding.Offset, Math.Min(Math.Min(finding.Length, MaxEvidence), value.Length - finding.Offset)));
    }

    /// <summary>The job with what came of it.</summary>
    public Backtest Done(Backtest job) => job with
    {
        State = BacktestState.Done, Hits = Hits, Sources = sources.Count, Samples = samples, Findings = findings,
        Rules = [.. rules.Values.OrderByDescending(r => r.Hits).ThenBy(r => r.Rule.Id, StringComparer.Ordinal)],
        Buckets = buckets.List, Bucket = buckets.Bucket,
    };
}
