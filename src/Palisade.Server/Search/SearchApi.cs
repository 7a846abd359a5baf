using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ClickHouse.Driver;
using Palisade.Engine;
using Palisade.Server.Api;
using Palisade.Server.Sources;
using Palisade.Server.Storage;

namespace Palisade.Server.Search;

/// <summary>What is asked for.</summary>
/// <param name="Query">In the search language; empty: everything.</param>
/// <param name="From">Event time, inside. Default a day before <paramref name="To"/>.</param>
/// <param name="To">Event time, outside. Default now.</param>
/// <param name="Limit">Most events of this page, 1 to 1,000. Default 100.</param>
/// <param name="Cursor">From the page before, with the same query and span.</param>
public sealed record EventSearchPost(string? Query = null, DateTimeOffset? From = null, DateTimeOffset? To = null, int? Limit = null, string? Cursor = null);

/// <summary>An event.</summary>
/// <param name="Source">Name of the log source.</param>
/// <param name="Kind">Parser that read it; empty: none.</param>
/// <param name="Refusal">Why it was not parsed; none: it was.</param>
/// <param name="Flags">Remarks: no_time, future_time, ancient_time, transcoded, auto_detected.</param>
/// <param name="Fields">ECS name and value.</param>
/// <param name="Raw">The record as received; bytes that are not UTF-8 are replaced.</param>
public sealed record EventDto(
    string Id, [property: JsonPropertyName("@timestamp")] DateTimeOffset Timestamp, DateTimeOffset Received, string Source, string Kind, ParseRefusal Refusal,
    IReadOnlyList<string> Flags, IReadOnlyDictionary<string, string> Fields, string Raw);

/// <summary>A page of events, newest first; <paramref name="Next"/> asks for the one after, null at the end.</summary>
public sealed record EventList(IReadOnlyList<EventDto> Items, string? Next);

internal static class SearchApi
{
    private const int MaxPage = 1000;
    // Codes of ClickHouse's ErrorCodes.cpp.
    private const int TimeoutExceeded = 159, MemoryLimitExceeded = 241;
    private static readonly (EventFlags Flag, string Name)[] EveryFlag =
        [.. Enum.GetValues<EventFlags>().Where(f => f != EventFlags.None).Select(f => (f, JsonNamingPolicy.SnakeCaseLower.ConvertName(f.ToString())))];
    private static readonly TimeSpan DefaultSpan = TimeSpan.FromDays(1);

    public static async Task<IResult> PostAsync(
        EventSearchPost post, HttpContext http, EventQueries queries, ISourceRegistry sources, TimeProvider clock, CancellationToken stop)
    {
        var (condition, problem) = EventQuery.Parse(post.Query ?? "");
        if (problem is not null) return Problem.AtColumn("query.syntax", $"column {problem.Column}: {problem.Message}", problem.Column);
        var to = post.To ?? clock.GetUtcNow();
        var from = post.From ?? (to - DateTimeOffset.MinValue > DefaultSpan ? to - DefaultSpan : DateTimeOffset.MinValue);
        if (from >= to) return Problem.Invalid("search.range", "from must be before to");
        if (post.Limit is < 1 or > MaxPage) return Problem.Invalid("search.limit", $"limit is 1 to {MaxPage}");
        if (!TryCursor(post.Cursor, out var after)) return Problem.Invalid("search.cursor", "the cursor is none of ours");
        var limit = post.Limit ?? 100;
        var search = new EventSearch(new TimeRange(from, to)) { Condition = condition, Limit = limit + 1, After = after };
        try
        {
            var rows = await queries.SearchAsync(ApiCaller.Of(http).Tenant, search, stop);
            var items = new List<EventDto>(Math.Min(rows.Count, limit));
            foreach (var row in rows.Take(limit)) items.Add(await DtoAsync(row, sources, stop));
            return TypedResults.Ok(new EventList(items, rows.Count > limit ? Cursor(rows[limit - 1]) : null));
        }
        catch (ClickHouseServerException e) when (e.ErrorCode is TimeoutExceeded or MemoryLimitExceeded)
        {
            return Problem.Of(StatusCodes.Status422UnprocessableEntity, "search.too_much", "the search needs more time or memory than one may have: take a shorter span, a narrower query or a smaller limit");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "store.unreachable", "the event store does not answer just now; try again soon");
        }
    }

    private static async ValueTask<EventDto> DtoAsync(StoredEvent row, ISourceRegistry sources, CancellationToken stop) => new(
        row.Id.ToString(CultureInfo.InvariantCulture), row.Time, row.Received, (await sources.FindAsync(row.Source, stop))?.Name ?? "",
        row.Kind, (ParseRefusal)row.Refusal, [.. EveryFlag.Where(f => ((EventFlags)row.Flags).HasFlag(f.Flag)).Select(f => f.Name)], row.Fields, row.RawText);

    private static string Cursor(StoredEvent last) => string.Create(CultureInfo.InvariantCulture, $"{last.Time.ToUnixTimeMilliseconds()}.{last.Id}");

    private static bool TryCursor(string? text, out EventCursor? cursor)
    {
        cursor = null;
        if (string.IsNullOrEmpty(text)) return true;
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot < 1 || !long.TryParse(text.AsSpan(0, dot), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var ms)) return false;
        if (ms < DateTimeOffset.MinValue.ToUnixTimeMilliseconds() || ms > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()) return false;
        if (!ulong.TryParse(text.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var id)) return false;
        cursor = new EventCursor(DateTimeOffset.FromUnixTimeMilliseconds(ms), id);
        return true;
    }
}
