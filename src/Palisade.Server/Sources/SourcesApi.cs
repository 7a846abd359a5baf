using Microsoft.EntityFrameworkCore;
using Palisade.Server.Api;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Identity;
using Palisade.Server.Ingest;
using Palisade.Server.Streaming;
using Palisade.Server.Tenants;

namespace Palisade.Server.Sources;

/// <summary>A source and what became of all it sent.</summary>
/// <param name="Zone">Zone of stamps that carry none; empty: what the parser says.</param>
/// <param name="Skew">How far its stamps are from our clock; null before its first events with a time since the server started.</param>
public sealed record SourceDto(
    uint Id, string Name, string Kind, string Description, bool Disabled, DateTimeOffset Created, DateTimeOffset? LastSeen,
    long Received, long Stored, IReadOnlyDictionary<string, long> Refused, double Completeness, long Version, long Gap = 0, string Zone = "", SkewDto? Skew = null, QuotaDto? Quota = null);

/// <summary>What a source may send, and its tenant by its plan; 0: no bound. Bytes are those since midnight UTC; null in a list.</summary>
public sealed record QuotaDto(long EventsPerSecond, long BytesPerDay, long? BytesToday, long TenantEventsPerSecond, long TenantBytesPerDay, long? TenantBytesToday);

/// <param name="MedianMs">Receipt minus event time, milliseconds; negative: stamps are ahead of our clock.</param>
/// <param name="SpreadMs">From the first to the third quartile.</param>
/// <param name="SuggestedZone">The zone that would put the stamps right, where the skew looks like a wrong one; else null.</param>
public sealed record SkewDto(long MedianMs, long SpreadMs, int Samples, string? SuggestedZone);

public sealed record SourceList(IReadOnlyList<SourceDto> Items, string? Next);

public sealed record SourcePost(string Name, string Kind = "auto", string Description = "", string Zone = "");

public sealed record SourcePatch(string? Name = null, string? Kind = null, string? Description = null, bool? Disabled = null, string? Zone = null, long? MaxEventsPerSecond = null, long? MaxBytesPerDay = null);

internal static class SourcesApi
{
    public static void MapSourcesApi(this RouteGroupBuilder api)
    {
        api.MapGet("/sources", ListAsync).WithTags("sources");
        api.MapGet("/sources/{id}", GetAsync).WithTags("sources");
        api.MapGet("/sources/{id}/ledger", LedgerApi.GetAsync).WithTags("sources");
        api.MapPost("/sources", CreateAsync).WithTags("sources").Needs(Role.Admin);
        api.MapPatch("/sources/{id}", EditAsync).WithTags("sources").Needs(Role.Admin);
    }

    private static async Task<IResult> ListAsync(HttpContext http, ControlDbFactory factory, uint? cursor, int? limit, CancellationToken stop)
    {
        var tenant = ApiCaller.Of(http).Tenant;
        var take = Math.Clamp(limit ?? 200, 1, 1000);
        var after = cursor ?? 0;
        await using var db = factory.For(tenant);
        var rows = await db.Set<Source>().AsNoTracking().Where(s => s.Id > after).OrderBy(s => s.Id).Take(take + 1).ToListAsync(stop);
        var totals = Ledger(http) is { } ledger ? await ledger.TotalsAsync(tenant, stop) : new Dictionary<uint, LedgerTotals>();
        var items = rows.Take(take).Select(s => Dto(http, s, totals.GetValueOrDefault(s.Id, LedgerTotals.Empty))).ToList();
        return TypedResults.Ok(new SourceList(items, rows.Count > take ? items[^1].Id.ToString() : null));
    }

    private static async Task<IResult> GetAsync(uint id, HttpContext http, ControlDbFactory factory, CancellationToken stop)
    {
        var tenant = ApiCaller.Of(http).Tenant;
        await using var db = factory.For(tenant);
        if (await db.Set<Source>().AsNoTracking().FirstOrDefaultAsync(s => s.Id == id, stop) is not { } row) return Missing();
        ETags.Set(http, row.Version);
        var dto = Dto(http, row, Ledger(http) is { } ledger ? await ledger.TotalsAsync(tenant, id, stop) : LedgerTotals.Empty);
        if (http.RequestServices.GetService<Quotas>() is not { } quotas) return TypedResults.Ok(dto);
        var facts = await quotas.FactsAsync(new IngestLane(tenant, id), stop);
        return TypedResults.Ok(dto with
        {
            Quota = new QuotaDto(row.MaxEventsPerSecond, row.MaxBytesPerDay, facts.SourceBytes, facts.Tenant.EventsPerSecond, facts.Tenant.BytesPerDay, facts.TenantBytes),
        });
    }

