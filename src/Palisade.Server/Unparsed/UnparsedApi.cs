using Palisade.Server.Api;
using Palisade.Server.Identity;
using Palisade.Server.Sources;

namespace Palisade.Server.Unparsed;

/// <summary>Lines of one shape that no source could read.</summary>
/// <param name="Source">Name of the log source they came by.</param>
/// <param name="Shape">What stays, with words in angle brackets for what changes.</param>
/// <param name="Pattern">Suggested; fits every sample; empty: none tells these lines from others.</param>
public sealed record UnparsedDto(
    Guid Id, string Source, long Count, DateTimeOffset FirstSeen, DateTimeOffset LastSeen, string Shape, string Pattern, IReadOnlyList<string> Samples, bool Ignored);

/// <param name="Overlooked">Lines since the start of the server that are in no group: there were too many at once, or too many shapes.</param>
public sealed record UnparsedList(IReadOnlyList<UnparsedDto> Items, string? Next, long Overlooked);

public sealed record UnparsedPatch(bool Ignored);

internal static class UnparsedApi
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/unparsed", ListAsync).WithTags("unparsed");
        api.MapGet("/unparsed/{id:guid}", GetAsync).WithTags("unparsed");
        api.MapPatch("/unparsed/{id:guid}", IgnoreAsync).WithTags("unparsed").Needs(Role.Analyst);
        api.MapDelete("/unparsed/{id:guid}", RemoveAsync).WithTags("unparsed").Needs(Role.Analyst);
    }

    private static async Task<IResult> ListAsync(HttpContext http, UnparsedGroups groups, ISourceRegistry sources, bool? ignored, Guid? cursor, int? limit, CancellationToken stop)
    {
        var take = Math.Clamp(limit ?? 100, 1, UnparsedShelf.MaxGroups);
        var (all, overlooked) = await groups.ListAsync(ApiCaller.Of(http).Tenant);
        var after = cursor?.ToString("N");
        var rest = all.Where(g => g.Ignored == (ignored ?? false) && (after is null || string.CompareOrdinal(g.Id.ToString("N"), after) < 0)).ToList();
        var items = new List<UnparsedDto>();
        foreach (var group in rest.Take(take)) items.Add(await DtoAsync(group, sources, stop));
        return TypedResults.Ok(new UnparsedList(items, rest.Count > take ? items[^1].Id.ToString() : null, overlooked));
    }

    private static async Task<IResult> GetAsync(Guid id, HttpContext http, UnparsedGroups groups, ISourceRegistry sources, CancellationToken stop) =>
        await groups.FindAsync(ApiCaller.Of(http).Tenant, id) is { } group ? TypedResults.Ok(await DtoAsync(group, sources, stop)) : Missing();

    private static async Task<IResult> IgnoreAsync(Guid id, UnparsedPatch patch, HttpContext http, UnparsedGroups groups, ISourceRegistry sources, CancellationToken stop)
    {
        var caller = ApiCaller.Of(http);
        return await groups.IgnoreAsync(caller.Tenant, id, patch.Ignored, caller.Actor, stop) && await groups.FindAsync(caller.Tenant, id) is { } group
            ? TypedResults.Ok(await DtoAsync(group, sources, stop))
            : Missing();
    }

    private static async Task<IResult> RemoveAsync(Guid id, HttpContext http, UnparsedGroups groups, CancellationToken stop)
    {
        var caller = ApiCaller.Of(http);
        return await groups.RemoveAsync(caller.Tenant, id, caller.Actor, stop) ? TypedResults.NoContent() : Missing();
    }

    private static async ValueTask<UnparsedDto> DtoAsync(UnparsedGroup g, ISourceRegistry sources, CancellationToken stop) => new(
        g.Id, (await sources.FindAsync(g.SourceId, stop))?.Name ?? "", g.Count, g.FirstSeen, g.LastSeen, g.Template, g.Pattern, g.Samples, g.Ignored);

    private static IResult Missing() => Problem.NotFound("unparsed.not_found", "no such group");
}
