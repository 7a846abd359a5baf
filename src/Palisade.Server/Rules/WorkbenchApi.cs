using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Explain;
using Palisade.Server.Api;
using Palisade.Server.Identity;

namespace Palisade.Server.Rules;

/// <param name="Event">A JSON object, or a log line.</param>
/// <param name="Yaml">A rule that is being written; null: the one of the address.</param>
public sealed record ExplainPost(string Event, string? Yaml = null);

public sealed record ExplainDto(RuleExplanation Explanation, IReadOnlyList<FoundValue> Fields);

public sealed record LintDto(string? Id, string? Title, IReadOnlyList<RuleProblemDto> Diagnostics);

/// <param name="Events">Events of its log source among those that were looked at.</param>
public sealed record ReachDto(string Id, string Title, string Kind, string LogSource, string Level, ReachVerdict Verdict, IReadOnlyList<string> Missing, long Events);

/// <param name="Records">Records of the last week that were looked at; null: the event store did not answer.</param>
public sealed record RuleReachDto(long? Records, ReachDto Rule);

/// <param name="Problem">Why reading the archive ended early; null: it did not.</param>
/// <param name="Saved">Rules that were saved; null: the report was asked for only.</param>
/// <param name="LeftOut">Rules that were not saved although asked for: their ids are those of shipped rules, or there are too many.</param>
public sealed record ImportDto(
    int Files, string? Problem, IReadOnlyList<string> TooLarge, long? Records, IReadOnlyDictionary<ReachVerdict, int> Summary, IReadOnlyList<ReachDto> Rules,
    IReadOnlyList<ImportProblemDto> Diagnostics, int? Saved, int? LeftOut);

public sealed record ImportProblemDto(string File, string Code, bool Error, int Line, string Message);

internal static class WorkbenchApi
{
    /// <summary>Bytes of an upload.</summary>
    internal const int MaxUpload = 32 << 20;
    private const int MaxProblems = 1000;
    internal static ArchiveLimits Limits { get; } = new() { Files = 10_000, TotalBytes = 128 << 20 };

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/rules/lint", LintAsync).WithTags("rules");
        api.MapPost("/rules/{id}/explain", ExplainAsync).WithTags("rules");
        api.MapGet("/rules/{id}/reach", ReachAsync).WithTags("rules");
        api.MapPost("/rules/import", ImportAsync).WithTags("rules").Needs(Role.Admin);
    }

    private static async Task<IResult> LintAsync(RulePost post, HttpContext http, TenantRules rules, CancellationToken stop)
    {
        if (post.Yaml is null) return RulesApi.NoYaml();
        var (refusal, text, problems) = await rules.CheckAsync(ApiCaller.Of(http).Tenant, post.Yaml, stop);
        return refusal is RuleRefusal.TooLarge ? RulesApi.Refused(refusal, problems) : TypedResults.Ok(new LintDto(text?.Id, text?.Title, RulesApi.Dtos(problems)));
    }

    private static async Task<IResult> ExplainAsync(string id, ExplainPost post, HttpContext http, TenantRules rules, RuleWorkbench bench, CancellationToken stop)
    {
        var tenant = ApiCaller.Of(http).Tenant;
        if (await rules.FindAsync(tenant, id, stop) is not { } rule) return RulesApi.Missing();
        if (post.Event is not { Length: > 0 and <= RuleWorkbench.MaxEvent }) return Problem.Invalid("rule.event", $"an event has 1 to {RuleWorkbench.MaxEvent} characters");
        if (post.Yaml is { Length: > TenantRules.MaxYaml }) return RulesApi.Refused(RuleRefusal.TooLarge, []);
        var text = post.Yaml is null ? rule.Text : RuleTexts.Read("rule.yml", System.Text.Encoding.UTF8.GetBytes(post.Yaml)) is [var written, ..] ? written : null;
        if (text is null) return Problem.Invalid("rule.no_text", "this rule has no conditions in Sigma to explain");
        return await bench.ExplainAsync(tenant, text, post.Event, stop) is { } told
            ? TypedResults.Ok(new ExplainDto(told.Explanation, told.Fields))
            : Problem.Invalid("rule.event", "the event begins like JSON and is none");
    }

    private static async Task<IResult> ReachAsync(string id, HttpContext http, TenantRules rules, RuleWorkbench bench, CancellationToken stop)
    {
        var tenant = ApiCaller.Of(http).Tenant;
        if (await rules.FindAsync(tenant, id, stop) is not { } rule) return RulesApi.Missing();
        if (rule.Text is null) return Problem.Invalid("rule.no_text", "this rule looks at every web request");
        var (records, reach) = await bench.ReachAsync(tenant, rule.Text, stop);
        return reach is null ? RulesApi.Missing() : TypedResults.Ok(new RuleReachDto(records, Dto(reach)));
    }

    private static async Task<IResult> ImportAsync(HttpContext http, TenantRules rules, RuleWorkbench bench, bool? save, string? name, CancellationToken stop)
    {
        var caller = ApiCaller.Of(http);
        if (http.Request.ContentLength > MaxUpload) return Problem.Of(StatusCodes.Status413PayloadTooLarge, "rule.upload", $"an upload has at most {MaxUpload >> 20} MiB");
        using var body = new MemoryStream();
        var buffer = new byte[64 << 10];
        for (int n; (n = await http.Request.Body.ReadAsync(buffer, stop)) > 0;)
        {
            if (body.Length + n > MaxUpload) return Problem.Of(StatusCodes.Status413PayloadTooLarge, "rule.upload", $"an upload has at most {MaxUpload >> 20} MiB");
            body.Write(buffer, 0, n);
        }
        if (body.Length == 0) return Problem.Invalid("rule.upload", "send a zip, a tar.gz or a YAML file as the body");
        body.Position = 0;
        return TypedResults.Ok(await ReportAsync(rules, bench, caller, body, name ?? "upload.yml", save ?? false, stop));
    }

    private static async Task<ImportDto> ReportAsync(TenantRules rules, RuleWorkbench bench, ApiCaller caller, Stream body, string name, bool save, CancellationToken stop)
    {
        var import = RuleArchive.Read(body, name, Limits);
        var report = await bench.ReachAsync(caller.Tenant, import.Files, stop);
        (int Saved, int LeftOut)? done = save ? await rules.ImportAsync(caller.Tenant, [.. report.Rules.Where(r => r.Verdict != ReachVerdict.Refused).Select(r => r.Rule)], caller.Actor, stop) : null;
        return new ImportDto(
            import.Files.Count, import.Problem, import.TooLarge, report.Records, report.Rules.CountBy(r => r.Verdict).ToDictionary(r => r.Key, r => r.Value), [.. report.Rules.Select(Dto)],
            [.. report.Diagnostics.OrderByDescending(d => d.IsError).Take(MaxProblems).Select(d => new ImportProblemDto(d.File, d.Code, d.IsError, d.Line, d.Message))], done?.Saved, done?.LeftOut);
    }

    internal static ReachDto Dto(RuleReach r) => new(r.Rule.Id, r.Rule.Title, r.Rule.Kind, r.Rule.LogSource, r.Rule.Level, r.Verdict, r.Missing, r.Events);
}
