using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Palisade.Engine;
using Palisade.Engine.Parse.Own;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Sources;
using Palisade.Server.Streaming;
using Palisade.Server.Tenants;

namespace Palisade.Server.Unparsed;

/// <summary>Why a source of a tenant's own was not saved.</summary>
public enum ParserRefusal { None, Wrong, BadName, NameTaken, TooMany, BadSamples, Unread, Stale }

/// <summary>What became of a save.</summary>
/// <param name="Unread">Samples that the source does not read, counted from 1.</param>
public sealed record ParserSaved(ParserRefusal Refusal, OwnParser? Parser, IReadOnlyList<Diagnostic> Diagnostics, IReadOnlyList<int> Unread);

/// <summary>The sources that tenants wrote: kept in versions, in force as soon as they are saved.</summary>
public sealed class OwnParsers(ControlDbFactory factory, LiveParsers live, TimeProvider clock, ILogger<OwnParsers> log) : LiveByTenant
{
    /// <summary>Sources of one tenant. Each of its records of unknown kind is tried by all of them.</summary>
    public const int MaxPerTenant = 20;
    /// <summary>Versions kept of one source.</summary>
    public const int MaxVersions = 20;
    /// <summary>Samples of one source, and characters of one.</summary>
    public const int MaxSamples = 50, MaxSample = 8192;

    protected override async Task<IReadOnlyList<uint>> TenantsAsync(CancellationToken stop)
    {
        await using var db = factory.ForSystem();
        return await db.Set<OwnParser>().Select(p => p.TenantId).Distinct().ToListAsync(stop);
    }

    /// <summary>The newest version of each source, by name.</summary>
    public async Task<IReadOnlyList<OwnParser>> ListAsync(uint tenant, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        var all = await db.Set<OwnParser>().AsNoTracking().ToListAsync(stop);
        return [.. all.GroupBy(p => p.Name).Select(g => g.MaxBy(p => p.Version)!).OrderBy(p => p.Name, StringComparer.Ordinal)];
    }

    /// <summary>The newest version of one source; null when the tenant has none of this name.</summary>
    public async Task<OwnParser?> FindAsync(uint tenant, string name, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return await db.Set<OwnParser>().AsNoTracking().Where(p => p.Name == name).OrderByDescending(p => p.Version).FirstOrDefaultAsync(stop);
    }

    /// <summary>Saves a source, as the next version when there is one of this name, and puts it in force.</summary>
    /// <param name="samples">Lines it must read.</param>
    /// <param name="seen">The version that the person saw; null overwrites whatever is there.</param>
    public async Task<ParserSaved> SaveAsync(uint tenant, string yaml, IReadOnlyList<string> samples, long? seen, Actor actor, CancellationToken stop)
    {
        if (OwnSource.Compile(yaml, out var problems) is not { } source) return new(ParserRefusal.Wrong, null, problems, []);
        if (Check(source, samples) is var refusal && refusal != ParserRefusal.None) return new(refusal, null, problems, []);
        var unread = ParserTrial.Run(live.Current, source, samples, clock.GetUtcNow().ToUnixTimeMilliseconds()).Index().Where(l => !l.Item.IsRead).Select(l => l.Index + 1).ToArray();
        if (unread.Length > 0) return new(ParserRefusal.Unread, null, problems, unread);
        var (refused, saved) = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            var versions = await db.Set<OwnParser>().Where(p => p.Name == source.Name).OrderBy(p => p.Version).ToListAsync(stop);
            var last = versions.LastOrDefault()?.Version ?? 0;
            if (seen is { } version && version != last) return (ParserRefusal.Stale, (OwnParser?)null);
            if (last == 0 && await db.Set<OwnParser>().Select(p => p.Name).Distinct().CountAsync(stop) >= MaxPerTenant) return (ParserRefusal.TooMany, null);
            var row = new OwnParser
            {
                TenantId = tenant, Name = source.Name, Version = last + 1, Yaml = yaml, Samples = JsonSerializer.Serialize(samples), Saved = clock.GetUtcNow(), Author = actor.Name,
            };
            db.Add(row);
            db.RemoveRange(versions.SkipLast(MaxVersions - 1));
            await AuditLog.AppendAsync(db, tenant, actor, "parser.save", source.Name, new { row.Version, Yaml = yaml, Samples = samples.Count }, clock.GetUtcNow(), stop);
            return (ParserRefusal.None, row);
        }, stop);
        if (saved is not null) await ApplyAsync(tenant, stop);
        return new(refused, saved, problems, []);
    }

    private ParserRefusal Check(OwnSource source, IReadOnlyList<string> samples) =>
        !SourceRegistry.IsName(source.Name) ? ParserRefusal.BadName
        : live.Current.IndexOf(source.Name) >= 0 ? ParserRefusal.NameTaken
        : samples.Count > MaxSamples || samples.Any(s => s.Length > MaxSample) ? ParserRefusal.BadSamples
        : ParserRefusal.None;

    /// <summary>Takes a source away, with all its versions; the audit log keeps their text. False when there is none.</summary>
    public async Task<bool> RemoveAsync(uint tenant, string name, Actor actor, CancellationToken stop)
    {
        var done = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            var versions = await db.Set<OwnParser>().Where(p => p.Name == name).ToListAsync(stop);
            if (versions.Count == 0) return false;
            db.RemoveRange(versions);
            await AuditLog.AppendAsync(db, tenant, actor, "parser.remove", name, new { Version = versions.Max(v => v.Version) }, clock.GetUtcNow(), stop);
            return true;
        }, stop);
        if (done) await ApplyAsync(tenant, stop);
        return done;
    }

    protected override async Task PutInForceAsync(uint tenant, CancellationToken stop)
    {
        var sources = new List<OwnSource>();
        foreach (var row in await ListAsync(tenant, stop))
        {
            if (OwnSource.Compile(row.Yaml, out var problems) is { } source) sources.Add(source);
            else UnparsedLog.ParserLeftOut(log, row.Name, tenant, problems[0].Message);
        }
        live.Swap(tenant, sources);
    }
}
