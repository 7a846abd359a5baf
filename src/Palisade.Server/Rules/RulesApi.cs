using Palisade.Engine;
using Palisade.Protocol;
using Palisade.Server.Api;
using Palisade.Server.Identity;
using Palisade.Server.Storage;

namespace Palisade.Server.Rules;

/// <summary>A rule in a list.</summary>
/// <param name="Area">own, web, behaviour, anomaly, correlation, or the product or category of its log source.</param>
/// <param name="Level">As findings have it in this tenant; <paramref name="OwnLevel"/> is what the rule says.</param>
/// <param name="Routed">A source that is known here gives its log source; false: it never finds anything.</param>
/// <param name="Hits">Findings of the last seven days; null: the event store did not answer.</param>
/// <param name="Refused">A rule of the tenant's own that does not load; its details say why.</param>
public sealed record RuleDto(
    string Id, string Name, string NameZh, string Kind, string Area, FindingLevel Level, FindingLevel OwnLevel, string Class, string Status, string LogSource,
    IReadOnlyList<string> Techniques, bool Enabled, bool Own, bool Routed, long? Hits, long Version, bool Refused);

/// <param name="Next">Asks for the page after; null at the end.</param>
public sealed record RuleList(IReadOnlyList<RuleDto> Items, string? Next);

public sealed record RuleSampleDto(bool Hit, IReadOnlyList<string> Records);

public sealed record RuleDetailDto(
    RuleDto Rule, string Yaml, string Description, string WhatHappened, string WhatHappenedZh, string WhatToDo, string WhatToDoZh, IReadOnlyList<string> Tags,
    IReadOnlyList<string> References, IReadOnlyList<string> FalsePositives, IReadOnlyList<string> Refers, IReadOnlyList<RuleSampleDto> Samples, long OwnVersion, IReadOnlyList<RuleProblemDto> Diagnostics);

/// <param name="Enabled">False: it finds nothing in this tenant.</param>
/// <param name="Level">Replaces the rule's level.</param>
/// <param name="ResetLevel">Takes the level of the rule again.</param>
public sealed record RulePatch(bool? Enabled = null, FindingLevel? Level = null, bool ResetLevel = false);

public sealed record RulePost(string Yaml);

public sealed record RuleProblemDto(string Code, bool Error, int Line, string Message, string Fix);

public sealed record RuleSavedDto(RuleDto Rule, long OwnVersion, IReadOnlyList<RuleProblemDto> Diagnostics);

public sealed record RuleVersionDto(long Version, DateTimeOffset Saved, string Author, string Yaml);

