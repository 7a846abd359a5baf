using System.Globalization;
using Palisade.Engine.Incidents.Habits;
using Palisade.Server.Api;
using Palisade.Server.Identity;

namespace Palisade.Server.BusinessPages;

/// <summary>A page of a site and what it is for.</summary>
/// <param name="Site">As requests name it; empty where they name none; "*": every site.</param>
/// <param name="Path">Shape of its path: numbers and random names are '#'.</param>
/// <param name="Purpose">What holds: login, sms, register, coupon, pay, notify, withdraw, export, upload or none.</param>
/// <param name="Guess">What the engine guesses from its traffic.</param>
/// <param name="Confidence">Of the guess, 0 to 100.</param>
/// <param name="Chosen">What people said; null: nobody did.</param>
/// <param name="Requests">Requests seen; of those, <paramref name="Sends"/> sent something and <paramref name="Answered"/> were answered with 2xx.</param>
/// <param name="Clients">Distinct addresses, about.</param>
public sealed record BusinessPageDto(
    string Site, string Path, string Purpose, string Guess, int Confidence, string? Chosen, string? ChosenBy, DateTimeOffset? ChosenAt,
    long Requests, long Sends, long Answered, int Clients, DateTimeOffset? First, DateTimeOffset? Last, long Version);

public sealed record BusinessPageList(IReadOnlyList<BusinessPageDto> Items, string? Next);

/// <param name="Path">As written or its shape.</param>
/// <param name="Purpose">A name; null: the guess holds again.</param>
public sealed record BusinessPagePut(string Path, string? Purpose, string Site = "");

internal static class PagesApi
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/business-pages", ListAsync).WithTags("business");
        api.MapPut("/business-pages", PutAsync).WithTags("business").Needs(Role.Analyst);
    }

    private static async Task<IResult> ListAsync(HttpContext http, TenantPages pages, string? purpose, bool? confirmed, int? cursor, int? limit, CancellationToken stop)
    {
        var (skip, take) = (Math.Max(0, cursor ?? 0), Math.Clamp(limit ?? 200, 1, 1_000));
        var rows = (await pages.ListAsync(ApiCaller.Of(http).Tenant, stop)).Where(p => (purpose is null || p.Purpose == purpose) && (confirmed is null || p.Chosen is not null == confirmed)).ToList();
        return TypedResults.Ok(new BusinessPageList([.. rows.Skip(skip).Take(take).Select(Dto)], rows.Count > skip + take ? (skip + take).ToString(CultureInfo.InvariantCulture) : null));
    }

    private static async Task<IResult> PutAsync(BusinessPagePut put, HttpContext http, TenantPages pages, CancellationToken stop)
    {
        if (!ETags.TryMatch(http, out var version)) return Problem.Invalid("etag.bad", "If-Match is none of our ETags");
        var caller = ApiCaller.Of(http);
        var (refusal, page) = await pages.ChooseAsync(caller.Tenant, put.Site ?? "", put.Path ?? "", put.Purpose, version, caller.Actor, stop);
        if (refusal != PageRefusal.None) return Refused(refusal);
        if (page is null) return TypedResults.NoContent();
        ETags.Set(http, page.Version);
        return TypedResults.Ok(Dto(page));
    }

    private static IResult Refused(PageRefusal refusal) => refusal switch
    {
        PageRefusal.Stale => Problem.Of(StatusCodes.Status412PreconditionFailed, "business.stale", "somebody said something else about the page since you read it"),
        PageRefusal.TooMany => Problem.Of(StatusCodes.Status409Conflict, "business.too_many", $"a tenant says of at most {BusinessChoices.Max} pages what they are for"),
        PageRefusal.Site => Problem.Invalid("business.site", "a site is a name of at most 255 characters, * for every site, or empty"),
        PageRefusal.Path => Problem.Invalid("business.path", "a path begins with / and has at most 2,000 characters"),
        _ => Problem.Invalid("business.purpose", $"a purpose is one of {string.Join(' ', BusinessChoices.Purposes.Select(p => p.Name))}, or null"),
    };

    private static BusinessPageDto Dto(BusinessPageRow p) => new(
        p.Site, p.Path, p.Purpose, p.Guess, p.Confidence, p.Chosen, p.Chosen is null ? null : p.ChosenBy, p.ChosenAt, p.Requests, p.Sends, p.Answered, p.Clients, p.FirstSeen, p.LastSeen, p.Version);
}
