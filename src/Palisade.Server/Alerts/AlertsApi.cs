using System.Text;
using System.Text.Json;
using Palisade.Engine.Detect.Web;
using Palisade.Protocol;
using Palisade.Server.Api;
using Palisade.Server.Identity;
using Palisade.Server.Incidents;

namespace Palisade.Server.Alerts;

public sealed record AlertRuleDto(string Id, string Name, string NameZh);

/// <summary>An alert in a list.</summary>
/// <param name="Entities">ECS field and value.</param>
public sealed record AlertDto(
    string Id, string Title, string TitleZh, string Class, FindingLevel Level, AttackOutcome Outcome, AlertStatus Status, CloseReason Reason, AlertRuleDto Rule,
    IReadOnlyDictionary<string, string> Entities, DateTimeOffset First, DateTimeOffset Last, long Count, Guid? Owner, string Technique, long Version);

/// <summary>A kept record; offset and length are bytes of the field's value, or of the record where field is empty.</summary>
/// <param name="Decoded">How the evidence of a request was decoded, step by step; empty for findings of rules.</param>
/// <param name="Match">The sign in the last step's text; empty where the whole value is.</param>
public sealed record EvidenceDto(
    string EventId, DateTimeOffset At, AttackOutcome Outcome, string Technique, string Field, string FieldValue, int Offset, int Length, string Raw,
    IReadOnlyList<DecodingStep> Decoded, string Match, FindingConfidence Confidence);

public sealed record CommentDto(Guid Id, string Author, DateTimeOffset At, string Text);

/// <param name="KnownAs">CAPEC and CWE ids of the rule.</param>
/// <param name="Incidents">Ids of the incidents it is part of, the latest first.</param>
public sealed record AlertDetailDto(
    AlertDto Alert, string WhatHappened, string WhatHappenedZh, string WhatToDo, string WhatToDoZh, IReadOnlyList<string> Techniques,
    IReadOnlyList<EvidenceDto> Evidence, IReadOnlyList<CommentDto> Comments, IReadOnlyList<string> Events, IReadOnlyList<string> KnownAs,
    IReadOnlyList<string> Incidents);

public sealed record AlertPatch(AlertStatus? Status = null, CloseReason? Reason = null, Guid? Owner = null);

public sealed record CommentPost(string Text);

internal static class AlertsApi
{
    private const int MaxComment = 10_000;

    public static void MapAlertsApi(this RouteGroupBuilder api)
    {
        api.MapGet("/alerts", ListAsync).WithTags("alerts");
        api.MapGet("/alerts/{id}", GetAsync).WithTags("alerts");
        api.MapPatch("/alerts/{id}", EditAsync).WithTags("alerts").Needs(Role.Analyst);
        api.MapPost("/alerts/{id}/comments", CommentAsync).WithTags("alerts").Needs(Role.Analyst);
    }

    private static async Task<IResult> ListAsync(
        HttpContext http, AlertQueries queries, string? status, string? level, string? @class, string? outcome, string? rule, string? source,
        DateTimeOffset? from, DateTimeOffset? to, string? q, string? cursor, int? limit, CancellationToken stop)
    {
        if (!TryEnum<AlertStatus>(status, out var s)) return Bad("status", status);
        if (!TryEnum<FindingLevel>(level, out var l)) return Bad("level", level);
        if (!TryEnum<AttackOutcome>(outcome, out var o)) return Bad("outcome", outcome);
        var filter = new AlertFilter { Status = s, Level = l, Class = @class, Outcome = o, Rule = rule, SourceIp = source, From = from, To = to, Text = q };
        var page = await queries.ListAsync(ApiCaller.Of(http).Tenant, filter, cursor, limit ?? 100, stop);
        return TypedResults.Ok(new Page<AlertDto>([.. page.Items.Select(Dto)], page.Next));
    }

