using System.Text;
using Palisade.Engine.Incidents;
using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Api;
using Palisade.Server.Identity;

namespace Palisade.Server.Incidents;

/// <summary>An incident in a list.</summary>
/// <param name="Class">Class of its furthest phase.</param>
/// <param name="Score">How much it asks for a person's eyes, 0 to 100.</param>
/// <param name="Sources">The first addresses; <paramref name="SourceCount"/> says how many took part.</param>
/// <param name="Members">Incidents merged into it.</param>
/// <param name="Version">Grows with every change by a person.</param>
public sealed record IncidentDto(
    string Id, string Title, string TitleZh, string Class, FindingLevel Level, AttackOutcome Outcome, int Score, IncidentStatus Status, CloseReason Reason, Guid? Owner,
    IReadOnlyList<string> Sources, int SourceCount, IReadOnlyList<string> Targets, IReadOnlyList<string> Hosts, IReadOnlyList<string> Users,
    DateTimeOffset First, DateTimeOffset Last, long Count, string Summary, string SummaryZh, int Members, long Version);

public sealed record IncidentStepDto(
    string Rule, string Name, string NameZh, string Class, AttackPhase Phase, FindingLevel Level, string Technique, IReadOnlyList<string> Techniques,
    DateTimeOffset First, DateTimeOffset Last, long Count, AttackOutcome Outcome);

/// <summary>A kept example; offset and length are bytes of the field's value, or of the record where field is empty.</summary>
public sealed record IncidentEventDto(
    string EventId, DateTimeOffset At, string Rule, string Name, string NameZh, string Class, string Technique, string Source, AttackOutcome Outcome,
    string Field, string FieldValue, int Offset, int Length, string Raw);

public sealed record IncidentAddressDto(string Address, long Count, DateTimeOffset First, DateTimeOffset Last);

public sealed record IncidentMemberDto(string Id, string Title, string TitleZh, DateTimeOffset First, DateTimeOffset Last, long Count);

/// <param name="Outcomes">Attempts by outcome.</param>
/// <param name="Timeline">Kept examples, in order of time.</param>
/// <param name="Merged">Incidents merged into it.</param>
public sealed record IncidentDetailDto(
    IncidentDto Incident, IReadOnlyDictionary<string, long> Outcomes, IReadOnlyList<IncidentStepDto> Steps, IReadOnlyList<IncidentEventDto> Timeline,
    IReadOnlyList<IncidentAddressDto> Addresses, IReadOnlyList<string> Alerts, IReadOnlyList<CommentDto> Comments, IReadOnlyList<IncidentMemberDto> Merged);

public sealed record IncidentPatch(IncidentStatus? Status = null, CloseReason? Reason = null, Guid? Owner = null);

/// <param name="Incident">Id of the other incident.</param>
public sealed record IncidentOther(string Incident);

/// <summary>What to split off: an incident that was merged, or addresses that become an incident of their own.</summary>
/// <param name="Incident">Id of a merged incident; or</param>
/// <param name="Addresses">addresses,</param>
/// <param name="Alerts">ids of alerts, whose addresses are meant.</param>
public sealed record IncidentSplit(string? Incident = null, IReadOnlyList<string>? Addresses = null, IReadOnlyList<string>? Alerts = null);

internal static class IncidentsApi
{
    private const int MaxComment = 10_000;

    public static void MapIncidentsApi(this RouteGroupBuilder api)
    {
        api.MapGet("/incidents", ListAsync).WithTags("incidents");
        api.MapGet("/incidents/{id}", GetAsync).WithTags("incidents");
        api.MapPatch("/incidents/{id}", EditAsync).WithTags("incidents").Needs(Role.Analyst);
        api.MapPost("/incidents/{id}/comments", CommentAsync).WithTags("incidents").Needs(Role.Analyst);
        api.MapPost("/incidents/{id}/merge", MergeAsync).WithTags("incidents").Needs(Role.Analyst);
        api.MapPost("/incidents/{id}/split", SplitAsync).WithTags("incidents").Needs(Role.Analyst);
    }

