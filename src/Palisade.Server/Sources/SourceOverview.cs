using Microsoft.EntityFrameworkCore;
using Palisade.Server.Control;

namespace Palisade.Server.Sources;

/// <summary>The log sources of a tenant, as people see them.</summary>
public sealed class SourceOverview(ControlDbFactory factory)
{
    /// <summary>All sources of a tenant, by name.</summary>
    public async Task<IReadOnlyList<Source>> AllAsync(uint tenant, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return await db.Set<Source>().AsNoTracking().OrderBy(s => s.Name).ToListAsync(stop);
    }

    /// <summary>All sources of all tenants: for the server's own work, never for a request.</summary>
    public async Task<IReadOnlyList<Source>> EveryAsync(CancellationToken stop)
    {
        await using var db = factory.ForSystem();
        return await db.Set<Source>().AsNoTracking().OrderBy(s => s.Id).ToListAsync(stop);
    }

    /// <summary>One source; null when the tenant has none of this id.</summary>
    public async Task<Source?> FindAsync(uint tenant, uint id, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return await db.Set<Source>().AsNoTracking().FirstOrDefaultAsync(s => s.Id == id, stop);
    }
}
