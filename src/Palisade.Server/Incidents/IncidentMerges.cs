using Microsoft.EntityFrameworkCore;
using Palisade.Engine;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Tenants;

namespace Palisade.Server.Incidents;

/// <summary>Why incidents were not merged or split.</summary>
public enum MergeRefusal { None, NotFound, Same, Merged, NotMerged, TooMany, NotThere, Everything }

/// <summary>Merges incidents that are one story, and splits them again. The one kept shows both; the other leads to it, and goes on growing beneath.</summary>
public sealed class IncidentMerges(ControlDbFactory factory, ChangeFeed feed, EngineSnapshot engine, TimeProvider clock)
{
    public const int MaxMembers = 50;

    /// <summary>Merges one incident, with what is merged into it, into another.</summary>
    public async Task<(MergeRefusal Refusal, IncidentRow? Incident)> MergeAsync(uint tenant, string keep, string other, Actor actor, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var result = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            if (keep == other) return (MergeRefusal.Same, (IncidentRow?)null);
            if (await FindAsync(db, keep, stop) is not { } target || await FindAsync(db, other, stop) is not { } moved) return (MergeRefusal.NotFound, null);
            if (target.MergedInto is not null || moved.MergedInto is not null) return (MergeRefusal.Merged, target);
            if (target.Members + moved.Members + 1 > MaxMembers) return (MergeRefusal.TooMany, target);
            await MoveAsync(db, moved, target, stop);
            moved.IsByHand = true;
            Change(target, now);
            Change(moved, now);
            await db.SaveChangesAsync(stop);
            await new IncidentWriting(db, engine.Incidents, now).SumAsync(tenant, [keep], stop);
            await AuditLog.AppendAsync(db, tenant, actor, "incident.merge", keep, new { merged = other }, now, stop);
            return (MergeRefusal.None, target);
        }, stop);
        if (result.Item1 == MergeRefusal.None) feed.Publish(Topic.Incidents, tenant);
        return result;
    }

    /// <summary>Takes a merged incident out again; it stands for itself from now on.</summary>
    public async Task<(MergeRefusal Refusal, IncidentRow? Incident)> SplitAsync(uint tenant, string from, string member, Actor actor, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var result = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            if (await FindAsync(db, from, stop) is not { } kept || await FindAsync(db, member, stop) is not { } row) return (MergeRefusal.NotFound, (IncidentRow?)null);
            if (row.MergedInto != from) return (MergeRefusal.NotMerged, kept);
            (row.MergedInto, row.IsByHand) = (null, true);
            foreach (var address in await db.Set<IncidentAddress>().Where(a => a.IncidentId == member && a.ShownIn == from).ToListAsync(stop)) address.ShownIn = member;
            Change(kept, now);
            Change(row, now);
            await db.SaveChangesAsync(stop);
            await new IncidentWriting(db, engine.Incidents, now).SumAsync(tenant, [from, member], stop);
            await AuditLog.AppendAsync(db, tenant, actor, "incident.split", from, new { split = member }, now, stop);
            return (MergeRefusal.None, kept);
        }, stop);
        if (result.Item1 == MergeRefusal.None) feed.Publish(Topic.Incidents, tenant);
        return result;
    }

    /// <summary>Points an incident and its members to another. Whoever had the one has the other, unless somebody has it.</summary>
    internal static async Task MoveAsync(ControlDb db, IncidentRow moved, IncidentRow target, CancellationToken stop)
    {
        var into = target.MergedInto ?? target.Id;
        if (into == moved.Id) return;
        moved.MergedInto = into;
        if (target.Id == into)
        {
            target.OwnerId ??= moved.OwnerId;
            if (target.Status == IncidentStatus.New && moved.Status == IncidentStatus.InProgress) (target.Status, target.Triaged) = (IncidentStatus.InProgress, target.Triaged ?? moved.Triaged);
        }
        var members = await db.Set<IncidentRow>().Where(r => r.TenantId == moved.TenantId && r.MergedInto == moved.Id).ToListAsync(stop);
        foreach (var member in members) member.MergedInto = into;
        moved.Members = 0;
        string[] ids = [moved.Id, .. members.Select(m => m.Id)];
        foreach (var address in await db.Set<IncidentAddress>().Where(a => a.TenantId == moved.TenantId && ids.Contains(a.IncidentId) && a.ShownIn == moved.Id).ToListAsync(stop)) address.ShownIn = into;
    }

    private static Task<IncidentRow?> FindAsync(ControlDb db, string id, CancellationToken stop) => db.Set<IncidentRow>().FirstOrDefaultAsync(r => r.Id == id, stop);

    private static void Change(IncidentRow row, DateTimeOffset now)
    {
        row.Version++;
        row.Updated = now;
    }
}