    private static async Task<IResult> ListAsync(
        HttpContext http, IncidentQueries queries, string? status, string? level, string? @class, string? outcome, string? source, Guid? owner,
        DateTimeOffset? from, DateTimeOffset? to, string? q, string? cursor, int? limit, CancellationToken stop)
    {
        if (!TryEnum<IncidentStatus>(status, out var s)) return Bad("status", status);
        if (!TryEnum<FindingLevel>(level, out var l)) return Bad("level", level);
        if (!TryEnum<AttackOutcome>(outcome, out var o)) return Bad("outcome", outcome);
        var filter = new IncidentFilter { Status = s, Level = l, Class = @class, Outcome = o, SourceIp = source, Owner = owner, From = from, To = to, Text = q };
        var page = await queries.ListAsync(ApiCaller.Of(http).Tenant, filter, cursor, limit ?? 100, stop);
        return TypedResults.Ok(new Page<IncidentDto>([.. page.Items.Select(i => Dto(i, IncidentStory.Read(i.Story)))], page.Next));
    }

    private static async Task<IResult> GetAsync(string id, HttpContext http, IncidentQueries queries, CancellationToken stop)
    {
        if (await queries.FindAsync(ApiCaller.Of(http).Tenant, id, stop) is not { } found) return Missing();
        if (found.Incident.MergedInto is { } into) return TypedResults.Redirect($"/api/v1/incidents/{into}", permanent: false, preserveMethod: true);
        ETags.Set(http, found.Incident.Version);
        return TypedResults.Ok(new IncidentDetailDto(
            Dto(found.Incident, found.Story),
            Enum.GetValues<AttackOutcome>().ToDictionary(o => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(o.ToString()), o => found.Story.Outcomes.ElementAtOrDefault((int)o)),
            [.. found.Story.Steps.Select(s => new IncidentStepDto(s.Rule, s.Name, s.NameZh, s.Class, s.Phase, s.Level, s.Technique, s.Techniques, s.First, s.Last, s.Count, s.Outcome))],
            [.. found.Events.Select(e => new IncidentEventDto(e.EventId.ToString(), e.At, e.RuleId, e.Name, e.NameZh, e.Class, e.Technique, e.Source, e.Outcome, e.Field, e.FieldValue, e.Offset, e.Length, Encoding.UTF8.GetString(e.Raw)))],
            [.. found.Addresses.Select(a => new IncidentAddressDto(a.Address, a.Count, a.First, a.Last))],
            [.. found.Alerts.Select(a => a.Id)],
            [.. found.Comments.Select(c => new CommentDto(c.Id, c.Author, c.At, c.Text))],
            [.. found.Members.Select(m => IncidentStory.Read(m.Story) is var own ? new IncidentMemberDto(m.Id, own.Title, own.TitleZh, own.First, own.Last, own.Count) : null!)]));
    }

    private static async Task<IResult> EditAsync(string id, IncidentPatch patch, HttpContext http, IncidentEdits edits, CancellationToken stop)
    {
        if (!ETags.TryMatch(http, out var version)) return Problem.Invalid("etag.bad", "If-Match is none of our ETags");
        var caller = ApiCaller.Of(http);
        var (refusal, row) = await edits.ApplyAsync(caller.Tenant, id, new IncidentEdit(patch.Status, patch.Reason, patch.Owner), version, caller.Actor, stop);
        if (refusal == IncidentRefusal.NotFound) return Missing();
        if (refusal == IncidentRefusal.Stale) return Problem.Of(StatusCodes.Status412PreconditionFailed, "incident.stale", "somebody changed the incident since you read it");
        if (refusal == IncidentRefusal.BadOwner) return Problem.Invalid("incident.owner", "the owner is no member of this tenant");
        if (refusal == IncidentRefusal.NeedsReason) return Problem.Invalid("incident.reason", "closing needs a reason");
        if (refusal == IncidentRefusal.Merged) return Problem.Of(StatusCodes.Status409Conflict, "incident.merged", $"the incident is merged into {row!.MergedInto}: change that one");
        ETags.Set(http, row!.Version);
        return await ShowAsync(http, row);
    }

