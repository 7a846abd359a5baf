using Microsoft.EntityFrameworkCore;
using Palisade.Engine.Incidents.Habits;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Streaming;
using Palisade.Server.Tenants;

namespace Palisade.Server.BusinessPages;

/// <summary>Why a purpose was not given.</summary>
public enum PageRefusal { None, Site, Path, Purpose, TooMany, Stale }

/// <summary>What pages of all tenants are for: guesses come from the stream, choices from people; both are kept in the control store, choices are in force from the next batch on.</summary>
public sealed class TenantPages(ControlDbFactory factory, LiveBusiness live, TimeProvider clock) : LiveByTenant, INoted
{
    /// <summary>Pages of one tenant that are listed without a choice; those not seen for longest go first.</summary>
    public const int MaxGuesses = 1_000;

    protected override async Task<IReadOnlyList<uint>> TenantsAsync(CancellationToken stop)
    {
        await using var db = factory.ForSystem();
        return await db.Set<BusinessPageRow>().Where(p => p.Chosen != null).Select(p => p.TenantId).Distinct().ToListAsync(stop);
    }

    /// <summary>Pages of a tenant: those with a purpose first, then by requests.</summary>
    public async Task<IReadOnlyList<BusinessPageRow>> ListAsync(uint tenant, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        var rows = await db.Set<BusinessPageRow>().AsNoTracking().ToListAsync(stop);
        return [.. rows.OrderByDescending(p => p.Guess != "none" || p.Chosen is not null).ThenByDescending(p => p.Requests).ThenBy(p => p.Site, StringComparer.Ordinal).ThenBy(p => p.Path, StringComparer.Ordinal)];
    }

    /// <summary>Says what a page is for.</summary>
    /// <param name="path">As written or its shape.</param>
    /// <param name="purpose">A name of <see cref="BusinessChoices.Purposes"/>; null: the guess holds again.</param>
    /// <param name="seen">The version that the person saw; null overwrites.</param>
    /// <returns>The page as it is then; null where it was never seen and nobody speaks of it any more.</returns>
    public async Task<(PageRefusal Refusal, BusinessPageRow? Page)> ChooseAsync(uint tenant, string site, string path, string? purpose, long? seen, Actor actor, CancellationToken stop)
    {
        if (site.Length > 255 || site.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))) return (PageRefusal.Site, null);
        if (!path.StartsWith('/') || path.Length > 2_000 || path.Any(char.IsControl)) return (PageRefusal.Path, null);
        if (purpose is not null && BusinessChoices.Parse(purpose) is null) return (PageRefusal.Purpose, null);
        var shape = BusinessChoices.ShapeOf(path);
        var now = clock.GetUtcNow();
        var result = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            var row = await db.Set<BusinessPageRow>().FirstOrDefaultAsync(p => p.Site == site && p.Path == shape, stop);
            if (seen is { } version && version != (row?.Version ?? 0)) return (PageRefusal.Stale, row);
            if (row?.Chosen == purpose) return (PageRefusal.None, row);
            if (row?.Chosen is null && await db.Set<BusinessPageRow>().CountAsync(p => p.Chosen != null, stop) >= BusinessChoices.Max) return (PageRefusal.TooMany, row);
            if (row is null) db.Add(row = new BusinessPageRow { TenantId = tenant, Site = site, Path = shape });
            var from = row.Chosen;
            (row.Chosen, row.ChosenBy, row.ChosenAt) = (purpose, purpose is null ? "" : actor.Name, purpose is null ? null : now);
            row.Version++;
            await AuditLog.AppendAsync(db, tenant, actor, "business.choose", site + shape, new { site, path = shape, guess = row.Guess, from, to = purpose }, now, stop);
            if (purpose is not null || row.FirstSeen is not null) return (PageRefusal.None, row);
            db.Remove(row);
            return (PageRefusal.None, (BusinessPageRow?)null);
        }, stop);
        if (result.Item1 == PageRefusal.None) await ApplyAsync(tenant, stop);
        return result;
    }

    protected override async Task PutInForceAsync(uint tenant, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        var chosen = await db.Set<BusinessPageRow>().AsNoTracking().Where(p => p.Chosen != null).OrderBy(p => p.ChosenAt).ToListAsync(stop);
        live.Swap(tenant, new BusinessChoices(tenant, chosen.Select(p => new BusinessChoice(p.Site, p.Path, BusinessChoices.Parse(p.Chosen) ?? Business.None))));
    }

    /// <summary>Writes what the stream saw since the last time.</summary>
    public async Task FlushAsync(CancellationToken stop)
    {
        foreach (var (tenant, pages) in live.TakeSeen())
        {
            try
            {
                await factory.ChangeAsync(new TenantContext(tenant), db => WriteAsync(db, tenant, pages, stop), stop);
            }
            catch
            {
                live.Again(tenant, pages);
                throw;
            }
        }
    }

    private static async Task WriteAsync(ControlDb db, uint tenant, IReadOnlyList<BusinessPage> pages, CancellationToken stop)
    {
        var known = await db.Set<BusinessPageRow>().ToDictionaryAsync(p => (p.Site, p.Path), stop);
        foreach (var page in pages)
        {
            if (!known.TryGetValue((page.Site, page.Shape), out var row))
            {
                db.Add(row = new BusinessPageRow { TenantId = tenant, Site = page.Site, Path = page.Shape });
                known[(page.Site, page.Shape)] = row;
            }
            row.Take(page);
        }
        db.RemoveRange(known.Values.Where(p => p.Chosen is null).OrderByDescending(p => p.LastSeen).Skip(MaxGuesses));
    }
}
