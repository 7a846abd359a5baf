using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Palisade.Server.Control;
using Palisade.Server.Sources;
using Palisade.Server.Tenants;

namespace Palisade.Server.Usage;

internal sealed class UsageMeter(ControlDbFactory factory, Funnel funnel, TimeProvider clock) : IUsageMeter, INoted
{
    private readonly Lock gate = new();
    private Dictionary<(uint Tenant, DateOnly Day), (long Events, long Bytes)> counts = [];
    private readonly ConcurrentDictionary<(uint Tenant, DateOnly Day, Guid User), bool> users = new();

    private DateOnly Today => DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);

    public void Add(uint tenant, long events, long bytes)
    {
        lock (gate)
        {
            var key = (tenant, Today);
            counts.TryGetValue(key, out var sum);
            counts[key] = (sum.Events + events, sum.Bytes + bytes);
        }
    }

    public void UserActive(uint tenant, Guid user) => users.TryAdd((tenant, Today, user), false);

    public async Task FlushAsync(CancellationToken stop)
    {
        Dictionary<(uint Tenant, DateOnly Day), (long Events, long Bytes)> taken;
        lock (gate) (taken, counts) = (counts, []);
        var seen = users.Where(u => !u.Value).Select(u => u.Key).ToList();
        if (taken.Count == 0 && seen.Count == 0) return;
        try
        {
            await factory.ChangeAsync(TenantContext.System, db => WriteAsync(db, taken, seen, stop), stop);
        }
        catch
        {
            lock (gate)
            {
                foreach (var (key, sum) in taken)
                {
                    counts.TryGetValue(key, out var now);
                    counts[key] = (now.Events + sum.Events, now.Bytes + sum.Bytes);
                }
            }
            throw;
        }
        foreach (var key in seen) users[key] = true;
        foreach (var old in users.Keys.Where(k => k.Day < Today.AddDays(-1))) users.TryRemove(old, out _);
    }

    private async Task WriteAsync(
        ControlDb db, Dictionary<(uint Tenant, DateOnly Day), (long Events, long Bytes)> taken, List<(uint Tenant, DateOnly Day, Guid User)> seen, CancellationToken stop)
    {
        foreach (var (tenant, day, user) in seen)
        {
            if (await db.FindAsync<UsageUser>([tenant, day, user], stop) is not null) continue;
            db.Add(new UsageUser { TenantId = tenant, Day = day, UserId = user });
            (await DayAsync(db, tenant, day, stop)).ActiveUsers++;
        }
        foreach (var ((tenant, day), (events, bytes)) in taken)
        {
            var row = await DayAsync(db, tenant, day, stop);
            row.Events += events;
            row.Bytes += bytes;
            var start = new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
            row.Hosts = Math.Max(row.Hosts, await db.Set<Sources.Host>().CountAsync(h => h.TenantId == tenant && h.LastSeen >= start, stop));
            if (events > 0) await funnel.ReachAsync(db, tenant, FunnelStep.FirstEvent, clock.GetUtcNow(), stop);
        }
    }

    /// <summary>The row of a tenant's day, new or as it is, tracked by the caller's context.</summary>
    public static async Task<UsageDay> DayAsync(ControlDb db, uint tenant, DateOnly day, CancellationToken stop)
    {
        var row = await db.FindAsync<UsageDay>([tenant, day], stop);
        if (row is null) db.Add(row = new UsageDay { TenantId = tenant, Day = day });
        return row;
    }
}
