using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Palisade.Engine.Rules.Policy;
using Palisade.Server.Alerts;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Streaming;
using Palisade.Server.Tenants;

namespace Palisade.Server.Mutes;

/// <summary>Why a mute was not made or changed.</summary>
public enum MuteRefusal { None, NotFound, Stale, NoReason, Expiry, TooMany, Conditions, Over }

/// <summary>The mutes of all tenants: kept in the control store, in force from the next batch of the stream on, and counted.</summary>
public sealed class TenantMutes(ControlDbFactory factory, LiveRules live, TimeProvider clock, ILogger<TenantMutes> log) : LiveByTenant, IMutedCounter, INoted
{
    /// <summary>Mutes in force of one tenant, those over that are kept, and characters of a reason.</summary>
    public const int MaxActive = 200, MaxOver = 500, MaxReason = 500;
    /// <summary>Longest time of a mute: whoever needs more says so again.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromDays(366);

    private readonly ConcurrentDictionary<(uint Tenant, int Number), (long Count, long LastMs)> counted = new();

    protected override async Task<IReadOnlyList<uint>> TenantsAsync(CancellationToken stop)
    {
        await using var db = factory.ForSystem();
        return await db.Set<MuteRow>().Select(m => m.TenantId).Distinct().ToListAsync(stop);
    }

    /// <summary>Mutes of a tenant, the newest first.</summary>
    public async Task<IReadOnlyList<MuteRow>> ListAsync(uint tenant, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return await db.Set<MuteRow>().AsNoTracking().OrderByDescending(m => m.Number).ToListAsync(stop);
    }

    /// <summary>One mute; null when the tenant has none of this id.</summary>
    public async Task<MuteRow?> FindAsync(uint tenant, Guid id, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return await db.Set<MuteRow>().AsNoTracking().FirstOrDefaultAsync(m => m.Id == id, stop);
    }

    /// <summary>The mute that an alert names by its number; null: none, or gone.</summary>
    public async Task<MuteRow?> OfAlertAsync(uint tenant, int number, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return await db.Set<MuteRow>().AsNoTracking().FirstOrDefaultAsync(m => m.Number == number, stop);
    }

