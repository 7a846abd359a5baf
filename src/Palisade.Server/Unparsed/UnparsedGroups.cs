using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Tenants;

namespace Palisade.Server.Unparsed;

/// <summary>The groups of all tenants: memory decides, the control store keeps. What is in memory of an idle tenant is let go.</summary>
public sealed class UnparsedGroups(ControlDbFactory factory, TimeProvider clock) : INoted, IDisposable
{
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(10);
    private readonly ConcurrentDictionary<uint, Lazy<Task<UnparsedShelf>>> shelves = new();
    private readonly SemaphoreSlim writing = new(1);

    private async Task<UnparsedShelf> ShelfAsync(uint tenant)
    {
        var lazy = shelves.GetOrAdd(tenant, t => new Lazy<Task<UnparsedShelf>>(() => LoadAsync(t)));
        try
        {
            var shelf = await lazy.Value;
            shelf.UsedAt = clock.GetTimestamp();
            return shelf;
        }
        catch
        {
            // The next one asks the store again.
            shelves.TryRemove(KeyValuePair.Create(tenant, lazy));
            throw;
        }
    }

    private async Task<UnparsedShelf> LoadAsync(uint tenant)
    {
        var shelf = new UnparsedShelf { UsedAt = clock.GetTimestamp() };
        await using var db = factory.For(tenant);
        foreach (var row in await db.Set<UnparsedRow>().AsNoTracking().OrderBy(g => g.FirstSeen).Take(UnparsedShelf.MaxGroups).ToListAsync()) shelf.Load(row);
        return shelf;
    }

    /// <summary>Counts a line in its group.</summary>
    public async Task AddAsync(uint tenant, uint source, ReadOnlyMemory<byte> line, long receivedMs) => (await ShelfAsync(tenant)).Add(source, line.Span, receivedMs);

    /// <summary>Counts lines that nobody looked at.</summary>
    public async Task OverlookAsync(uint tenant, long count) => (await ShelfAsync(tenant)).Overlook(count);

    /// <summary>Groups of a tenant, the newest first, and lines since the start that are in none.</summary>
    public async Task<(IReadOnlyList<UnparsedGroup> Groups, long Overlooked)> ListAsync(uint tenant) =>
        await ShelfAsync(tenant) is var shelf ? (shelf.All(), shelf.Overlooked) : default;

    /// <summary>One group; null when the tenant has none of this id.</summary>
    public async Task<UnparsedGroup?> FindAsync(uint tenant, Guid id) => (await ShelfAsync(tenant)).Find(id);

    /// <summary>Lists a group no more, or again. Its lines are counted on. False when there is none.</summary>
    public Task<bool> IgnoreAsync(uint tenant, Guid id, bool ignored, Actor actor, CancellationToken stop) =>
        ChangeAsync(tenant, id, ignored ? "unparsed.ignore" : "unparsed.list", shelf => shelf.Ignore(id, ignored), actor, stop);

    /// <summary>Forgets a group; lines of its shape make a new one. False when there is none.</summary>
    public Task<bool> RemoveAsync(uint tenant, Guid id, Actor actor, CancellationToken stop) =>
        ChangeAsync(tenant, id, "unparsed.remove", shelf => shelf.Remove(id), actor, stop);

    private async Task<bool> ChangeAsync(uint tenant, Guid id, string action, Action<UnparsedShelf> change, Actor actor, CancellationToken stop)
    {
        var shelf = await ShelfAsync(tenant);
        if (shelf.Find(id) is not { } group) return false;
        await factory.ChangeAsync(new TenantContext(tenant),
            db => AuditLog.AppendAsync(db, tenant, actor, action, id.ToString(), new { group.Template, group.Count }, clock.GetUtcNow(), stop), stop);
        change(shelf);
        await WriteAsync(tenant, shelf, stop);
        return true;
    }

    public async Task FlushAsync(CancellationToken stop)
    {
        foreach (var (tenant, lazy) in shelves.ToArray())
        {
            var shelf = await lazy.Value;
            await WriteAsync(tenant, shelf, stop);
            if (clock.GetElapsedTime(shelf.UsedAt) > Idle && shelves.TryRemove(KeyValuePair.Create(tenant, lazy))) await WriteAsync(tenant, shelf, stop);
        }
    }

    private async Task WriteAsync(uint tenant, UnparsedShelf shelf, CancellationToken stop)
    {
        await writing.WaitAsync(stop);
        var (changed, removed) = shelf.TakeChanges();
        try
        {
            if (changed.Count + removed.Count > 0) await factory.ChangeAsync(new TenantContext(tenant), db => WriteAsync(db, tenant, changed, removed, stop), stop);
        }
        catch
        {
            shelf.Again(changed, removed);
            throw;
        }
        finally
        {
            writing.Release();
        }
    }

    private static async Task WriteAsync(ControlDb db, uint tenant, IReadOnlyList<UnparsedGroup> changed, IReadOnlyList<Guid> removed, CancellationToken stop)
    {
        var known = await db.Set<UnparsedRow>().ToDictionaryAsync(g => g.Id, stop);
        foreach (var id in removed)
            if (known.TryGetValue(id, out var row)) db.Remove(row);
        foreach (var group in changed)
        {
            if (!known.TryGetValue(group.Id, out var row)) db.Add(row = new UnparsedRow { TenantId = tenant, Id = group.Id, SourceId = group.SourceId });
            (row.Count, row.FirstSeen, row.LastSeen, row.Ignored) = (group.Count, group.FirstSeen, group.LastSeen, group.Ignored);
            row.Samples = JsonSerializer.Serialize(group.Samples);
        }
    }

    public void Dispose() => writing.Dispose();
}
