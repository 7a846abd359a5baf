using Microsoft.EntityFrameworkCore;
using Palisade.Server.Control;
using Palisade.Server.Streaming;
using Palisade.Server.Usage;

namespace Palisade.Server.Ingest;

/// <summary>
/// The loss ledger in the control store. Counts come from journal ranges only, each with the position it moves to, so
/// that a range counted before a crash is not counted again after it.
/// </summary>
internal sealed class LossLedger(ControlDbFactory control, IUsageMeter usage) : ILossLedger, ILedgerStore
{
    /// <summary>In place of a minute: the sum over all minutes, kept up to date so that nobody sums a year.</summary>
    private const long Total = -1;

    public async Task<ulong> PositionAsync(int node, CancellationToken stop)
    {
        await using var db = control.ForSystem();
        return (await db.Set<LedgerPosition>().AsNoTracking().FirstOrDefaultAsync(p => p.Node == node, stop))?.Sequence ?? 0;
    }

    public async Task ApplyAsync(int node, ulong upTo, IReadOnlyCollection<LedgerDelta> deltas, CancellationToken stop)
    {
        await using var db = control.ForSystem();
        await using var transaction = await db.Database.BeginTransactionAsync(stop);
        var position = await db.Set<LedgerPosition>().FindAsync([node], stop);
        if (position is null) db.Add(position = new LedgerPosition { Node = node });
        if (position.Sequence >= upTo) return;
        position.Sequence = upTo;
        foreach (var delta in deltas)
        {
            foreach (var minute in new[] { delta.MinuteMs, Total })
            {
                await AddAsync(db, node, minute, delta, stop);
                foreach (var (reason, count) in delta.Refused) await AddAsync(db, node, minute, delta.Lane, reason, count, stop);
            }
        }
        await db.SaveChangesAsync(stop);
        await transaction.CommitAsync(stop);
        foreach (var tenant in deltas.Where(d => d.Stored > 0 && d.Lane.Tenant > 0).GroupBy(d => d.Lane.Tenant))
            usage.Add(tenant.Key, tenant.Sum(d => d.Stored), tenant.Sum(d => d.Bytes));
    }

    private static async Task AddAsync(ControlDb db, int node, long minute, LedgerDelta delta, CancellationToken stop)
    {
        var row = await db.Set<LedgerRow>().FindAsync([delta.Lane.Tenant, delta.Lane.Source, minute, node], stop);
        if (row is null) db.Add(row = new LedgerRow { TenantId = delta.Lane.Tenant, Source = delta.Lane.Source, Minute = minute, Node = node });
        row.Journaled += delta.Journaled;
        row.Parsed += delta.Parsed;
        row.Stored += delta.Stored;
        row.Bytes += delta.Bytes;
        row.Timed += delta.Timed;
        row.DelayMs += delta.DelayMs;
    }

    private static async Task AddAsync(ControlDb db, int node, long minute, IngestLane lane, IngestRefusal reason, long count, CancellationToken stop)
    {
        var row = await db.Set<LedgerRefusal>().FindAsync([lane.Tenant, lane.Source, minute, reason, node], stop);
        if (row is null) db.Add(row = new LedgerRefusal { TenantId = lane.Tenant, Source = lane.Source, Minute = minute, Reason = reason, Node = node });
        row.Count += count;
    }

    public async Task<LedgerTotals> TotalsAsync(uint tenant, uint source, CancellationToken stop) =>
        (await ReadAsync(tenant, source, Total, Total, stop)).Select(r => r.Totals).FirstOrDefault() ?? LedgerTotals.Empty;

    public async Task<IReadOnlyDictionary<uint, LedgerTotals>> TotalsAsync(uint tenant, CancellationToken stop) =>
        (await ReadAsync(tenant, null, Total, Total, stop)).ToDictionary(r => r.Source, r => r.Totals);

