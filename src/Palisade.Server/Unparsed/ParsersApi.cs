using System.Text.Json;
using Palisade.Engine;
using Palisade.Engine.Parse.Own;
using Palisade.Server.Api;
using Palisade.Server.Identity;
using Palisade.Server.Streaming;

namespace Palisade.Server.Unparsed;

/// <summary>Lines to read by a source that is being written.</summary>
/// <param name="Lines">1 to 200, all together at most 256 KiB.</param>
/// <param name="Yaml">A source.yml; or</param>
/// <param name="Pattern">one pattern.</param>
public sealed record ParserTryPost(IReadOnlyList<string> Lines, string? Yaml = null, string? Pattern = null);

public sealed record ParserProblemDto(string Code, int Line, string Message);

public sealed record ParserFieldDto(string Name, string Value, int Start, int Length);

/// <param name="Read">Whether a pattern fits, and <paramref name="Pattern"/> which.</param>
/// <param name="Timestamp">Event time; null when the line carries none that was read.</param>
/// <param name="Reached">Where the pattern that came farthest did not fit any more, UTF-16 units; null when the line was read.</param>
/// <param name="Expected">What that pattern wanted there.</param>
public sealed record ParserLineDto(
    bool Read, string Pattern, ParseRefusal Refusal, DateTimeOffset? Timestamp, IReadOnlyList<ParserFieldDto> Fields, int? Reached, string? Expected);

/// <param name="Yaml">The source.yml that was tried.</param>
public sealed record ParserTryDto(string Yaml, IReadOnlyList<ParserProblemDto> Diagnostics, IReadOnlyList<ParserLineDto> Lines);

/// <param name="Samples">Lines that it must read.</param>
public sealed record ParserPost(string Yaml, IReadOnlyList<string>? Samples = null);

public sealed record ParserDto(string Name, long Version, string Yaml, IReadOnlyList<string> Samples, DateTimeOffset Saved, string Author);

public sealed record ParserList(IReadOnlyList<ParserDto> Items, string? Next);

