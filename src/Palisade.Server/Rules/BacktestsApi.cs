using System.Globalization;
using Palisade.Protocol;
using Palisade.Server.Api;
using Palisade.Server.Identity;
using Palisade.Server.Sources;

namespace Palisade.Server.Rules;

/// <summary>A rule to be tried on stored records.</summary>
/// <param name="Rule">Id of a rule or behaviour, or all: everything in force, as the stream runs it; or</param>
/// <param name="Yaml">a rule that need not be saved.</param>
/// <param name="Hours">How far back, 1 to 2,160.</param>
public sealed record BacktestPost(string? Rule = null, string? Yaml = null, int Hours = 720);

public sealed record BacktestHitDto(string EventId, DateTimeOffset At, string Source, string Raw, string Field, IReadOnlyDictionary<string, string> Group);

public sealed record BacktestBucketDto(DateTimeOffset Start, long Count);

public sealed record BacktestRuleDto(string Rule, string Title, string Class, FindingLevel Level, long Hits);

/// <summary>What was found in a stored record, or by counting up to it.</summary>
/// <param name="Address">Where the record says it came from.</param>
/// <param name="Group">Of a correlation: what it counted by.</param>
/// <param name="Correlation">It tells of more than its own record: a correlation or a behaviour.</param>
public sealed record BacktestFindingDto(
    string EventId, DateTimeOffset At, string Source, string Rule, string Title, string Class, FindingLevel Level, AttackOutcome Outcome, string Technique, string Address, string Field, string Evidence,
    IReadOnlyDictionary<string, string> Group, bool Correlation);

/// <param name="Known">Alerts that the rule made in the span, of which <paramref name="Kept"/> would be made again.</param>
/// <param name="Problem">records: it ended at the most records a backtest reads; time: it took too long; store: the event store did not answer; error: anything else, and the log says what.</param>
/// <param name="Rules">Rules that found something, most first.</param>
/// <param name="Listed">Findings that /findings gives one by one: the first 10,000, of the latest backtests.</param>
public sealed record BacktestDto(
    Guid Id, string Rule, string Title, BacktestState State, DateTimeOffset From, DateTimeOffset To, DateTimeOffset Asked, string Author, long Total, long Read, double Progress, long Hits, int Sources,
    IReadOnlyList<BacktestBucketDto> Buckets, IReadOnlyList<BacktestHitDto> Samples, int Known, int Kept, IReadOnlyList<LostAlert> Lost, string Problem,
    IReadOnlyList<BacktestRuleDto> Rules, int Listed);

public sealed record BacktestFindingList(IReadOnlyList<BacktestFindingDto> Items, string? Next);

public sealed record BacktestList(IReadOnlyList<BacktestDto> Items, string? Next);

