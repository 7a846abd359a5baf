using System.Globalization;
using Palisade.Engine;
using Palisade.Protocol;
using Palisade.Server.Api;
using Palisade.Server.Sources;
using Palisade.Server.Storage;

namespace Palisade.Server.Incidents;

/// <summary>An attacker in a list.</summary>
/// <param name="Key">Address, range (203.0.113.0/24) or fingerprint (ua- and 16 digits): what the detail is asked for by.</param>
/// <param name="Label">What people read: for a fingerprint its user agent.</param>
/// <param name="Country">ISO code; empty where it is not known.</param>
/// <param name="Level">The worst of its incidents; null where it has none.</param>
public sealed record AttackerDto(
    AttackerKind Kind, string Key, string Label, string Country, string Organization, long Addresses, long Attacks, long Succeeded, int Incidents, FindingLevel? Level, DateTimeOffset Last);

/// <param name="Next">Asks for the page after, null at the end.</param>
/// <param name="Complete">False: the event store did not answer, and only incidents were asked.</param>
public sealed record AttackerPageDto(IReadOnlyList<AttackerDto> Items, string? Next, bool Complete);

/// <param name="Best">The worst that came of it.</param>
public sealed record AttackerTryDto(string Class, string Technique, long Count, AttackOutcome Best, DateTimeOffset First, DateTimeOffset Last);

public sealed record AttackerTargetDto(string Name, long Count, AttackOutcome Best, DateTimeOffset Last);

/// <param name="Reason">Why it may be the same actor; null for an address of a range or fingerprint.</param>
public sealed record AttackerAddressDto(string Address, string Country, long Count, AttackOutcome Best, DateTimeOffset Last, RelativeReason? Reason);

/// <param name="Key">Asks for everybody who sends it.</param>
public sealed record AgentDto(string Key, string Agent);

/// <summary>A record in order of time; rule to outcome are of its worst finding, null where it is no attack.</summary>
/// <param name="Raw">The beginning of the record.</param>
public sealed record AttackerActDto(
    string Id, DateTimeOffset At, string Source, string Address, string Raw, string? Rule, string? Class, string? Technique, FindingLevel? Level, AttackOutcome? Outcome);

public sealed record AttackerActsDto(IReadOnlyList<AttackerActDto> Items, string? Next);

/// <param name="Nature">Shared: many people may stand behind it. Crawlers: proven by the addresses that their operator publishes, only claimed, or claimed falsely.</param>
/// <param name="Crawler">Name of the crawler that it says it is; empty: none with published addresses.</param>
/// <param name="Events">Records of the last two days of the span, attack or not.</param>
/// <param name="Addresses">Attacking addresses of a range or fingerprint.</param>
/// <param name="Related">Of an address: others that may be the same actor.</param>
/// <param name="Incidents">Ids, the latest first.</param>
/// <param name="Alerts">Ids, the latest first.</param>
public sealed record AttackerDetailDto(
    AttackerKind Kind, string Key, string Label, DateTimeOffset? First, DateTimeOffset? Last, string Country, long Asn, string Organization, AttackerNature Nature, string Crawler,
    AttackOutcome Best, long Attacks, long Succeeded, long Events, IReadOnlyList<AgentDto> Agents, IReadOnlyList<AttackerTryDto> Tries, IReadOnlyList<AttackerTargetDto> Targets,
    IReadOnlyList<AttackerAddressDto> Addresses, IReadOnlyList<AttackerAddressDto> Related, IReadOnlyList<string> Incidents, IReadOnlyList<string> Alerts, AttackerActsDto Activity, bool Complete);

internal static class AttackersApi
{
    private const int MaxActs = 500;

    public static void MapAttackersApi(this RouteGroupBuilder api)
    {
        api.MapGet("/attackers", ListAsync).WithTags("attackers");
        api.MapGet("/attackers/{**key}", GetAsync).WithTags("attackers");
    }

    private static async Task<IResult> ListAsync(
        HttpContext http, AttackerQueries attackers, TimeProvider clock, DateTimeOffset? from, DateTimeOffset? to, string? by, string? q, string? cursor, int? limit, CancellationToken stop)
    {
        if (!TryRange(from, to, clock, out var range)) return BadRange();
        if (!Enum.TryParse<AttackerKind>(by ?? nameof(AttackerKind.Address), ignoreCase: true, out var kind) || !Enum.IsDefined(kind)) return Problem.Invalid("filter.by", $"'{by}' is none of address, range, fingerprint");
        var most = Math.Clamp(limit ?? 100, 1, AttackerQueries.MaxRows);
        AttackerRow? after = null;
        if (!string.IsNullOrEmpty(cursor) && (after = Read(cursor)) is null) return Problem.Invalid("attackers.cursor", "the cursor is none of ours");
        var list = await attackers.ListAsync(ApiCaller.Of(http).Tenant, range, kind, stop);
        var rows = list.Rows.Where(r => string.IsNullOrWhiteSpace(q) || $"{r.Label} {r.Organization} {r.Country}".Contains(q.Trim(), StringComparison.OrdinalIgnoreCase))
            .Where(r => after is null || AttackerQueries.Worst.Compare(r, after) > 0).Take(most + 1).ToList();
        return TypedResults.Ok(new AttackerPageDto(
            [.. rows.Take(most).Select(r => new AttackerDto(r.Kind, r.Key, r.Label, r.Country, r.Organization, r.Addresses, r.Attacks, r.Succeeded, r.Incidents, r.Level, r.Last))],
            rows.Count > most ? Write(rows[most - 1]) : null, list.IsComplete));
    }

