using Palisade.Server.Api;
using Palisade.Server.Identity;

namespace Palisade.Server.Rules;

/// <summary>A processing pipeline in a list.</summary>
/// <param name="Title">What its text says it is called.</param>
/// <param name="Priority">Pipelines run by rising priority, equal ones by name.</param>
public sealed record PipelineDto(string Name, string Title, int Priority, int Bytes, DateTimeOffset Saved, string Author, long Version);

/// <param name="Refused">Own rules that do not load as things are.</param>
public sealed record PipelineList(IReadOnlyList<PipelineDto> Items, IReadOnlyList<RefusedRuleDto> Refused);

public sealed record PipelineDetailDto(PipelineDto Pipeline, string Yaml, IReadOnlyList<RuleProblemDto> Diagnostics);

public sealed record PipelinePut(string Yaml);

public sealed record RefusedRuleDto(string Id, string Name, IReadOnlyList<RuleProblemDto> Diagnostics);

/// <param name="Refused">Own rules that do not load with it; the others do.</param>
public sealed record PipelineSavedDto(PipelineDto Pipeline, IReadOnlyList<RuleProblemDto> Diagnostics, IReadOnlyList<RefusedRuleDto> Refused);

/// <param name="Values">What <c>%name%</c> stands for, by name.</param>
public sealed record PlaceholdersPut(IReadOnlyDictionary<string, IReadOnlyList<string>> Values);

public sealed record PlaceholdersDto(IReadOnlyDictionary<string, IReadOnlyList<string>> Values, DateTimeOffset? Saved, string Author, long Version, IReadOnlyList<RefusedRuleDto> Refused);

