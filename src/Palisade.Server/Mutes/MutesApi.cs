using Palisade.Engine.Rules.Policy;
using Palisade.Server.Api;
using Palisade.Server.Identity;

namespace Palisade.Server.Mutes;

public sealed record MuteConditionDto(string Field, MuteTest Test, string Value);

/// <summary>A mute.</summary>
/// <param name="Number">What alerts that it hides say.</param>
/// <param name="Active">In force: neither expired nor ended.</param>
/// <param name="Hidden">Findings it kept from becoming open alerts.</param>
public sealed record MuteDto(
    Guid Id, int Number, IReadOnlyList<MuteConditionDto> Conditions, string Reason, string Owner, DateTimeOffset Created, DateTimeOffset Expires, DateTimeOffset? Ended, bool Active, long Hidden,
    DateTimeOffset? LastHidden, long Version);

public sealed record MuteList(IReadOnlyList<MuteDto> Items, string? Next);

/// <param name="Conditions">All must hold, 1 to 12.</param>
/// <param name="Expires">At most 366 days from now.</param>
public sealed record MutePost(IReadOnlyList<MuteConditionDto> Conditions, string Reason, DateTimeOffset Expires);

public sealed record MutePatch(string? Reason = null, DateTimeOffset? Expires = null);

public sealed record MutePreviewPost(IReadOnlyList<MuteConditionDto> Conditions);

internal static class MutesApi
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/mutes", ListAsync).WithTags("mutes");
        api.MapGet("/mutes/{id:guid}", GetAsync).WithTags("mutes");
        api.MapPost("/mutes", AddAsync).WithTags("mutes").Needs(Role.Analyst);
        api.MapPatch("/mutes/{id:guid}", EditAsync).WithTags("mutes").Needs(Role.Analyst);
        api.MapDelete("/mutes/{id:guid}", EndAsync).WithTags("mutes").Needs(Role.Analyst);
        api.MapPost("/mutes/preview", PreviewAsync).WithTags("mutes");
    }

    private static async Task<IResult> ListAsync(HttpContext http, TenantMutes mutes, TimeProvider clock, bool? active, int? cursor, int? limit, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var take = Math.Clamp(limit ?? 100, 1, 500);
        var rest = (await mutes.ListAsync(ApiCaller.Of(http).Tenant, stop)).Where(m => (active is null || m.IsActive(now) == active) && (cursor is null || m.Number < cursor)).ToList();
        return TypedResults.Ok(new MuteList([.. rest.Take(take).Select(m => Dto(m, now))], rest.Count > take ? rest[take - 1].Number.ToString(System.Globalization.CultureInfo.InvariantCulture) : null));
    }

    private static async Task<IResult> GetAsync(Guid id, HttpContext http, TenantMutes mutes, TimeProvider clock, CancellationToken stop)
    {
        if (await mutes.FindAsync(ApiCaller.Of(http).Tenant, id, stop) is not { } mute) return Missing();
        ETags.Set(http, mute.Version);
        return TypedResults.Ok(Dto(mute, clock.GetUtcNow()));
    }

    private static async Task<IResult> AddAsync(MutePost post, HttpContext http, TenantMutes mutes, TimeProvider clock, CancellationToken stop)
    {
        if (Conditions(post.Conditions) is not { } conditions) return Refused(MuteRefusal.Conditions, MuteProblem.BadValue);
        var caller = ApiCaller.Of(http);
        var (refusal, problem, mute) = await mutes.AddAsync(caller.Tenant, conditions, post.Reason ?? "", post.Expires, caller.User, caller.Actor, stop);
        if (mute is null) return Refused(refusal, problem);
        ETags.Set(http, mute.Version);
        return TypedResults.Created($"/api/v1/mutes/{mute.Id}", Dto(mute, clock.GetUtcNow()));
    }

    private static async Task<IResult> EditAsync(Guid id, MutePatch patch, HttpContext http, TenantMutes mutes, TimeProvider clock, CancellationToken stop)
    {
        if (!ETags.TryMatch(http, out var version)) return Problem.Invalid("etag.bad", "If-Match is none of our ETags");
        var caller = ApiCaller.Of(http);
        var (refusal, mute) = await mutes.EditAsync(caller.Tenant, id, patch.Reason, patch.Expires, version, caller.Actor, stop);
        if (refusal != MuteRefusal.None || mute is null) return Refused(refusal, MuteProblem.None);
        ETags.Set(http, mute.Version);
        return TypedResults.Ok(Dto(mute, clock.GetUtcNow()));
    }

    private static async Task<IResult> EndAsync(Guid id, HttpContext http, TenantMutes mutes, CancellationToken stop)
    {
        var caller = ApiCaller.Of(http);
        return await mutes.EndAsync(caller.Tenant, id, caller.Actor, stop) ? TypedResults.NoContent() : Missing();
    }

    private static async Task<IResult> PreviewAsync(MutePreviewPost post, HttpContext http, MutePreview preview, CancellationToken stop)
    {
        if (Conditions(post.Conditions) is not { } conditions) return Refused(MuteRefusal.Conditions, MuteProblem.BadValue);
        return Mute.Check(conditions, ApiCaller.Of(http).Tenant) is var problem && problem != MuteProblem.None
            ? Refused(MuteRefusal.Conditions, problem)
            : TypedResults.Ok(await preview.AskAsync(ApiCaller.Of(http).Tenant, conditions, stop));
    }

    private static MuteCondition[]? Conditions(IReadOnlyList<MuteConditionDto>? given) =>
        given is null || given.Any(c => c is null) ? null : [.. given.Select(c => new MuteCondition(c.Field, c.Test, c.Value))];

    private static IResult Refused(MuteRefusal refusal, MuteProblem problem) => refusal switch
    {
        MuteRefusal.NotFound => Missing(),
        MuteRefusal.Stale => Problem.Of(StatusCodes.Status412PreconditionFailed, "mute.stale", "the mute changed since you read it"),
        MuteRefusal.Over => Problem.Of(StatusCodes.Status409Conflict, "mute.over", "the mute is over: make a new one"),
        MuteRefusal.TooMany => Problem.Of(StatusCodes.Status409Conflict, "mute.too_many", $"a tenant has {TenantMutes.MaxActive} mutes in force at most"),
        MuteRefusal.NoReason => Problem.Invalid("mute.reason", $"a mute needs a reason of 1 to {TenantMutes.MaxReason} characters"),
        MuteRefusal.Expiry => Problem.Invalid("mute.expires", $"a mute ends within {(int)TenantMutes.MaxTime.TotalDays} days from now"),
        _ => Problem.Invalid("mute.conditions", problem switch
        {
            MuteProblem.NoConditions => "a mute needs at least one condition",
            MuteProblem.TooMany => $"a mute has at most {Mute.MaxConditions} conditions",
            MuteProblem.BadField => "a condition needs the name of a field",
            MuteProblem.BadNetwork => "'within' takes a field with addresses and a network such as 192.0.2.0/24",
            MuteProblem.TooWide => "the conditions hold for everything",
            _ => $"a condition needs a value of 1 to {Mute.MaxValue} characters",
        }),
    };

    private static MuteDto Dto(MuteRow m, DateTimeOffset now) => new(
        m.Id, m.Number, [.. m.List().Select(c => new MuteConditionDto(c.Field, c.Test, c.Value))], m.Reason, m.Owner, m.Created, m.Expires, m.Ended, m.IsActive(now), m.Hidden, m.LastHidden, m.Version);

    private static IResult Missing() => Problem.NotFound("mute.not_found", "no such mute");
}