    private static async Task<IResult> GetAsync(
        string key, HttpContext http, AttackerQueries attackers, ISourceRegistry sources, TimeProvider clock, DateTimeOffset? from, DateTimeOffset? to, string? show, string? cursor, int? limit, CancellationToken stop)
    {
        if (!TryRange(from, to, clock, out var range)) return BadRange();
        if (AttackerSubject.Parse(Uri.UnescapeDataString(key)) is not { } who) return Problem.Invalid("attacker.key", "an attacker is an address, a range such as 203.0.113.0/24 (at least /8, of IPv6 /32), or ua- and 16 hexadecimal digits");
        if (show is not (null or "attacks" or "all")) return Problem.Invalid("filter.show", $"'{show}' is neither attacks nor all");
        if (!TryCursor(cursor, out var after)) return Problem.Invalid("attackers.cursor", "the cursor is none of ours");
        var tenant = ApiCaller.Of(http).Tenant;
        var p = await attackers.FindAsync(tenant, who, range, new Console.TimeRange(range.From, range.To, "", "").Bucket, stop);
        if (!p.IsKnown && p.Traffic is null)
            return p.IsComplete ? Problem.NotFound("attacker.not_found", "no record of this span is of it") : Problem.Of(StatusCodes.Status503ServiceUnavailable, "store.unreachable", "the event store does not answer just now; try again soon");
        var most = Math.Clamp(limit ?? 100, 1, MaxActs);
        var acts = await attackers.ActsAsync(tenant, who, range, show != "all", after, most + 1, stop);
        var items = new List<AttackerActDto>();
        foreach (var act in (acts ?? []).Take(most)) items.Add(Dto(act, (await sources.FindAsync(act.Source, stop))?.Name ?? ""));
        return TypedResults.Ok(new AttackerDetailDto(
            who.Kind, who.Key, p.Label, p.First, p.Last, p.Geo?.CountryIsoCode ?? "", p.Geo?.AsNumber ?? 0, p.Geo?.AsOrganization ?? "", p.Nature, p.Claim.Name ?? "", p.Best, p.Attacks, p.Succeeded, p.Traffic?.Events ?? 0,
            [.. (p.Traffic?.TopAgents ?? []).Select(a => new AgentDto(AttackerSubject.OfAgent(a.Hash).Key, a.Agent))],
            [.. p.Tries.Select(t => new AttackerTryDto(t.Class, t.Technique, t.Count, t.Best, t.First, t.Last))], [.. p.Targets.Select(t => new AttackerTargetDto(t.Key, t.Count, t.Best, t.Last))],
            [.. p.Addresses.Select(a => Dto(a, null))], [.. p.Relatives.Select(r => Dto(r.Who, r.Reason))], [.. p.Incidents.Select(i => i.Id)], [.. p.Alerts.Select(a => a.Id)],
            new AttackerActsDto(items, acts?.Count > most ? string.Create(CultureInfo.InvariantCulture, $"{acts[most - 1].Time.ToUnixTimeMilliseconds()}.{acts[most - 1].Id}") : null), p.IsComplete && acts is not null));
    }

    private static AttackerAddressDto Dto(AttackerAddress a, RelativeReason? reason) => new(a.Address, a.Country, a.Count, a.Best, a.Last, reason);

    private static AttackerActDto Dto(AttackerAct a, string source)
    {
        var found = a.Rule.Length > 0;
        return new AttackerActDto(
            a.Id.ToString(CultureInfo.InvariantCulture), a.Time, source, a.Address, System.Text.Encoding.UTF8.GetString(a.Raw), found ? a.Rule : null, found ? a.Class : null, found ? a.Attempt : null,
            found ? a.Level : null, found ? a.Outcome : null);
    }

    /// <summary>The last day where nothing is said.</summary>
    internal static bool TryRange(DateTimeOffset? from, DateTimeOffset? to, TimeProvider clock, out TimeRange range)
    {
        var end = to ?? clock.GetUtcNow();
        range = new TimeRange(from ?? (end - DateTimeOffset.MinValue > TimeSpan.FromDays(1) ? end.AddDays(-1) : DateTimeOffset.MinValue), end);
        return range.From < range.To;
    }

    internal static IResult BadRange() => Problem.Invalid("filter.range", "from must be before to");

    private static string Write(AttackerRow row) => string.Create(CultureInfo.InvariantCulture, $"{(row.Succeeded > 0 ? 1 : 0)}.{(int?)row.Level ?? -1}.{row.Attacks}.{row.Key}");

    private static AttackerRow? Read(string text) =>
        text.Split('.', 4) is [var won, var level, var attacks, var key] && int.TryParse(won, NumberStyles.None, CultureInfo.InvariantCulture, out var w) && int.TryParse(level, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var l)
            && long.TryParse(attacks, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? new AttackerRow(default, key, "", "", "", 0, n, w, 0, l < 0 ? null : (FindingLevel)l, default) : null;

    private static bool TryCursor(string? text, out EventCursor? cursor)
    {
        cursor = null;
        if (string.IsNullOrEmpty(text)) return true;
        if (text.Split('.') is not [var time, var id] || !long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var ms) || ms > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()) return false;
        if (!ulong.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return false;
        cursor = new EventCursor(DateTimeOffset.FromUnixTimeMilliseconds(ms), number);
        return true;
    }
}
