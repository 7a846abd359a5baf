using ClickHouse.Driver;
using Palisade.Protocol;
using Palisade.Server.Api;
using Palisade.Server.Console;
using Palisade.Server.Storage;

namespace Palisade.Server.Analysis;

/// <summary>Attacks of one way from source to outcome.</summary>
/// <param name="Source">Region (ISO code), network (AS number) or address, by what was asked for; empty: not known; *: all without a name of their own.</param>
/// <param name="Family">Family of attack classes, as the console colours them.</param>
/// <param name="Target">Host, site or log source; *: all others.</param>
public sealed record FlowDto(string Source, string Family, string Target, AttackOutcome Outcome, long Count);

/// <param name="Technique">What was tried, in the field's words; empty where the class says it.</param>
/// <param name="Succeeded">Attacks with outcome likely or succeeded.</param>
/// <param name="Before">Attacks in the span of the same length before.</param>
public sealed record MethodDto(string Class, string Technique, long Count, long Succeeded, long Before);

/// <param name="Country">ISO code; empty: not known.</param>
public sealed record RegionDto(string Country, long Count, long Succeeded);

public sealed record HourDto(DateTimeOffset Hour, long Count);

/// <param name="Sources">Different sources, about; likewise targets.</param>
/// <param name="Hours">UTC; hours without attacks are left out.</param>
public sealed record AnalysisDto(
    long Total, long Sources, long Targets, IReadOnlyList<FlowDto> Flow, IReadOnlyList<MethodDto> Methods, IReadOnlyList<RegionDto> Regions, IReadOnlyList<HourDto> Hours);

internal static class AnalysisApi
{
    private static readonly TimeSpan MaxSpan = TimeSpan.FromDays(400);

    public static void MapAnalysisApi(this RouteGroupBuilder api) => api.MapGet("/analysis", GetAsync).WithTags("analysis");

    private static async Task<IResult> GetAsync(
        HttpContext http, AnalysisQueries queries, TimeProvider clock, DateTimeOffset? from, DateTimeOffset? to, string? by, string? @class, string? family, string? outcome,
        string? region, long? network, string? address, string? target, CancellationToken stop)
    {
        var end = to ?? clock.GetUtcNow();
        var start = from ?? (end - DateTimeOffset.MinValue > TimeSpan.FromDays(1) ? end.AddDays(-1) : DateTimeOffset.MinValue);
        if (start >= end || end - start > MaxSpan) return Problem.Invalid("filter.range", "from must be before to, by 400 days at most");
        if (Source(by) is not { } source) return Problem.Invalid("filter.by", $"'{by}' is none of region, network, address");
        if (family is not null && !AttackFamilies.All.Contains(family)) return Problem.Invalid("filter.family", $"'{family}' is none of {string.Join(", ", AttackFamilies.All)}");
        if (@class is not null && !AttackFamilies.Classes.Contains(@class)) return Problem.Invalid("filter.class", $"'{@class}' is no attack class");
        AttackOutcome? wanted = null;
        if (outcome is not null)
        {
            if (!Enum.TryParse<AttackOutcome>(outcome, ignoreCase: true, out var o) || !Enum.IsDefined(o)) return Problem.Invalid("filter.outcome", $"'{outcome}' is no outcome");
            wanted = o;
        }
        var filter = new AttackFilter { Classes = ClassesOf(family, @class), Outcome = wanted, Country = region, Network = network, Address = address, Target = target };
        try
        {
            var a = await queries.ReadAsync(ApiCaller.Of(http).Tenant, new Storage.TimeRange(start, end), filter, source, stop);
            return TypedResults.Ok(new AnalysisDto(
                a.Total, a.SourceCount, a.TargetCount, [.. a.Flow.Select(f => new FlowDto(f.Source, f.Family, a.Labels.TryGetValue(f.Target, out var name) ? name : f.Target, f.Outcome, f.Count))],
                [.. a.Methods.Select(m => new MethodDto(m.Class, m.Attempt, m.Count, m.Succeeded, m.Before))], [.. a.Regions.Select(r => new RegionDto(r.Key, r.Count, r.Succeeded))],
                [.. a.Hours.Select(h => new HourDto(h.Hour, h.Count))]));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or ClickHouseServerException)
        {
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "store.unreachable", "the event store does not answer just now, or the span is too long for it; try again soon, or a shorter one");
        }
    }

    internal static AttackerKey? Source(string? by) => by switch { null or "region" => AttackerKey.Country, "network" => AttackerKey.Network, "address" => AttackerKey.Address, _ => null };

    /// <summary>The class, else all of the family, else any.</summary>
    internal static IReadOnlyList<string> ClassesOf(string? family, string? attackClass) =>
        !string.IsNullOrEmpty(attackClass) ? [attackClass] : string.IsNullOrEmpty(family) ? [] : [.. AttackFamilies.Classes.Where(c => AttackFamilies.Of(c) == family).Order()];
}
