using System.Text;
using System.Text.Json;
using Palisade.Engine;
using Palisade.Engine.Detect.Web;
using Palisade.Engine.Enrich;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Explain;
using Palisade.Protocol;
using Palisade.Server.Streaming;

namespace Palisade.Server.Rules;

/// <summary>Whether rules can fire on the data of a tenant.</summary>
/// <param name="Records">Records of the last week that were looked at; null: the event store did not answer, and the rules are judged by their log source alone.</param>
/// <param name="WebRequests">Those of them that are web requests.</param>
public sealed record ReachReport(long? Records, long WebRequests, IReadOnlyList<RuleReach> Rules, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>The questions people ask of a rule before they trust it.</summary>
public sealed class RuleWorkbench
{
    /// <summary>Characters of an event that is pasted.</summary>
    public const int MaxEvent = 64 << 10;

    private readonly TenantRules rules;
    private readonly TenantData data;
    private readonly LiveParsers parsers;
    private readonly IGeoLookup geo;
    private readonly EngineSnapshot content;
    private readonly TimeProvider clock;

    internal RuleWorkbench(TenantRules rules, TenantData data, LiveParsers parsers, IGeoLookup geo, EngineSnapshot content, TimeProvider clock) =>
        (this.rules, this.data, this.parsers, this.geo, this.content, this.clock) = (rules, data, parsers, geo, content, clock);

    /// <summary>Why a rule does or does not match an event: a JSON object with fields, else a log line as a source would send it.</summary>
    /// <returns>Null when the event is no JSON object although it begins like one.</returns>
    public async Task<(RuleExplanation Explanation, IReadOnlyList<FoundValue> Fields)?> ExplainAsync(uint tenant, RuleText rule, string text, CancellationToken stop)
    {
        var own = await rules.OwnTextsAsync(tenant, stop);
        var pipeline = new Pipeline(new EngineSnapshot(parsers.Current, RuleSet.Empty, WebDetector.Load([], out _), "explain"), geo);
        var info = new RecordInfo(1, clock.GetUtcNow().ToUnixTimeMilliseconds(), tenant, 0, RecordInfo.AutoParser);
        if (!EventText.TryAdd(pipeline, info, text)) return null;
        var explanation = new RuleExplainer(rules.Shipped.Lookups, await rules.LoadingAsync(tenant, own, rule, stop)).Explain(rule, [.. own, .. rules.Shipped.Texts], pipeline.Events, 0);
        var ids = pipeline.Events.FieldIds(0);
        var fields = new List<FoundValue>();
        for (var slot = 0; slot < ids.Length; slot++) fields.Add(new FoundValue(FieldNames.Name(ids[slot]), Encoding.UTF8.GetString(pipeline.Events.ValueAt(0, slot))));
        return (explanation, fields);
    }

    /// <summary>What rules that may become the tenant's own can do with the records of the last week. All of them pass through its pipelines.</summary>
    public async Task<ReachReport> ReachAsync(uint tenant, IReadOnlyList<(string path, byte[] bytes)> files, CancellationToken stop) =>
        await ReachAsync(tenant, files, await rules.LoadingAsync(tenant, [], null, stop) with { PipedFiles = null }, stop);

    private async Task<ReachReport> ReachAsync(uint tenant, IReadOnlyList<(string path, byte[] bytes)> files, RuleLoadOptions loading, CancellationToken stop)
    {
        var analysis = new ReachAnalysis(rules.Shipped.Lookups, files, loading);
        long? seen = null;
        var web = 0L;
        try
        {
            seen = await data.SampleAsync(tenant, Look, stop);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // Without the event store the log sources alone are judged; the report says so by having no number of records.
        }
        return new ReachReport(seen, web, analysis.Judge(), analysis.Diagnostics);

        void Look(EventBatch events)
        {
            analysis.Observe(events);
            for (var i = 0; i < events.Count; i++)
                if (!events.Get(i, Fields.UrlOriginal).IsEmpty || !events.Get(i, Fields.UrlPath).IsEmpty) web++;
        }
    }

    /// <summary>The same for every rule of the tenant.</summary>
    public async Task<ReachReport> ReachAllAsync(uint tenant, CancellationToken stop)
    {
        var own = await rules.OwnTextsAsync(tenant, stop);
        return await ReachAsync(tenant, [.. rules.Shipped.Files, .. own.Select(o => (o.File, Encoding.UTF8.GetBytes(o.Yaml)))], await rules.LoadingAsync(tenant, own, null, stop), stop);
    }

    /// <summary>Runs the samples that come with a shipped rule through everything that is shipped.</summary>
    /// <returns>For each sample, in their order, whether the rule found something.</returns>
    public IReadOnlyList<bool> RunSamples(RuleText rule) => [.. rules.Shipped.SamplesOf(rule).Select(s => RuleSamples.Finds(content, rule.File, s.Records))];

    /// <summary>The same for one rule that is there, with the shipped rules it refers to.</summary>
    public async Task<(long? Records, RuleReach? Reach)> ReachAsync(uint tenant, RuleText rule, CancellationToken stop)
    {
        var own = await rules.OwnTextsAsync(tenant, stop);
        var others = rules.Shipped.SharedWith([rule]).Where(f => f.path != rule.File && rules.Shipped.Lookups.All(l => l.path != f.path));
        var referred = own.Where(o => o.Id != rule.Id && rule.Refers.Any(o.Names.Contains)).Select(o => (o.File, Encoding.UTF8.GetBytes(o.Yaml)));
        var report = await ReachAsync(tenant, [.. others, .. referred, (rule.File, Encoding.UTF8.GetBytes(rule.Yaml))], await rules.LoadingAsync(tenant, own, rule, stop), stop);
        return (report.Records, report.Rules.FirstOrDefault(r => r.Rule.Id == rule.Id));
    }
}