    private static async Task<IResult> CommentAsync(string id, CommentPost post, HttpContext http, IncidentEdits edits, CancellationToken stop)
    {
        if (string.IsNullOrWhiteSpace(post.Text) || post.Text.Length > MaxComment) return Problem.Invalid("comment.text", $"a comment has 1 to {MaxComment} characters");
        var caller = ApiCaller.Of(http);
        return await edits.CommentAsync(caller.Tenant, id, post.Text, caller.User, caller.Actor, stop) is { } c
            ? TypedResults.Created($"/api/v1/incidents/{id}", new CommentDto(c.Id, c.Author, c.At, c.Text))
            : Missing();
    }

    private static async Task<IResult> MergeAsync(string id, IncidentOther other, HttpContext http, IncidentMerges merges, CancellationToken stop)
    {
        var caller = ApiCaller.Of(http);
        return await AnswerAsync(http, await merges.MergeAsync(caller.Tenant, id, other.Incident ?? "", caller.Actor, stop));
    }

    private static async Task<IResult> SplitAsync(string id, IncidentSplit other, HttpContext http, IncidentMerges merges, IncidentSplits splits, CancellationToken stop)
    {
        var caller = ApiCaller.Of(http);
        if (string.IsNullOrEmpty(other.Incident)) return await AnswerAsync(http, await splits.SplitOffAsync(caller.Tenant, id, other.Addresses ?? [], other.Alerts ?? [], caller.Actor, stop));
        return await AnswerAsync(http, await merges.SplitAsync(caller.Tenant, id, other.Incident ?? "", caller.Actor, stop));
    }

    private static async Task<IResult> AnswerAsync(HttpContext http, (MergeRefusal Refusal, IncidentRow? Incident) answer)
    {
        if (answer.Refusal == MergeRefusal.None)
        {
            ETags.Set(http, answer.Incident!.Version);
            return await ShowAsync(http, answer.Incident);
        }
        return answer.Refusal switch
        {
            MergeRefusal.NotFound => Missing(),
            MergeRefusal.Same => Problem.Invalid("incident.same", "an incident cannot be merged into itself"),
            MergeRefusal.NotMerged => Problem.Of(StatusCodes.Status409Conflict, "incident.not_merged", "the other incident is not merged into this one"),
            MergeRefusal.NotThere => Problem.Of(StatusCodes.Status409Conflict, "incident.not_there", "none of these addresses is shown in the incident"),
            MergeRefusal.Everything => Problem.Of(StatusCodes.Status409Conflict, "incident.everything", "nothing would be left of the incident"),
            MergeRefusal.TooMany => Problem.Of(StatusCodes.Status409Conflict, "incident.too_many", $"at most {IncidentMerges.MaxMembers} incidents are merged into one"),
            _ => Problem.Of(StatusCodes.Status409Conflict, "incident.merged", "one of the two is merged already: use the incident that shows it"),
        };
    }

    /// <summary>As it is shown: with those merged into it.</summary>
    private static async Task<IResult> ShowAsync(HttpContext http, IncidentRow row)
    {
        var found = await http.RequestServices.GetRequiredService<IncidentQueries>().FindAsync(row.TenantId, row.Id, http.RequestAborted);
        return found is null ? Missing() : TypedResults.Ok(Dto(found.Incident, found.Story));
    }

    private static IncidentDto Dto(IncidentRow i, IncidentStory story) => new(
        i.Id, i.Title, i.TitleZh, i.Class, i.Level, i.Outcome, i.Score, i.Status, i.Reason, i.OwnerId, story.Sources, i.SourceCount, story.Targets, story.Hosts, story.Users,
        i.First, i.Last, i.Count, story.Summary, story.SummaryZh, i.Members, i.Version);

    private static bool TryEnum<T>(string? text, out T? value) where T : struct, Enum
    {
        value = null;
        if (string.IsNullOrEmpty(text)) return true;
        if (!Enum.TryParse<T>(text.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out var found) || !Enum.IsDefined(found)) return false;
        value = found;
        return true;
    }

    private static IResult Bad(string name, string? value) => Problem.Invalid("filter." + name, $"'{value}' is no {name}");

    private static IResult Missing() => Problem.NotFound("incident.not_found", "no such incident");
}