    public async Task<IReadOnlyList<LedgerMinute>> MinutesAsync(uint tenant, uint source, DateTimeOffset from, DateTimeOffset to, CancellationToken stop)
    {
        var first = Math.Max(0, from.ToUnixTimeMilliseconds());
        var rows = await ReadAsync(tenant, source, first - first % 60_000, Math.Max(0, to.ToUnixTimeMilliseconds()), stop);
        return [.. rows.OrderBy(r => r.Minute).Select(r => new LedgerMinute(r.Minute, r.Totals))];
    }

    public async Task<IReadOnlyDictionary<uint, long>> BytesSinceAsync(uint tenant, DateTimeOffset from, CancellationToken stop)
    {
        var first = Math.Max(0, from.ToUnixTimeMilliseconds());
        await using var db = control.ForSystem();
        return await db.Set<LedgerRow>().AsNoTracking().Where(r => r.TenantId == tenant && r.Minute >= first).GroupBy(r => r.Source)
            .Select(g => new { g.Key, Bytes = g.Sum(r => r.Bytes) }).ToDictionaryAsync(g => g.Key, g => g.Bytes, stop);
    }

    public async Task<IReadOnlyList<long>> ActiveMinutesAsync(uint tenant, uint source, int most, CancellationToken stop)
    {
        await using var db = control.ForSystem();
        return await Active(db, tenant, source, 0).Select(r => r.Minute).Distinct().OrderByDescending(m => m).Take(most).ToListAsync(stop);
    }

    public async Task<long?> FirstMinuteAsync(uint tenant, uint source, CancellationToken stop)
    {
        await using var db = control.ForSystem();
        return await Active(db, tenant, source, 0).OrderBy(r => r.Minute).Select(r => (long?)r.Minute).FirstOrDefaultAsync(stop);
    }

    public async Task<IReadOnlyList<long>> ActiveQuartersAsync(uint tenant, uint source, DateTimeOffset from, CancellationToken stop)
    {
        await using var db = control.ForSystem();
        return await Active(db, tenant, source, Math.Max(0, from.ToUnixTimeMilliseconds())).Select(r => r.Minute / 900_000).Distinct().ToListAsync(stop);
    }

    private static IQueryable<LedgerRow> Active(ControlDb db, uint tenant, uint source, long from) =>
        db.Set<LedgerRow>().AsNoTracking().Where(r => r.TenantId == tenant && r.Source == source && r.Minute >= from && r.Journaled > 0);

    private readonly record struct Read(uint Source, long Minute, LedgerTotals Totals);

    private async Task<List<Read>> ReadAsync(uint tenant, uint? source, long from, long to, CancellationToken stop)
    {
        await using var db = control.ForSystem();
        var rows = await db.Set<LedgerRow>().AsNoTracking()
            .Where(r => r.TenantId == tenant && (source == null || r.Source == source) && r.Minute >= from && r.Minute <= to).ToListAsync(stop);
        var refusals = await db.Set<LedgerRefusal>().AsNoTracking()
            .Where(r => r.TenantId == tenant && (source == null || r.Source == source) && r.Minute >= from && r.Minute <= to).ToListAsync(stop);
        var refused = refusals.ToLookup(r => (r.Source, r.Minute));
        var result = new List<Read>();
        foreach (var key in rows.Select(r => (r.Source, r.Minute)).Union(refusals.Select(r => (r.Source, r.Minute))))
        {
            var mine = rows.Where(r => (r.Source, r.Minute) == key).ToList();
            var reasons = refused[key].GroupBy(r => r.Reason).ToDictionary(g => g.Key, g => g.Sum(r => r.Count));
            long journaled = mine.Sum(r => r.Journaled), stored = mine.Sum(r => r.Stored);
            reasons.Remove(IngestRefusal.Gap, out var gap);
            result.Add(new Read(key.Source, key.Minute,
                new LedgerTotals(journaled + reasons.Values.Sum(), journaled, mine.Sum(r => r.Parsed), stored, journaled - stored, reasons)
                {
                    Gap = gap,
                    DelayMs = mine.Sum(r => r.Timed) is > 0 and var timed ? mine.Sum(r => r.DelayMs) / (double)timed : null,
                }));
        }
        return result;
    }
}
