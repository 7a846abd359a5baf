using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Palisade.Server.Audit;
using Palisade.Server.Configuration;
using Palisade.Server.Control;
using Palisade.Server.Tenants;
using Palisade.Server.Usage;

namespace Palisade.Server.Sources;

internal sealed class SourceRegistry(ControlDbFactory factory, ServerOptions options, Funnel funnel, TimeProvider clock) : ISourceRegistry, INoted
{
    /// <summary>How long another process's change may stay unseen.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

    private const int MaxHostNames = 100_000;
    private const int MaxHostLength = 255;

    private sealed record Entry(SourceLookup Lookup, long ReadAt);

    private readonly ConcurrentDictionary<(uint Tenant, string Name), Entry> byName = new();
    private readonly ConcurrentDictionary<uint, SourceInfo> byId = new();
    private readonly ConcurrentDictionary<uint, long> seen = new();
    private readonly ConcurrentDictionary<(uint Tenant, string Host), long> hosts = new();
    private readonly ConcurrentDictionary<(uint Tenant, string Host), long> hostsWritten = new();

    public static bool IsName(string name) => name.Length is > 0 and <= 64 && !name.AsSpan().ContainsAnyExcept(NameCharacters);

    public ValueTask<SourceLookup> GetOrCreateAsync(uint tenant, string name, CancellationToken stop) => GetOrCreateAsync(tenant, name, "auto", stop);

    public ValueTask<SourceLookup> GetOrCreateAsync(uint tenant, string name, string kind, CancellationToken stop)
    {
        if (byName.TryGetValue((tenant, name), out var entry) && clock.GetElapsedTime(entry.ReadAt) < Fresh) return new(entry.Lookup);
        return !IsName(name) ? new(new SourceLookup(null, SourceRefusal.BadName)) : new(ReadAsync(tenant, name, kind, stop));
    }

    private async Task<SourceLookup> ReadAsync(uint tenant, string name, string kind, CancellationToken stop)
    {
        Source? source;
        await using (var db = factory.For(tenant))
        {
            source = await db.Set<Source>().AsNoTracking().FirstOrDefaultAsync(s => s.Name == name, stop);
        }
        var lookup = source is null ? await CreateAsync(tenant, name, kind, stop) : Lookup(source);
        if (lookup.Refusal != SourceRefusal.TooMany) byName[(tenant, name)] = new Entry(lookup, clock.GetTimestamp());
        if (lookup.Source is { } info) byId[info.Id] = info;
        return lookup;
    }

    private async Task<SourceLookup> CreateAsync(uint tenant, string name, string kind, CancellationToken stop) =>
        await factory.ChangeAsync(TenantContext.System, async db =>
        {
            if (await db.Set<Source>().FirstOrDefaultAsync(s => s.TenantId == tenant && s.Name == name, stop) is { } there) return Lookup(there);
            if (await db.Set<Source>().CountAsync(s => s.TenantId == tenant, stop) >= options.Sources.MaxPerTenant)
                return new SourceLookup(null, SourceRefusal.TooMany);
            var source = await AddAsync(db, tenant, name, kind, "", stop);
            await AuditLog.AppendAsync(db, tenant, Actor.System, "source.create", name, new { reason = "first record" }, clock.GetUtcNow(), stop);
            return Lookup(source);
        }, stop);

    /// <summary>Adds a source in the caller's transaction.</summary>
    public async Task<Source> AddAsync(ControlDb db, uint tenant, string name, string kind, string description, CancellationToken stop)
    {
        var id = (await db.Set<Source>().IgnoreQueryFilters().MaxAsync(s => (uint?)s.Id, stop) ?? 0) + 1;
        var now = clock.GetUtcNow();
        var source = new Source { Id = id, TenantId = tenant, Name = name, Kind = kind, Description = description, Created = now, Version = 1 };
        db.Add(source);
        await funnel.ReachAsync(db, tenant, FunnelStep.FirstSource, now, stop);
        return source;
    }

