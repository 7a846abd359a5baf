using Palisade.Server.Api;
using Palisade.Server.Identity;
using Palisade.Server.Sources;

namespace Palisade.Server.Unparsed;

/// <summary>A reparse: stored records that no source could read, read once more.</summary>
/// <param name="Source">Name of their log source.</param>
/// <param name="Total">Records there were when it began.</param>
/// <param name="Looked">Records looked at so far, and <paramref name="Read"/> of them read.</param>
/// <param name="Problem">Why it failed, or waits to try again; else empty.</param>
public sealed record ReparseDto(
    long Id, Guid Group, string Source, ReparseState State, DateTimeOffset From, DateTimeOffset To, long Total, long Looked, long Read, long Findings, DateTimeOffset Asked, DateTimeOffset? Ended, string Author, string Problem);

public sealed record ReparseList(IReadOnlyList<ReparseDto> Items, string? Next);

internal static class ReparseApi
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/unparsed/{id:guid}/reparse", StartAsync).WithTags("unparsed").Needs(Role.Analyst);
        api.MapGet("/reparses", ListAsync).WithTags("unparsed");
        api.MapGet("/reparses/{id:long}", GetAsync).WithTags("unparsed");
        api.MapDelete("/reparses/{id:long}", StopAsync).WithTags("unparsed").Needs(Role.Analyst);
    }

    private static async Task<IResult> StartAsync(Guid id, HttpContext http, ReparseDesk desk, ISourceRegistry sources, CancellationToken stop)
    {
        var caller = ApiCaller.Of(http);
        var (refusal, job) = await desk.StartAsync(caller.Tenant, id, caller.Actor, stop);
        if (refusal == ReparseRefusal.TooMany) return Problem.Of(StatusCodes.Status409Conflict, "reparse.too_many", $"{ReparseDesk.MaxOpen} reparses wait already");
        return job is null ? Problem.NotFound("unparsed.not_found", "no such group") : TypedResults.Accepted($"/api/v1/reparses/{job.Id}", await DtoAsync(job, sources, stop));
    }

    private static async Task<IResult> ListAsync(HttpContext http, ReparseDesk desk, ISourceRegistry sources, CancellationToken stop)
    {
        var items = new List<ReparseDto>();
        foreach (var job in await desk.ListAsync(ApiCaller.Of(http).Tenant, stop)) items.Add(await DtoAsync(job, sources, stop));
        return TypedResults.Ok(new ReparseList(items, null));
    }

    private static async Task<IResult> GetAsync(long id, HttpContext http, ReparseDesk desk, ISourceRegistry sources, CancellationToken stop) =>
        await desk.FindAsync(ApiCaller.Of(http).Tenant, id, stop) is { } job ? TypedResults.Ok(await DtoAsync(job, sources, stop)) : Missing();

    private static async Task<IResult> StopAsync(long id, HttpContext http, ReparseDesk desk, CancellationToken stop)
    {
        var caller = ApiCaller.Of(http);
        return await desk.StopAsync(caller.Tenant, id, caller.Actor, stop) ? TypedResults.NoContent() : Missing();
    }

    private static async ValueTask<ReparseDto> DtoAsync(ReparseJob j, ISourceRegistry sources, CancellationToken stop) => new(
        j.Id, j.Group, (await sources.FindAsync(j.SourceId, stop))?.Name ?? "", j.State, j.From, j.To, j.Total, j.Looked, j.Read, j.Findings, j.Asked, j.Ended, j.Author, j.Problem);

    private static IResult Missing() => Problem.NotFound("reparse.not_found", "no such reparse");
}
