using Palisade.Engine;
using Palisade.Engine.Detect.Web;
using Palisade.Engine.Enrich;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Policy;
using Palisade.Server.Storage;
using Palisade.Server.Streaming;

namespace Palisade.Server.Rules;

/// <summary>A tenant's stored records, parsed as the stream parses them.</summary>
internal sealed class TenantData(EventQueries queries, EngineSnapshot content, LiveParsers parsers, LiveRules rules, LiveBusiness business, IParserChoice choice, IGeoLookup geo, TimeProvider clock)
{
    /// <summary>Records of each source and kind that are looked at, and of all together.</summary>
    private const int PerSource = 400, MaxSample = 8000;
    private static readonly TimeSpan Recent = TimeSpan.FromDays(7);

    /// <summary>A pipeline with these rules and the parsers in force.</summary>
    public Pipeline Pipeline(RuleSet set) => new(new EngineSnapshot(parsers.Current, set, NoWeb, "workbench") { Incidents = content.Incidents }, geo);

    /// <summary>A pipeline as the stream's is for a tenant, with what the tenant changed, and no memory yet.</summary>
    public Pipeline AsStream(uint tenant)
    {
        var pipeline = new Pipeline(content, geo) { Parsers = parsers.Current };
        pipeline.Policy.Policies = TenantPolicies.Empty.With(tenant, rules.Current.Of(tenant));
        pipeline.Habits.Choices = business.Choices;
        return pipeline;
    }

    private static WebDetector NoWeb { get; } = WebDetector.Load([], out _);

    /// <summary>Adds a stored record to the pipeline's batch; its sequence is the event's id.</summary>
    public async ValueTask AddAsync(Pipeline pipeline, uint tenant, RawRecord record, CancellationToken stop)
    {
        if (!choice.TryGet(record.Source, out var reading)) reading = await choice.LoadAsync(record.Source, stop);
        pipeline.Add(new RecordInfo(record.Id, record.Received.ToUnixTimeMilliseconds(), tenant, record.Source, reading.Parser, reading.Zone), record.Raw);
    }

    /// <summary>Reads the records of late, the latest of each source, to see what rules could fire on.</summary>
    /// <returns>How many were looked at.</returns>
    public async Task<long> SampleAsync(uint tenant, Action<EventBatch> look, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var records = await queries.LatestOfEachSourceAsync(tenant, new TimeRange(now - Recent, now.AddDays(1)), PerSource, MaxSample, stop);
        var pipeline = Pipeline(RuleSet.Empty);
        foreach (var record in records)
        {
            await AddAsync(pipeline, tenant, record, stop);
            if (pipeline.Events.IsFull) Look();
        }
        Look();
        return records.Count;

        void Look()
        {
            look(pipeline.Events);
            pipeline.Clear();
        }
    }
}