internal static class PipelinesApi
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/rule-pipelines", ListAsync).WithTags("rules");
        api.MapGet("/rule-pipelines/{name}", GetAsync).WithTags("rules");
        api.MapPut("/rule-pipelines/{name}", SaveAsync).WithTags("rules").Needs(Role.Admin);
        api.MapDelete("/rule-pipelines/{name}", RemoveAsync).WithTags("rules").Needs(Role.Admin);
        api.MapGet("/rule-placeholders", PlaceholdersAsync).WithTags("rules");
        api.MapPut("/rule-placeholders", SavePlaceholdersAsync).WithTags("rules").Needs(Role.Admin);
    }

    private static async Task<IResult> ListAsync(HttpContext http, TenantPipelines pipelines, CancellationToken stop)
    {
        var tenant = ApiCaller.Of(http).Tenant;
        return TypedResults.Ok(new PipelineList([.. (await pipelines.ListAsync(tenant, stop)).Select(Dto)], Refused(pipelines, tenant)));
    }

    private static async Task<IResult> GetAsync(string name, HttpContext http, TenantPipelines pipelines, CancellationToken stop)
    {
        if (await pipelines.FindAsync(ApiCaller.Of(http).Tenant, name, stop) is not { } pipeline) return Missing();
        ETags.Set(http, pipeline.Version);
        return TypedResults.Ok(new PipelineDetailDto(Dto(pipeline), pipeline.Yaml, RulesApi.Dtos(pipeline.Diagnostics)));
    }

    private static async Task<IResult> SaveAsync(string name, PipelinePut put, HttpContext http, TenantPipelines pipelines, CancellationToken stop)
    {
        if (!ETags.TryMatch(http, out var version)) return Problem.Invalid("etag.bad", "If-Match is none of our ETags");
        var caller = ApiCaller.Of(http);
        var saved = await pipelines.SaveAsync(caller.Tenant, name, put.Yaml ?? "", version, caller.Actor, stop);
        if (saved.Pipeline is not { } pipeline) return Refused(saved);
        ETags.Set(http, pipeline.Version);
        var dto = new PipelineSavedDto(Dto(pipeline), RulesApi.Dtos(saved.Diagnostics), Refused(pipelines, caller.Tenant));
        return pipeline.Version == 1 ? TypedResults.Created($"/api/v1/rule-pipelines/{Uri.EscapeDataString(name)}", dto) : TypedResults.Ok(dto);
    }

    private static async Task<IResult> RemoveAsync(string name, HttpContext http, TenantPipelines pipelines, CancellationToken stop)
    {
        if (!ETags.TryMatch(http, out var version)) return Problem.Invalid("etag.bad", "If-Match is none of our ETags");
        var caller = ApiCaller.Of(http);
        var refusal = await pipelines.RemoveAsync(caller.Tenant, name, version, caller.Actor, stop);
        return refusal == PipelineRefusal.None ? TypedResults.NoContent() : Refused(new PipelineSaved(refusal, null, []));
    }

    private static async Task<IResult> PlaceholdersAsync(HttpContext http, TenantPipelines pipelines, CancellationToken stop)
    {
        var tenant = ApiCaller.Of(http).Tenant;
        return Placeholders(http, await pipelines.PlaceholdersAsync(tenant, stop), Refused(pipelines, tenant));
    }

    private static async Task<IResult> SavePlaceholdersAsync(PlaceholdersPut put, HttpContext http, TenantPipelines pipelines, CancellationToken stop)
    {
        if (!ETags.TryMatch(http, out var version)) return Problem.Invalid("etag.bad", "If-Match is none of our ETags");
        if (put.Values is null) return Problem.Invalid("placeholders.values", "'values' is an object of lists of texts");
        var caller = ApiCaller.Of(http);
        var (refusal, name, saved) = await pipelines.SavePlaceholdersAsync(caller.Tenant, put.Values, version, caller.Actor, stop);
        if (saved is not null) return Placeholders(http, saved, Refused(pipelines, caller.Tenant));
        return refusal switch
        {
            PipelineRefusal.Stale => Problem.Of(StatusCodes.Status412PreconditionFailed, "placeholders.stale", "somebody changed the placeholders since you read them"),
            PipelineRefusal.TooMany => Problem.Invalid("placeholders.many", $"a tenant has at most {TenantPipelines.MaxPlaceholders} placeholders"),
            PipelineRefusal.TooLarge => Problem.Invalid("placeholders.large", $"all names and values together have at most {TenantPipelines.MaxCharacters} characters"),
            PipelineRefusal.PlaceholderName => Problem.Invalid("placeholders.name", $"'{name}' is no name: 1 to {TenantPipelines.MaxName} characters, without blanks and %"),
            _ => Problem.Invalid("placeholders.values", $"'{name}' needs 1 to {TenantPipelines.MaxValues} values of 1 to {TenantPipelines.MaxValue} characters"),
        };
    }

    private static IResult Placeholders(HttpContext http, PlaceholdersView view, IReadOnlyList<RefusedRuleDto> refused)
    {
        ETags.Set(http, view.Version);
        return TypedResults.Ok(new PlaceholdersDto(view.Values, view.Saved, view.Author, view.Version, refused));
    }

    private static IResult Refused(PipelineSaved saved) => saved.Refusal switch
    {
        PipelineRefusal.NotFound => Missing(),
        PipelineRefusal.Stale => Problem.Of(StatusCodes.Status412PreconditionFailed, "pipeline.stale", "the pipeline changed since you read it, or is there already"),
        PipelineRefusal.Name => Problem.Invalid("pipeline.name", $"a name has 1 to {TenantPipelines.MaxName} letters, digits, spaces, dots, hyphens and underscores, a letter or digit at either end"),
        PipelineRefusal.TooLarge => Problem.Invalid("pipeline.large", $"a pipeline has at most {TenantPipelines.MaxBytes} bytes"),
        PipelineRefusal.TooMany => Problem.Of(StatusCodes.Status409Conflict, "pipeline.too_many", $"a tenant has {TenantPipelines.MaxPipelines} pipelines at most"),
        _ => TypedResults.Problem("the pipeline is not right: see diagnostics", statusCode: StatusCodes.Status400BadRequest,
            extensions: new Dictionary<string, object?> { ["code"] = "pipeline.wrong", ["diagnostics"] = RulesApi.Dtos(saved.Diagnostics) }),
    };

    private static IReadOnlyList<RefusedRuleDto> Refused(TenantPipelines pipelines, uint tenant) =>
        [.. pipelines.Refused(tenant).Select(r => new RefusedRuleDto(r.Rule.Id, r.Rule.Name, RulesApi.Dtos(r.Problems)))];

    private static PipelineDto Dto(PipelineView p) => new(p.Name, p.Title, p.Priority, System.Text.Encoding.UTF8.GetByteCount(p.Yaml), p.Saved, p.Author, p.Version);

    private static IResult Missing() => Problem.NotFound("pipeline.not_found", "no such pipeline");
}