internal static class RulesApi
{
    private const int MaxPage = 1000;
    private static readonly TimeSpan HitSpan = TimeSpan.FromDays(7);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/rules", ListAsync).WithTags("rules");
        api.MapGet("/rules/{id}", GetAsync).WithTags("rules");
        api.MapPatch("/rules/{id}", ChooseAsync).WithTags("rules").Needs(Role.Admin);
        api.MapPost("/rules", CreateAsync).WithTags("rules").Needs(Role.Admin);
        api.MapPut("/rules/{id}", SaveAsync).WithTags("rules").Needs(Role.Admin);
        api.MapDelete("/rules/{id}", RemoveAsync).WithTags("rules").Needs(Role.Admin);
        api.MapGet("/rules/{id}/versions", VersionsAsync).WithTags("rules");
    }

    private static async Task<IResult> ListAsync(
        HttpContext http, TenantRules rules, EventQueries queries, TimeProvider clock, string? area, string? level, string? @class, string? status, bool? enabled, string? q, string? cursor, int? limit,
        CancellationToken stop)
    {
        FindingLevel? least = null;
        if (!string.IsNullOrEmpty(level))
        {
            if (!Enum.TryParse<FindingLevel>(level, ignoreCase: true, out var found) || !Enum.IsDefined(found)) return Problem.Invalid("filter.level", $"'{level}' is no level");
            least = found;
        }
        var tenant = ApiCaller.Of(http).Tenant;
        var filter = new RuleFilter { Area = area, Level = least, Class = @class, Status = status, Enabled = enabled, Text = q };
        // By id, so that a cursor holds while titles change.
        var rest = (await rules.ListAsync(tenant, stop)).Where(filter.Fits).OrderBy(r => r.Info.Id, StringComparer.Ordinal)
            .Where(r => string.IsNullOrEmpty(cursor) || string.CompareOrdinal(r.Info.Id, cursor) > 0).ToList();
        var take = Math.Clamp(limit ?? 200, 1, MaxPage);
        var hits = await HitsAsync(queries, tenant, clock, stop);
        return TypedResults.Ok(new RuleList([.. rest.Take(take).Select(r => Dto(r, hits))], rest.Count > take ? rest[take - 1].Info.Id : null));
    }

    /// <summary>Findings of the last seven days by rule; null when the event store does not answer.</summary>
    internal static async Task<IReadOnlyDictionary<string, RuleHits>?> HitsAsync(EventQueries queries, uint tenant, TimeProvider clock, CancellationToken stop)
    {
        try
        {
            var now = clock.GetUtcNow();
            return (await queries.RuleHitsAsync(tenant, new TimeRange(now - HitSpan, now.AddDays(1)), stop)).ToDictionary(h => h.RuleId, StringComparer.Ordinal);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // The list is worth showing without its figures.
            return null;
        }
    }

    private static async Task<IResult> GetAsync(string id, HttpContext http, TenantRules rules, EventQueries queries, TimeProvider clock, CancellationToken stop)
    {
        var tenant = ApiCaller.Of(http).Tenant;
        if (await rules.FindAsync(tenant, id, stop) is not { } rule) return Missing();
        ETags.Set(http, rule.Choice?.Version ?? 0);
        var text = rule.Text;
        return TypedResults.Ok(new RuleDetailDto(
            Dto(rule, await HitsAsync(queries, tenant, clock, stop)), text?.Yaml ?? "", text?.Description ?? "", rule.Info.WhatHappened, rule.Info.WhatHappenedZh, rule.Info.WhatToDo, rule.Info.WhatToDoZh,
            rule.Info.Tags, text?.References ?? [], text?.FalsePositives ?? [], text?.Refers ?? [],
            text is null ? [] : [.. rules.Shipped.SamplesOf(text).Select(s => new RuleSampleDto(s.Hit, s.Records))], rule.OwnVersion, Dtos(rule.Problems)));
    }

    private static async Task<IResult> ChooseAsync(string id, RulePatch patch, HttpContext http, TenantRules rules, CancellationToken stop)
    {
        if (!ETags.TryMatch(http, out var version)) return Problem.Invalid("etag.bad", "If-Match is none of our ETags");
        var caller = ApiCaller.Of(http);
        if (await rules.FindAsync(caller.Tenant, id, stop) is not { } rule) return Missing();
        var level = patch.ResetLevel ? null : patch.Level ?? rule.Choice?.Level;
        var (refusal, changed) = await rules.ChooseAsync(caller.Tenant, id, patch.Enabled ?? rule.Enabled, level, version, caller.Actor, stop);
        if (refusal != RuleRefusal.None || changed is null) return Refused(refusal, []);
        ETags.Set(http, changed.Choice?.Version ?? 0);
        return TypedResults.Ok(Dto(changed, null));
    }

    private static async Task<IResult> CreateAsync(RulePost post, HttpContext http, TenantRules rules, CancellationToken stop)
    {
        if (post.Yaml is null) return NoYaml();
        var caller = ApiCaller.Of(http);
        return Saved(http, await rules.SaveAsync(caller.Tenant, post.Yaml, null, 0, caller.Actor, stop));
    }

    private static async Task<IResult> SaveAsync(string id, RulePost post, HttpContext http, TenantRules rules, CancellationToken stop)
    {
        if (!ETags.TryMatch(http, out var version)) return Problem.Invalid("etag.bad", "If-Match is none of our ETags");
        var caller = ApiCaller.Of(http);
        if (await rules.FindAsync(caller.Tenant, id, stop) is not { IsOwn: true }) return Missing();
        if (post.Yaml is null) return NoYaml();
        return Saved(http, await rules.SaveAsync(caller.Tenant, post.Yaml, id, version, caller.Actor, stop));
    }

    private static IResult Saved(HttpContext http, RuleSaved saved)
    {
        if (saved.Rule is not { } rule) return Refused(saved.Refusal, saved.Diagnostics);
        ETags.Set(http, rule.OwnVersion);
        var dto = new RuleSavedDto(Dto(rule, null), rule.OwnVersion, Dtos(saved.Diagnostics));
        return rule.OwnVersion == 1 ? TypedResults.Created($"/api/v1/rules/{Uri.EscapeDataString(rule.Info.Id)}", dto) : TypedResults.Ok(dto);
    }

    private static async Task<IResult> RemoveAsync(string id, HttpContext http, TenantRules rules, CancellationToken stop)
    {
        var caller = ApiCaller.Of(http);
        return await rules.RemoveAsync(caller.Tenant, id, caller.Actor, stop) ? TypedResults.NoContent() : Missing();
    }

    private static async Task<IResult> VersionsAsync(string id, HttpContext http, TenantRules rules, CancellationToken stop)
    {
        var versions = await rules.VersionsAsync(ApiCaller.Of(http).Tenant, id, stop);
        return versions.Count == 0 ? Missing() : TypedResults.Ok(versions.Select(v => new RuleVersionDto(v.Version, v.Saved, v.Author, v.Yaml)).ToArray());
    }

    internal static IResult Refused(RuleRefusal refusal, IReadOnlyList<Diagnostic> problems) => refusal switch
    {
        RuleRefusal.NotFound => Missing(),
        RuleRefusal.Stale => Problem.Of(StatusCodes.Status412PreconditionFailed, "rule.stale", "the rule changed since you read it, or is there already"),
        RuleRefusal.NotOne => Problem.Invalid("rule.one", "one document with one rule or correlation; import takes many"),
        RuleRefusal.IsFilter => Problem.Invalid("rule.filter", "a filter is no rule: a mute hides findings, an edit of the rule changes what it finds"),
        RuleRefusal.IdTaken => Problem.Of(StatusCodes.Status409Conflict, "rule.id_taken", "the id is that of another rule: give this one an id of its own"),
        RuleRefusal.NoId => Problem.Invalid("rule.id", $"the rule needs an id of 1 to {TenantRules.MaxId} characters"),
        RuleRefusal.NoTitle => Problem.Invalid("rule.title", "the rule needs a title"),
        RuleRefusal.TooMany => Problem.Of(StatusCodes.Status409Conflict, "rule.too_many", $"a tenant has {TenantRules.MaxOwn} rules of its own at most"),
        RuleRefusal.TooLarge => Problem.Invalid("rule.large", $"a rule has at most {TenantRules.MaxYaml} characters"),
        _ => TypedResults.Problem("the rule is not right: see diagnostics", statusCode: StatusCodes.Status400BadRequest,
            extensions: new Dictionary<string, object?> { ["code"] = "rule.wrong", ["diagnostics"] = Dtos(problems) }),
    };

    internal static RuleProblemDto[] Dtos(IReadOnlyList<Diagnostic> problems) =>
        [.. problems.Select(p => new RuleProblemDto(p.Code, p.IsError, p.Line, p.Message, Engine.Rules.Lint.LintCodes.Find(p.Code)?.Fix ?? ""))];

    internal static RuleDto Dto(RuleView r, IReadOnlyDictionary<string, RuleHits>? hits) => new(
        r.Info.Id, r.Info.Name, r.Info.NameZh, r.Info.Kind, r.Area, r.Level, r.Info.Level, r.Info.Class, r.Status, r.LogSource, r.Info.Techniques, r.Enabled, r.IsOwn, r.IsRouted,
        hits is null ? null : hits.GetValueOrDefault(r.Info.Id)?.Count ?? 0, r.Choice?.Version ?? 0, r.Problems.Count > 0);

    /// <summary>A body without the text it is about.</summary>
    internal static IResult NoYaml() => Problem.Invalid("rule.yaml", "'yaml' is missing: it takes the text of one rule");

    internal static IResult Missing() => Problem.NotFound("rule.not_found", "no such rule");
}