    private static async Task<IResult> GetAsync(string id, HttpContext http, AlertQueries queries, IncidentQueries incidents, EvidenceReader reader, CancellationToken stop)
    {
        if (await queries.FindAsync(ApiCaller.Of(http).Tenant, id, stop) is not { } found) return Missing();
        ETags.Set(http, found.Alert.Version);
        return TypedResults.Ok(new AlertDetailDto(
            Dto(found.Alert), found.Rule?.WhatHappened ?? "", found.Rule?.WhatHappenedZh ?? "", found.Rule?.WhatToDo ?? "", found.Rule?.WhatToDoZh ?? "",
            found.Rule?.Techniques.Split(',', StringSplitOptions.RemoveEmptyEntries) ?? [],
            [.. found.Evidence.Select(e => Dto(e, reader.Read(found.Alert.RuleId, e)))],
            [.. found.Comments.Select(c => new CommentDto(c.Id, c.Author, c.At, c.Text))],
            [.. found.Events.Select(e => e.ToString())], reader.KnownAs(found.Alert.RuleId),
            [.. (await incidents.OfAlertAsync(ApiCaller.Of(http).Tenant, id, stop)).Select(i => i.Id)]));
    }

    private static async Task<IResult> EditAsync(string id, AlertPatch patch, HttpContext http, AlertEdits edits, CancellationToken stop)
    {
        if (!ETags.TryMatch(http, out var version)) return Problem.Invalid("etag.bad", "If-Match is none of our ETags");
        var caller = ApiCaller.Of(http);
        var (refusal, alert) = await edits.ApplyAsync(caller.Tenant, id, new AlertEdit(patch.Status, patch.Reason, patch.Owner), version, caller.Actor, stop);
        if (refusal == EditRefusal.NotFound) return Missing();
        if (refusal == EditRefusal.Stale) return Problem.Of(StatusCodes.Status412PreconditionFailed, "alert.stale", "the alert changed since you read it");
        if (refusal == EditRefusal.BadOwner) return Problem.Invalid("alert.owner", "the owner is no member of this tenant");
        if (refusal == EditRefusal.NotMuted) return Problem.Invalid("alert.status", "an alert is muted by a mute, not by an edit");
        if (refusal == EditRefusal.NeedsReason) return Problem.Invalid("alert.reason", "closing needs a reason");
        ETags.Set(http, alert!.Version);
        return TypedResults.Ok(Dto(alert));
    }

    private static async Task<IResult> CommentAsync(string id, CommentPost post, HttpContext http, AlertEdits edits, CancellationToken stop)
    {
        if (string.IsNullOrWhiteSpace(post.Text) || post.Text.Length > MaxComment) return Problem.Invalid("comment.text", $"a comment has 1 to {MaxComment} characters");
        var caller = ApiCaller.Of(http);
        return await edits.CommentAsync(caller.Tenant, id, post.Text, caller.User, caller.Actor, stop) is { } c
            ? TypedResults.Created($"/api/v1/alerts/{id}", new CommentDto(c.Id, c.Author, c.At, c.Text))
            : Missing();
    }

    private static EvidenceDto Dto(AlertEvidence e, WebEvidence? how) => new(
        e.EventId.ToString(), e.At, e.Outcome, e.Technique, e.Field, e.FieldValue, e.Offset, e.Length, Encoding.UTF8.GetString(e.Raw),
        how?.Steps ?? [], how?.Match ?? "", how?.Confidence ?? FindingConfidence.None);

    private static AlertDto Dto(Alert a) => new(
        a.Id, a.Title, a.TitleZh, a.Class, a.Level, a.Outcome, a.Status, a.Reason, new AlertRuleDto(a.RuleId, a.Title, a.TitleZh),
        Entities(a), a.First, a.Last, a.Count, a.OwnerId, a.Technique, a.Version);

    private static Dictionary<string, string> Entities(Alert a)
    {
        var entities = JsonSerializer.Deserialize<Dictionary<string, string>>(a.Group) ?? [];
        foreach (var (name, value) in new[]
        {
            ("source.ip", a.SourceIp), ("source.geo.country_iso_code", a.SourceCountry), ("user.name", a.User), ("host.name", a.Host), ("url.domain", a.Site),
        })
        {
            if (value.Length > 0) entities[name] = value;
        }
        return entities;
    }

    private static bool TryEnum<T>(string? text, out T? value) where T : struct, Enum
    {
        value = null;
        if (string.IsNullOrEmpty(text)) return true;
        if (!Enum.TryParse<T>(text.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out var found) || !Enum.IsDefined(found)) return false;
        value = found;
        return true;
    }

    private static IResult Bad(string name, string? value) => Problem.Invalid("filter." + name, $"'{value}' is no {name}");

    private static IResult Missing() => Problem.NotFound("alert.not_found", "no such alert");
}