internal static class ParsersApi
{
    private const int MaxLines = 200, MaxCharacters = 256 << 10;

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/parsers/try", Try).WithTags("parsers");
        api.MapGet("/parsers", ListAsync).WithTags("parsers");
        api.MapGet("/parsers/{name}", GetAsync).WithTags("parsers");
        api.MapPost("/parsers", SaveAsync).WithTags("parsers").Needs(Role.Admin);
        api.MapDelete("/parsers/{name}", RemoveAsync).WithTags("parsers").Needs(Role.Admin);
    }

    private static IResult Try(ParserTryPost post, LiveParsers live, TimeProvider clock)
    {
        if (post.Lines.Count is 0 or > MaxLines || post.Lines.Any(l => l is null) || post.Lines.Sum(l => (long)l.Length) > MaxCharacters)
            return Problem.Invalid("parser.lines", $"1 to {MaxLines} lines, all together at most {MaxCharacters} characters");
        if (post.Yaml is null == post.Pattern is null) return Problem.Invalid("parser.text", "either yaml or pattern");
        var yaml = post.Yaml ?? OwnSource.Write("new", post.Pattern!);
        var source = OwnSource.Compile(yaml, out var problems);
        var lines = source is null ? [] : ParserTrial.Run(live.Current, source, post.Lines, clock.GetUtcNow().ToUnixTimeMilliseconds());
        return TypedResults.Ok(new ParserTryDto(yaml, Dtos(problems), [.. lines.Select(Dto)]));
    }

    private static async Task<IResult> ListAsync(HttpContext http, OwnParsers parsers, CancellationToken stop) =>
        TypedResults.Ok(new ParserList([.. (await parsers.ListAsync(ApiCaller.Of(http).Tenant, stop)).Select(Dto)], null));

    private static async Task<IResult> GetAsync(string name, HttpContext http, OwnParsers parsers, CancellationToken stop)
    {
        if (await parsers.FindAsync(ApiCaller.Of(http).Tenant, name, stop) is not { } row) return Missing();
        ETags.Set(http, row.Version);
        return TypedResults.Ok(Dto(row));
    }

    private static async Task<IResult> SaveAsync(ParserPost post, HttpContext http, OwnParsers parsers, CancellationToken stop)
    {
        if (!ETags.TryMatch(http, out var version)) return Problem.Invalid("etag.bad", "If-Match is none of our ETags");
        if (post.Samples?.Any(s => s is null) == true) return Refused(ParserRefusal.BadSamples);
        var caller = ApiCaller.Of(http);
        var saved = await parsers.SaveAsync(caller.Tenant, post.Yaml, post.Samples ?? [], version, caller.Actor, stop);
        if (saved.Refusal == ParserRefusal.Wrong)
            return TypedResults.Problem("the source is not right: see diagnostics", statusCode: StatusCodes.Status400BadRequest,
                extensions: new Dictionary<string, object?> { ["code"] = "parser.wrong", ["diagnostics"] = Dtos(saved.Diagnostics) });
        if (saved.Refusal == ParserRefusal.Unread)
            return TypedResults.Problem($"the source does not read its own samples: {string.Join(", ", saved.Unread)}", statusCode: StatusCodes.Status400BadRequest,
                extensions: new Dictionary<string, object?> { ["code"] = "parser.samples_unread", ["samples"] = saved.Unread });
        if (saved.Parser is not { } row) return Refused(saved.Refusal);
        ETags.Set(http, row.Version);
        return row.Version == 1 ? TypedResults.Created($"/api/v1/parsers/{row.Name}", Dto(row)) : TypedResults.Ok(Dto(row));
    }

    private static IResult Refused(ParserRefusal refusal) => refusal switch
    {
        ParserRefusal.Stale => Problem.Of(StatusCodes.Status412PreconditionFailed, "parser.stale", "the parser changed since you read it"),
        ParserRefusal.NameTaken => Problem.Of(StatusCodes.Status409Conflict, "parser.name_taken", "a source of this name comes with the program"),
        ParserRefusal.TooMany => Problem.Of(StatusCodes.Status409Conflict, "parser.too_many", $"a tenant has {OwnParsers.MaxPerTenant} parsers of its own at most"),
        ParserRefusal.BadSamples => Problem.Invalid("parser.samples", $"at most {OwnParsers.MaxSamples} samples of {OwnParsers.MaxSample} characters"),
        _ => Problem.Invalid("parser.name", "a name has 1 to 64 letters, digits, dots, hyphens, underscores or colons"),
    };

    private static async Task<IResult> RemoveAsync(string name, HttpContext http, OwnParsers parsers, CancellationToken stop)
    {
        var caller = ApiCaller.Of(http);
        return await parsers.RemoveAsync(caller.Tenant, name, caller.Actor, stop) ? TypedResults.NoContent() : Missing();
    }

    private static ParserProblemDto[] Dtos(IReadOnlyList<Diagnostic> problems) => [.. problems.Select(p => new ParserProblemDto(p.Code, p.Line, p.Message))];

    private static ParserLineDto Dto(TrialLine line) => new(
        line.IsRead, line.Pattern, line.Refusal, line.IsRead && line.HasTime ? DateTimeOffset.FromUnixTimeMilliseconds(line.TimeMs) : null,
        [.. line.Fields.Select(f => new ParserFieldDto(f.Name, f.Value, f.Start, f.Length))], line.IsRead ? null : line.Reached, line.IsRead ? null : line.Expected);

    private static ParserDto Dto(OwnParser p) => new(p.Name, p.Version, p.Yaml, JsonSerializer.Deserialize<string[]>(p.Samples) ?? [], p.Saved, p.Author);

    private static IResult Missing() => Problem.NotFound("parser.not_found", "no such parser");
}
