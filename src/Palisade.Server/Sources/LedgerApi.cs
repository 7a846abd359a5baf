using System.Text.Json;
using Palisade.Server.Api;
using Palisade.Server.Ingest;

namespace Palisade.Server.Sources;

/// <summary>What became of the records of one minute: received = stored + refused + in flight.</summary>
/// <param name="Minute">Start of the minute of receipt.</param>
/// <param name="Parsed">Of the stored ones: those that a parser understood.</param>
/// <param name="Refused">Turned away, by reason; duplicates are in it.</param>
/// <param name="Duplicates">Sent again, and stored once.</param>
/// <param name="Gap">Never received, by the numbers the sender gives its records.</param>
/// <param name="DelayMs">Mean of receipt minus event time, milliseconds, of the records with a likely time; null without any.</param>
public sealed record LedgerMinuteDto(
    DateTimeOffset Minute, long Received, long Stored, long Parsed, long InFlight, IReadOnlyDictionary<string, long> Refused, long Duplicates, long Gap, double Completeness, double? DelayMs);

/// <summary>Minutes with traffic, oldest first.</summary>
/// <param name="Next">Ask again with this as <c>from</c> for the rest; null at the end.</param>
public sealed record LedgerList(IReadOnlyList<LedgerMinuteDto> Items, DateTimeOffset? Next);

internal static class LedgerApi
{
    /// <summary>Minutes one answer holds: a day.</summary>
    private const int MaxMinutes = 1440;

    public static async Task<IResult> GetAsync(uint id, HttpContext http, SourceOverview sources, TimeProvider clock, DateTimeOffset? from, DateTimeOffset? to, CancellationToken stop)
    {
        var tenant = ApiCaller.Of(http).Tenant;
        if (await sources.FindAsync(tenant, id, stop) is null) return Problem.NotFound("source.not_found", "no such source");
        var end = to ?? clock.GetUtcNow();
        var start = from ?? (end - DateTimeOffset.UnixEpoch > TimeSpan.FromHours(1) ? end.AddHours(-1) : DateTimeOffset.UnixEpoch);
        if (start >= end) return Problem.Invalid("ledger.range", "from must be before to");
        var cut = end - start > TimeSpan.FromMinutes(MaxMinutes) ? start.AddMinutes(MaxMinutes) : end;
        var minutes = http.RequestServices.GetService<ILossLedger>() is { } ledger ? await ledger.MinutesAsync(tenant, id, start, cut.AddMilliseconds(-1), stop) : [];
        return TypedResults.Ok(new LedgerList([.. minutes.Select(Dto)], cut < end ? cut : null));
    }

    private static LedgerMinuteDto Dto(LedgerMinute minute)
    {
        var t = minute.Totals;
        return new(
            DateTimeOffset.FromUnixTimeMilliseconds(minute.MinuteMs), t.Received, t.Stored, t.Parsed, t.InFlight,
            t.Refused.ToDictionary(r => JsonNamingPolicy.SnakeCaseLower.ConvertName(r.Key.ToString()), r => r.Value),
            t.Refused.GetValueOrDefault(IngestRefusal.Duplicate), t.Gap, t.Completeness, t.DelayMs);
    }
}