    private static async Task<IResult> CreateAsync(
        SourcePost post, HttpContext http, ControlDbFactory factory, SourceRegistry registry, TimeProvider clock, CancellationToken stop)
    {
        if (!SourceRegistry.IsName(post.Name)) return Problem.Invalid("source.name", "a name has 1 to 64 letters, digits, dots, hyphens, underscores or colons");
        if (post.Kind.Length is 0 or > 64 || post.Description.Length > 500) return Problem.Invalid("source.text", "kind has 1 to 64 characters, description at most 500");
        if (post.Zone.Length > 0 && Zones.Find(post.Zone) is null) return Problem.Invalid("source.zone", Zones.Form);
        var caller = ApiCaller.Of(http);
        var source = await factory.ChangeAsync(TenantContext.System, async db =>
        {
            if (await db.Set<Source>().AnyAsync(s => s.TenantId == caller.Tenant && s.Name == post.Name, stop)) return null;
            var row = await registry.AddAsync(db, caller.Tenant, post.Name, post.Kind, post.Description, stop);
            row.Zone = post.Zone;
            await AuditLog.AppendAsync(db, caller.Tenant, caller.Actor, "source.create", post.Name, post, clock.GetUtcNow(), stop);
            return row;
        }, stop);
        if (source is null) return Problem.Of(StatusCodes.Status409Conflict, "source.exists", "there is a source of this name");
        registry.Forget(caller.Tenant, source.Name, source.Id);
        ETags.Set(http, source.Version);
        return TypedResults.Created($"/api/v1/sources/{source.Id}", Dto(http, source, LedgerTotals.Empty));
    }

    private static async Task<IResult> EditAsync(uint id, SourcePatch patch, HttpContext http, SourceEdits edits, CancellationToken stop)
    {
        if (!ETags.TryMatch(http, out var version)) return Problem.Invalid("etag.bad", "If-Match is none of our ETags");
        var caller = ApiCaller.Of(http);
        var (refusal, source) = await edits.ApplyAsync(caller.Tenant, id, new(patch.Name, patch.Kind, patch.Description, patch.Disabled, patch.Zone, patch.MaxEventsPerSecond, patch.MaxBytesPerDay), version, caller.Actor, stop);
        if (refusal == SourceEditRefusal.BadText)
            return Problem.Invalid("source.text", "a name has 1 to 64 letters, digits, dots, hyphens, underscores or colons; kind 1 to 64 characters, description at most 500");
        if (refusal == SourceEditRefusal.BadZone) return Problem.Invalid("source.zone", Zones.Form);
        if (refusal == SourceEditRefusal.BadQuota) return Problem.Invalid("source.quota", $"maxEventsPerSecond is 0 to {QuotaLimits.MaxEvents}, maxBytesPerDay 0 to {QuotaLimits.MaxBytes}");
        if (refusal == SourceEditRefusal.NameTaken) return Problem.Of(StatusCodes.Status409Conflict, "source.exists", "there is a source of this name");
        if (refusal == SourceEditRefusal.Stale) return Problem.Of(StatusCodes.Status412PreconditionFailed, "source.stale", "the source changed since you read it");
        if (source is null) return Missing();
        ETags.Set(http, source.Version);
        return TypedResults.Ok(Dto(http, source, Ledger(http) is { } ledger ? await ledger.TotalsAsync(caller.Tenant, id, stop) : LedgerTotals.Empty));
    }

    private static ILossLedger? Ledger(HttpContext http) => http.RequestServices.GetService<ILossLedger>();

    private static SourceDto Dto(HttpContext http, Source s, LedgerTotals t) => new(
        s.Id, s.Name, s.Kind, s.Description, s.Disabled, s.Created, s.LastSeen, t.Received, t.Stored,
        t.Refused.ToDictionary(r => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(r.Key.ToString()), r => r.Value), t.Completeness, s.Version, t.Gap, s.Zone, Skew(http, s));

    private static SkewDto? Skew(HttpContext http, Source s) =>
        http.RequestServices.GetService<ISourceStats>()?.Of(s.TenantId, s.Id).Skew is not { } skew ? null
            : new SkewDto(skew.MedianMs, skew.SpreadMs, skew.Samples, SourceZone.Suggested(s.Zone, skew, http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow()));

    private static IResult Missing() => Problem.NotFound("source.not_found", "no such source");
}