internal static class BacktestsApi
{
    private const int MaxPage = 1000, MaxRules = 100;

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/backtests", BeginAsync).WithTags("backtests").Needs(Role.Analyst);
        api.MapGet("/backtests", ListAsync).WithTags("backtests");
        api.MapGet("/backtests/{id:guid}", GetAsync).WithTags("backtests");
        api.MapGet("/backtests/{id:guid}/findings", FindingsAsync).WithTags("backtests");
        api.MapDelete("/backtests/{id:guid}", Remove).WithTags("backtests").Needs(Role.Analyst);
    }

    private static async Task<IResult> BeginAsync(BacktestPost post, HttpContext http, Backtests tests, ISourceRegistry sources, CancellationToken stop)
    {
        if (post.Rule is null == post.Yaml is null) return Problem.Invalid("backtest.rule", "either rule or yaml");
        var caller = ApiCaller.Of(http);
        var (refusal, job) = await tests.BeginAsync(caller.Tenant, post.Rule, post.Yaml, TimeSpan.FromHours(Math.Clamp(post.Hours, 0, 1_000_000)), caller.Actor, stop);
        return refusal switch
        {
            BacktestRefusal.None => TypedResults.Accepted($"/api/v1/backtests/{job!.Id}", await DtoAsync(job, sources, stop)),
            BacktestRefusal.NoRule => RulesApi.Missing(),
            BacktestRefusal.Span => Problem.Invalid("backtest.span", $"1 to {(int)Backtests.MaxSpan.TotalHours} hours"),
            BacktestRefusal.Busy => Problem.Of(StatusCodes.Status409Conflict, "backtest.busy", "another backtest of this tenant waits or runs"),
            BacktestRefusal.TooMany => Problem.Of(StatusCodes.Status429TooManyRequests, "backtest.too_many", "too many backtests wait in the server; try again later"),
            _ => Problem.Invalid("rule.wrong", "the rule is not right: lint says why"),
        };
    }

    private static async Task<IResult> ListAsync(HttpContext http, Backtests tests, ISourceRegistry sources, CancellationToken stop)
    {
        var items = new List<BacktestDto>();
        foreach (var job in tests.List(ApiCaller.Of(http).Tenant)) items.Add(await DtoAsync(job, sources, stop));
        return TypedResults.Ok(new BacktestList(items, null));
    }

    private static async Task<IResult> GetAsync(Guid id, HttpContext http, Backtests tests, ISourceRegistry sources, CancellationToken stop) =>
        tests.Find(ApiCaller.Of(http).Tenant, id) is { } job ? TypedResults.Ok(await DtoAsync(job, sources, stop)) : Missing();

    private static async Task<IResult> FindingsAsync(Guid id, HttpContext http, Backtests tests, ISourceRegistry sources, string? cursor, int? limit, CancellationToken stop)
    {
        if (tests.Find(ApiCaller.Of(http).Tenant, id) is not { } job) return Missing();
        var from = 0;
        if (cursor is not null && (!int.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out from) || from > job.Findings.Count)) return Problem.Invalid("backtest.cursor", "the cursor is none of ours");
        if (limit is < 1 or > MaxPage) return Problem.Invalid("backtest.limit", $"limit is 1 to {MaxPage}");
        var to = Math.Min(job.Findings.Count, from + (limit ?? MaxPage));
        var items = new List<BacktestFindingDto>(to - from);
        foreach (var f in job.Findings.Skip(from).Take(to - from))
            items.Add(new BacktestFindingDto(
                f.EventId.ToString(CultureInfo.InvariantCulture), f.Time, (await sources.FindAsync(f.Source, stop))?.Name ?? "", f.Rule.Id, f.Rule.Name, f.Rule.Class, f.Rule.Level, f.Outcome, f.Technique, f.Address, f.Field,
                f.Evidence, f.Group, f.IsCorrelation));
        return TypedResults.Ok(new BacktestFindingList(items, to < job.Findings.Count ? to.ToString(CultureInfo.InvariantCulture) : null));
    }

    private static IResult Remove(Guid id, HttpContext http, Backtests tests) => tests.Remove(ApiCaller.Of(http).Tenant, id) ? TypedResults.NoContent() : Missing();

    private static async ValueTask<BacktestDto> DtoAsync(Backtest job, ISourceRegistry sources, CancellationToken stop)
    {
        var samples = new List<BacktestHitDto>();
        foreach (var hit in job.Samples)
            samples.Add(new BacktestHitDto(hit.EventId.ToString(CultureInfo.InvariantCulture), hit.Time, (await sources.FindAsync(hit.Source, stop))?.Name ?? "", hit.Raw, hit.Field, hit.Group));
        return new BacktestDto(
            job.Id, job.RuleId, job.Title, job.State, job.Range.From, job.Range.To, job.Asked, job.Author, job.Total, job.Read, job.Progress, job.Hits, job.Sources,
            [.. job.Buckets.Select(b => new BacktestBucketDto(b.Start, b.Count))], samples, job.Known, job.Kept, job.Lost, job.Problem,
            [.. job.Rules.Take(MaxRules).Select(r => new BacktestRuleDto(r.Rule.Id, r.Rule.Name, r.Rule.Class, r.Rule.Level, r.Hits))], job.Findings.Count);
    }

    private static IResult Missing() => Problem.NotFound("backtest.not_found", "no such backtest");
}
