using Microsoft.EntityFrameworkCore;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Tenants;

namespace Palisade.Server.Unparsed;

/// <summary>Why no reparse was begun.</summary>
public enum ReparseRefusal { None, NoGroup, TooMany }

/// <summary>The reparses of all tenants, in the control store: asked for, watched, stopped.</summary>
public sealed class ReparseDesk(ControlDbFactory factory, UnparsedGroups groups, Streaming.StreamOptions stream, TimeProvider clock)
{
    /// <summary>Reparses of one tenant that wait or run.</summary>
    public const int MaxOpen = 10;
    /// <summary>Ended ones that are kept of one tenant.</summary>
    public const int MaxKept = 50;

    private TaskCompletionSource asked = New();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes at the next thing that is asked for.</summary>
    internal Task NextAsync() => Volatile.Read(ref asked).Task;

    /// <summary>Asks for the records of a group to be read again: all of its source that nobody read since its first line.</summary>
    public async Task<(ReparseRefusal Refusal, ReparseJob? Job)> StartAsync(uint tenant, Guid group, Actor actor, CancellationToken stop)
    {
        if (await groups.FindAsync(tenant, group) is not { } shape) return (ReparseRefusal.NoGroup, null);
        var made = await factory.ChangeAsync(TenantContext.System, async db =>
        {
            var mine = db.Set<ReparseJob>().Where(j => j.TenantId == tenant);
            if (await mine.CountAsync(j => j.State <= ReparseState.Running, stop) >= MaxOpen) return null;
            var job = new ReparseJob
            {
                Id = (await db.Set<ReparseJob>().MaxAsync(j => (long?)j.Id, stop) ?? 0) + 1,
                TenantId = tenant, Node = stream.NodeId, SourceId = shape.SourceId, Group = group,
                From = shape.FirstSeen, To = clock.GetUtcNow() + TimeSpan.FromSeconds(1), Asked = clock.GetUtcNow(), Author = actor.Name,
            };
            db.Add(job);
            db.RemoveRange(await mine.Where(j => j.State > ReparseState.Running).OrderByDescending(j => j.Id).Skip(MaxKept - 1).ToListAsync(stop));
            await AuditLog.AppendAsync(db, tenant, actor, "unparsed.reparse", group.ToString(), new { job.Id, job.SourceId, job.From, job.To }, clock.GetUtcNow(), stop);
            return job;
        }, stop);
        if (made is null) return (ReparseRefusal.TooMany, null);
        Interlocked.Exchange(ref asked, New()).TrySetResult();
        return (ReparseRefusal.None, made);
    }

    /// <summary>The reparses of a tenant, the newest first.</summary>
    public async Task<IReadOnlyList<ReparseJob>> ListAsync(uint tenant, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return await db.Set<ReparseJob>().AsNoTracking().OrderByDescending(j => j.Id).Take(MaxKept + MaxOpen).ToListAsync(stop);
    }

    /// <summary>One of them; null when the tenant has none of this number.</summary>
    public async Task<ReparseJob?> FindAsync(uint tenant, long id, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return await db.Set<ReparseJob>().AsNoTracking().FirstOrDefaultAsync(j => j.Id == id, stop);
    }

    /// <summary>Ends one before its end; what it has read stays read. False when there is none that is open.</summary>
    public Task<bool> StopAsync(uint tenant, long id, Actor actor, CancellationToken stop) =>
        factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            if (await db.Set<ReparseJob>().FirstOrDefaultAsync(j => j.Id == id && j.State <= ReparseState.Running, stop) is not { } job) return false;
            (job.State, job.Ended) = (ReparseState.Stopped, clock.GetUtcNow());
            await AuditLog.AppendAsync(db, tenant, actor, "unparsed.reparse_stop", job.Group.ToString(), new { job.Id, job.Looked, job.Read }, clock.GetUtcNow(), stop);
            return true;
        }, stop);

    /// <summary>The oldest open one of this node.</summary>
    internal async Task<ReparseJob?> OpenAsync(CancellationToken stop)
    {
        await using var db = factory.ForSystem();
        return await db.Set<ReparseJob>().AsNoTracking().Where(j => j.Node == stream.NodeId && j.State <= ReparseState.Running).OrderBy(j => j.Id).FirstOrDefaultAsync(stop);
    }

    /// <summary>Changes an open one; null when it was stopped meanwhile.</summary>
    internal Task<ReparseJob?> ChangeAsync(long id, Action<ReparseJob> change, CancellationToken stop) =>
        factory.ChangeAsync(TenantContext.System, async db =>
        {
            if (await db.Set<ReparseJob>().FirstOrDefaultAsync(j => j.Id == id && j.State <= ReparseState.Running, stop) is not { } job) return null;
            change(job);
            if (job.State == ReparseState.Done)
                await AuditLog.AppendAsync(db, job.TenantId, Actor.System, "unparsed.reparsed", job.Group.ToString(), new { job.Id, job.Looked, job.Read, job.Findings }, clock.GetUtcNow(), stop);
            return job;
        }, stop);
}
