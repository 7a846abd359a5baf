using Microsoft.EntityFrameworkCore;
using Palisade.Server.Control;
using Palisade.Server.Sources;
using Palisade.Server.Tenants;

namespace Palisade.Server.Ingest;

/// <summary>Bounds of the plan from the configuration, of the source from its own settings; bytes of today from the ledger.</summary>
internal sealed class QuotaBook(ControlDbFactory control, SourceOverview sources, ILossLedger ledger, IngestOptions options, TimeProvider clock) : IQuotaBook
{
    public async Task<QuotaFacts> ReadAsync(IngestLane lane, CancellationToken stop)
    {
        string? plan;
        await using (var db = control.ForSystem())
        {
            plan = await db.Set<Tenant>().AsNoTracking().Where(t => t.Id == lane.Tenant).Select(t => t.Plan).FirstOrDefaultAsync(stop);
        }
        var own = options.Plans.FirstOrDefault(p => p.Plan == plan) ?? options.Plans.FirstOrDefault(p => p.Plan.Length == 0) ?? new PlanQuota();
        var source = lane.Source == 0 ? null : await sources.FindAsync(lane.Tenant, lane.Source, stop);
        var tenantLimits = new QuotaLimits(own.EventsPerSecond, own.BytesPerDay);
        var sourceLimits = new QuotaLimits(source?.MaxEventsPerSecond ?? 0, source?.MaxBytesPerDay ?? 0);
        if (tenantLimits.BytesPerDay == 0 && sourceLimits.BytesPerDay == 0) return new QuotaFacts(tenantLimits, sourceLimits, 0, 0);
        var now = clock.GetUtcNow();
        var bytes = await ledger.BytesSinceAsync(lane.Tenant, new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero), stop);
        return new QuotaFacts(tenantLimits, sourceLimits, bytes.Values.Sum(), bytes.GetValueOrDefault(lane.Source));
    }
}
