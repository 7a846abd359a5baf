using Palisade.Protocol;
using Palisade.Server.Console;
using Palisade.Server.Sources;
using Palisade.Server.Storage;

namespace Palisade.Server.Analysis;

/// <summary>A step from one column of the flow to the next, or all of it as a row.</summary>
/// <param name="Source">Region, network or address; <see cref="AttackFlow.Rest"/>: all without a name of their own.</param>
/// <param name="Target">Host, site or log source; or the rest.</param>
public sealed record FlowPart(string Source, string Family, string Target, AttackOutcome Outcome, long Count);

/// <summary>What the page of methods shows; all of the same filter and span.</summary>
/// <param name="Labels">Names of sources and targets whose key is a number.</param>
/// <param name="Regions">Most attacks first; the key of one, where none is known, is empty.</param>
/// <param name="Hours">UTC; hours without attacks are left out.</param>
public sealed record AnalysisFigures(
    IReadOnlyList<FlowPart> Flow, IReadOnlyDictionary<string, string> Labels, long SourceCount, long TargetCount,
    IReadOnlyList<MethodTotal> Methods, IReadOnlyList<AttackerTotal> Regions, IReadOnlyList<HourTotal> Hours)
{
    public long Total => Flow.Sum(f => f.Count);
    public long Of(AttackOutcome outcome) => Flow.Where(f => f.Outcome == outcome).Sum(f => f.Count);
}

/// <summary>Reads the analysis of one tenant. Classes become the console's families, so that a column has few nodes.</summary>
public sealed class AnalysisQueries(EventQueries events, ISourceRegistry registry)
{
    public const int MaxMethods = 100;
    private const int MaxRegions = 250;

    public async Task<AnalysisFigures> ReadAsync(uint tenant, Storage.TimeRange range, AttackFilter filter, AttackerKey by, CancellationToken stop)
    {
        var flow = await events.AttackFlowAsync(tenant, range, filter, by, stop);
        var methods = await events.AttackMethodsAsync(tenant, range, filter, MaxMethods, stop);
        var regions = await events.AttackRegionsAsync(tenant, range, filter, MaxRegions, stop);
        var hours = await events.AttackHoursAsync(tenant, range, filter, stop);
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var source in flow.Sources)
            if (by == AttackerKey.Network && source.Label.Length > 0) labels[source.Key] = source.Label;
        foreach (var target in flow.Targets)
            if (await registry.TargetNameAsync(target.Key, stop) is var name && name != target.Key) labels[target.Key] = name;
        return new AnalysisFigures(
            [.. flow.Rows.GroupBy(r => (r.Source, Family: AttackFamilies.Of(r.Class), r.Target, r.Outcome)).Select(g => new FlowPart(g.Key.Source, g.Key.Family, g.Key.Target, g.Key.Outcome, g.Sum(r => r.Count)))
                .OrderByDescending(p => p.Count).ThenBy(p => p.Source, StringComparer.Ordinal).ThenBy(p => p.Target, StringComparer.Ordinal)],
            labels, flow.SourceCount, flow.TargetCount, methods, regions, hours);
    }
}
