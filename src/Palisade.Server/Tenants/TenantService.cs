using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Usage;

namespace Palisade.Server.Tenants;

/// <summary>A tenant as other slices see it. Immutable.</summary>
public sealed record TenantInfo(uint Id, string Slug, string Name, TenantState State, string TimeZone, string Language);

/// <summary>Tenants: look-ups (cached for seconds) and changes.</summary>
public sealed class TenantService(ControlDbFactory factory, Funnel funnel, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(3);
    private volatile Snapshot snapshot = new([], long.MinValue);
    private readonly SemaphoreSlim reading = new(1, 1);

    private sealed record Snapshot(IReadOnlyList<TenantInfo> All, long ReadAt);

    /// <summary>All tenants, by id.</summary>
    public async ValueTask<IReadOnlyList<TenantInfo>> AllAsync(CancellationToken stop)
    {
        var now = snapshot;
        if (now.ReadAt != long.MinValue && clock.GetElapsedTime(now.ReadAt) < Fresh) return now.All;
        await reading.WaitAsync(stop);
        try
        {
            await using var db = factory.ForSystem();
            var all = await db.Set<Tenant>().AsNoTracking().OrderBy(t => t.Id)
                .Select(t => new TenantInfo(t.Id, t.Slug, t.Name, t.State, t.TimeZone, t.Language)).ToListAsync(stop);
            snapshot = new Snapshot(all, clock.GetTimestamp());
            return all;
        }
        finally
        {
            reading.Release();
        }
    }

    public async ValueTask<TenantInfo?> FindAsync(uint id, CancellationToken stop) =>
        (await AllAsync(stop)).FirstOrDefault(t => t.Id == id);

    public async ValueTask<TenantInfo?> FindAsync(string slug, CancellationToken stop) =>
        (await AllAsync(stop)).FirstOrDefault(t => t.Slug == slug);

    /// <summary>The only active tenant; null when there is none or more than one.</summary>
    public async ValueTask<TenantInfo?> OnlyAsync(CancellationToken stop)
    {
        var active = (await AllAsync(stop)).Where(t => t.State == TenantState.Active).Take(2).ToList();
        return active.Count == 1 ? active[0] : null;
    }

    /// <summary>Adds a tenant in the caller's transaction. Its slug is made from the name.</summary>
    public async Task<Tenant> CreateAsync(ControlDb db, string name, string channel, Actor actor, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var taken = await db.Set<Tenant>().Select(t => t.Slug).ToListAsync(stop);
        var slug = Slug(name);
        for (var n = 2; taken.Contains(slug); n++) slug = $"{Slug(name)}-{n}";
        var id = (await db.Set<Tenant>().MaxAsync(t => (uint?)t.Id, stop) ?? 0) + 1;
        var tenant = new Tenant { Id = id, Slug = slug, Name = name, Channel = channel, Created = now };
        db.Add(tenant);
        await AuditLog.AppendAsync(db, id, actor, "tenant.create", slug, new { name, channel }, now, stop);
        await funnel.ReachAsync(db, id, FunnelStep.SignUp, now, stop);
        return tenant;
    }

    public void Dispose() => reading.Dispose();

    /// <summary>Forgets what was read; call after a change.</summary>
    public void Changed() => snapshot = new Snapshot(snapshot.All, long.MinValue);

    /// <summary>a-z, 0-9 and single hyphens, at most 32 characters; "tenant" where nothing is left.</summary>
    internal static string Slug(string name)
    {
        var letters = name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-').ToArray();
        var slug = string.Join('-', new string(letters).Split('-', StringSplitOptions.RemoveEmptyEntries));
        slug = slug.Length > 32 ? slug[..32].TrimEnd('-') : slug;
        return slug.Length == 0 ? "tenant" : slug;
    }
}