    /// <summary>Makes a mute and puts it in force.</summary>
    public async Task<(MuteRefusal Refusal, MuteProblem Problem, MuteRow? Mute)> AddAsync(
        uint tenant, IReadOnlyList<MuteCondition> conditions, string reason, DateTimeOffset expires, Guid? owner, Actor actor, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        if (Mute.Check(conditions, tenant) is var problem && problem != MuteProblem.None) return (MuteRefusal.Conditions, problem, null);
        if (Check(reason, expires, now) is var wrong && wrong != MuteRefusal.None) return (wrong, MuteProblem.None, null);
        var (refusal, row) = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            var all = await db.Set<MuteRow>().OrderBy(m => m.Number).ToListAsync(stop);
            if (all.Count(m => m.IsActive(now)) >= MaxActive) return (MuteRefusal.TooMany, (MuteRow?)null);
            db.RemoveRange(all.Where(m => !m.IsActive(now)).SkipLast(MaxOver));
            var made = new MuteRow
            {
                TenantId = tenant, Id = Guid.CreateVersion7(now), Number = (all.LastOrDefault()?.Number ?? 0) + 1, Reason = reason.Trim(), Owner = actor.Name, OwnerId = owner,
                Conditions = MuteRow.Write(conditions), Created = now, Expires = expires, Version = 1,
            };
            db.Add(made);
            await AuditLog.AppendAsync(db, tenant, actor, "mute.create", made.Id.ToString(), new { made.Number, made.Reason, made.Expires, made.Conditions }, now, stop);
            return (MuteRefusal.None, made);
        }, stop);
        if (row is not null) await ApplyAsync(tenant, stop);
        return (refusal, MuteProblem.None, row);
    }

    private static MuteRefusal Check(string reason, DateTimeOffset expires, DateTimeOffset now) =>
        string.IsNullOrWhiteSpace(reason) || reason.Length > MaxReason ? MuteRefusal.NoReason : expires <= now || expires > now + MaxTime ? MuteRefusal.Expiry : MuteRefusal.None;

    /// <summary>Changes reason or expiry of a mute that is in force; what it hides is never changed: that would be another mute.</summary>
    /// <param name="seen">The version that the person saw; null changes whatever there is.</param>
    public async Task<(MuteRefusal Refusal, MuteRow? Mute)> EditAsync(uint tenant, Guid id, string? reason, DateTimeOffset? expires, long? seen, Actor actor, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var (refusal, row) = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            if (await db.Set<MuteRow>().FirstOrDefaultAsync(m => m.Id == id, stop) is not { } mute) return (MuteRefusal.NotFound, (MuteRow?)null);
            if (seen is { } version && version != mute.Version) return (MuteRefusal.Stale, mute);
            if (!mute.IsActive(now)) return (MuteRefusal.Over, mute);
            if (Check(reason ?? mute.Reason, expires ?? mute.Expires, now) is var wrong && wrong != MuteRefusal.None) return (wrong, mute);
            var before = new { mute.Reason, mute.Expires };
            (mute.Reason, mute.Expires) = ((reason ?? mute.Reason).Trim(), expires ?? mute.Expires);
            mute.Version++;
            await AuditLog.AppendAsync(db, tenant, actor, "mute.update", id.ToString(), new { from = before, to = new { mute.Reason, mute.Expires } }, now, stop);
            return (MuteRefusal.None, mute);
        }, stop);
        if (refusal == MuteRefusal.None) await ApplyAsync(tenant, stop);
        return (refusal, row);
    }

    /// <summary>Ends a mute now. It stays in the list, with what it hid. False when the tenant has none of this id in force.</summary>
    public async Task<bool> EndAsync(uint tenant, Guid id, Actor actor, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var done = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            if (await db.Set<MuteRow>().FirstOrDefaultAsync(m => m.Id == id, stop) is not { } mute || !mute.IsActive(now)) return false;
            mute.Ended = now;
            mute.Version++;
            await AuditLog.AppendAsync(db, tenant, actor, "mute.end", id.ToString(), new { mute.Number, mute.Hidden }, now, stop);
            return true;
        }, stop);
        if (done) await ApplyAsync(tenant, stop);
        return done;
    }

    /// <summary>Takes the early end of a mute back, while its own end has not come. False when there is no such mute, or too many are in force.</summary>
    public async Task<bool> ResumeAsync(uint tenant, Guid id, Actor actor, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var done = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            if (await db.Set<MuteRow>().FirstOrDefaultAsync(m => m.Id == id, stop) is not { Ended: not null } mute || now >= mute.Expires) return false;
            if ((await db.Set<MuteRow>().ToListAsync(stop)).Count(m => m.IsActive(now)) >= MaxActive) return false;
            mute.Ended = null;
            mute.Version++;
            await AuditLog.AppendAsync(db, tenant, actor, "mute.resume", id.ToString(), new { mute.Number, mute.Expires }, now, stop);
            return true;
        }, stop);
        if (done) await ApplyAsync(tenant, stop);
        return done;
    }

    protected override async Task PutInForceAsync(uint tenant, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var mutes = new List<Mute>();
        foreach (var row in (await ListAsync(tenant, stop)).Where(m => m.IsActive(now)))
        {
            if (Mute.TryCompile(row.Number, row.List(), row.Expires.ToUnixTimeMilliseconds(), tenant, out var mute) is var problem && mute is null) MutesLog.MuteLeftOut(log, row.Number, tenant, problem);
            else mutes.Add(mute);
        }
        live.SwapMutes(tenant, mutes);
    }

    public void Hid(uint tenant, int mute, int findings, long lastMs) =>
        counted.AddOrUpdate((tenant, mute), (findings, lastMs), (_, before) => (before.Count + findings, Math.Max(before.LastMs, lastMs)));

    /// <summary>Writes what was counted since the last time.</summary>
    public async Task FlushAsync(CancellationToken stop)
    {
        foreach (var tenant in counted.Keys.Select(k => k.Tenant).Distinct().ToList())
        {
            var taken = new List<(int Number, long Count, long LastMs)>();
            foreach (var key in counted.Keys.Where(k => k.Tenant == tenant).ToList())
                if (counted.TryRemove(key, out var value)) taken.Add((key.Number, value.Count, value.LastMs));
            try
            {
                await factory.ChangeAsync(new TenantContext(tenant), async db =>
                {
                    foreach (var (number, count, last) in taken)
                    {
                        if (await db.Set<MuteRow>().FirstOrDefaultAsync(m => m.Number == number, stop) is not { } row) continue;
                        row.Hidden += count;
                        var at = DateTimeOffset.FromUnixTimeMilliseconds(last);
                        if (row.LastHidden is null || row.LastHidden < at) row.LastHidden = at;
                    }
                }, stop);
            }
            catch
            {
                foreach (var (number, count, last) in taken) counted.AddOrUpdate((tenant, number), (count, last), (_, before) => (before.Count + count, Math.Max(before.LastMs, last)));
                throw;
            }
        }
    }
}
