using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Palisade.Server.Control;

namespace Palisade.Server.Usage;

/// <summary>A tenant's first steps, each noted once.</summary>
public sealed class Funnel
{
    private readonly ConcurrentDictionary<(uint, FunnelStep), bool> reached = new();

    /// <summary>Notes a step in the caller's transaction, unless it was reached before.</summary>
    public async Task ReachAsync(ControlDb db, uint tenant, FunnelStep step, DateTimeOffset at, CancellationToken stop)
    {
        if (reached.ContainsKey((tenant, step))) return;
        if (await db.FindAsync<FunnelEvent>([tenant, step], stop) is { } known)
        {
            if (db.Entry(known).State == EntityState.Unchanged) reached[(tenant, step)] = true;
            return;
        }
        db.Add(new FunnelEvent { TenantId = tenant, Step = step, At = at });
    }
}