    /// <summary>Forgets a source after an edit, so that the next look-up reads it.</summary>
    public void Forget(uint tenant, string name, uint id)
    {
        byName.TryRemove((tenant, name), out _);
        byId.TryRemove(id, out _);
    }

    private static SourceLookup Lookup(Source source) => source.Disabled
        ? new SourceLookup(null, SourceRefusal.Disabled)
        : new SourceLookup(new SourceInfo(source.Id, source.TenantId, source.Name, source.Kind, source.Zone), SourceRefusal.None);

    public ValueTask<SourceInfo?> FindAsync(uint source, CancellationToken stop) =>
        byId.TryGetValue(source, out var info) ? new(info) : new(FindInStoreAsync(source, stop));

    private async Task<SourceInfo?> FindInStoreAsync(uint source, CancellationToken stop)
    {
        await using var db = factory.ForSystem();
        if (await db.Set<Source>().AsNoTracking().FirstOrDefaultAsync(s => s.Id == source, stop) is not { } row) return null;
        return byId[source] = new SourceInfo(row.Id, row.TenantId, row.Name, row.Kind, row.Zone);
    }

    public void Seen(uint source, DateTimeOffset at)
    {
        var ms = at.ToUnixTimeMilliseconds();
        if (!seen.TryGetValue(source, out var last) || last < ms) seen[source] = ms;
    }

    public void HostSeen(uint tenant, string host, DateTimeOffset at)
    {
        if (host.Length is 0 or > MaxHostLength || (hosts.Count >= MaxHostNames && !hosts.ContainsKey((tenant, host)))) return;
        host = TextParameters.Clean(host);
        var ms = at.ToUnixTimeMilliseconds();
        if (!hosts.TryGetValue((tenant, host), out var last) || last < ms) hosts[(tenant, host)] = ms;
    }

    public async Task FlushAsync(CancellationToken stop)
    {
        var sources = seen.ToArray();
        var names = hosts.Where(h => !hostsWritten.TryGetValue(h.Key, out var at) || h.Value - at > 60_000).ToArray();
        if (sources.Length == 0 && names.Length == 0) return;
        await factory.ChangeAsync(TenantContext.System, async db =>
        {
            foreach (var (id, ms) in sources)
            {
                var at = DateTimeOffset.FromUnixTimeMilliseconds(ms);
                await db.Set<Source>().Where(s => s.Id == id && (s.LastSeen == null || s.LastSeen < at))
                    .ExecuteUpdateAsync(set => set.SetProperty(s => s.LastSeen, at), stop);
            }
            await WriteHostsAsync(db, names, stop);
        }, stop);
        foreach (var pair in sources) seen.TryRemove(pair);
        foreach (var (key, ms) in names) hostsWritten[key] = ms;
    }

    private static async Task WriteHostsAsync(ControlDb db, KeyValuePair<(uint Tenant, string Host), long>[] names, CancellationToken stop)
    {
        var next = await db.Set<Host>().MaxAsync(h => (uint?)h.Id, stop) ?? 0;
        foreach (var tenant in names.GroupBy(n => n.Key.Tenant))
        {
            foreach (var part in tenant.Chunk(500))
            {
                var wanted = part.Select(p => p.Key.Host).ToArray();
                var known = await db.Set<Host>().Where(h => h.TenantId == tenant.Key && wanted.Contains(h.Name)).ToDictionaryAsync(h => h.Name, stop);
                foreach (var ((_, name), ms) in part)
                {
                    var at = DateTimeOffset.FromUnixTimeMilliseconds(ms);
                    if (!known.TryGetValue(name, out var row)) db.Add(new Host { Id = ++next, TenantId = tenant.Key, Name = name, FirstSeen = at, LastSeen = at });
                    else if (row.LastSeen < at) row.LastSeen = at;
                }
            }
        }
    }
}
