using Microsoft.EntityFrameworkCore;
using Palisade.Server.Alerts;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Identity;
using Palisade.Server.Tenants;

namespace Palisade.Server.Incidents;

/// <summary>Why an edit was not made.</summary>
public enum IncidentRefusal { None, NotFound, Stale, BadOwner, NeedsReason, Merged }

/// <summary>What to change; null leaves it as it is.</summary>
/// <param name="Owner">Empty id: nobody.</param>
public sealed record IncidentEdit(IncidentStatus? Status, CloseReason? Reason, Guid? Owner);

/// <summary>Changes people make to incidents.</summary>
public sealed class IncidentEdits(ControlDbFactory factory, ChangeFeed feed, TimeProvider clock)
{
    /// <summary>Edits an incident.</summary>
    /// <param name="version">The version the person saw; null edits whatever there is.</param>
    public async Task<(IncidentRefusal Refusal, IncidentRow? Incident)> ApplyAsync(uint tenant, string id, IncidentEdit edit, long? version, Actor actor, CancellationToken stop)
    {
        var result = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            if (await db.Set<IncidentRow>().FirstOrDefaultAsync(i => i.Id == id, stop) is not { } row) return (IncidentRefusal.NotFound, (IncidentRow?)null);
            if (row.MergedInto is not null) return (IncidentRefusal.Merged, row);
            if (version is { } seen && seen != row.Version) return (IncidentRefusal.Stale, row);
            if (edit.Owner is { } owner && owner != Guid.Empty && !await db.Set<Membership>().AnyAsync(m => m.UserId == owner, stop)) return (IncidentRefusal.BadOwner, row);
            var closing = edit.Status == IncidentStatus.Closed && row.Status != IncidentStatus.Closed;
            if (closing && edit.Reason is null or CloseReason.None) return (IncidentRefusal.NeedsReason, row);
            var before = new { row.Status, row.Reason, row.OwnerId };
            var now = clock.GetUtcNow();
            if (edit.Status is { } status) row.Status = status;
            row.Reason = row.Status == IncidentStatus.Closed ? edit.Reason ?? row.Reason : CloseReason.None;
            row.Closed = row.Status == IncidentStatus.Closed ? row.Closed ?? now : null;
            if (edit.Owner is { } who) row.OwnerId = who == Guid.Empty ? null : who;
            if (row.Status != IncidentStatus.New) row.Triaged ??= now;
            row.Version++;
            row.Updated = now;
            await AuditLog.AppendAsync(db, tenant, actor, "incident.update", id,
                new { from = Words(before.Status, before.Reason, before.OwnerId), to = Words(row.Status, row.Reason, row.OwnerId) }, now, stop);
            return (IncidentRefusal.None, row);
        }, stop);
        if (result.Item1 == IncidentRefusal.None) feed.Publish(Topic.Incidents, tenant);
        return result;
    }

    private static object Words(IncidentStatus status, CloseReason reason, Guid? owner) => new { status = status.ToString(), reason = reason.ToString(), owner };

    /// <summary>Adds a comment; null when the tenant has no such incident. A comment on a merged one stands with the one that shows it.</summary>
    public async Task<IncidentComment?> CommentAsync(uint tenant, string id, string text, Guid? author, Actor actor, CancellationToken stop)
    {
        var comment = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            if (await db.Set<IncidentRow>().FirstOrDefaultAsync(i => i.Id == id, stop) is not { } row) return null;
            var now = clock.GetUtcNow();
            var made = new IncidentComment { Id = Guid.CreateVersion7(now), TenantId = tenant, IncidentId = id, AuthorId = author, Author = actor.Name, At = now, Text = text };
            db.Add(made);
            row.Version++;
            row.Updated = now;
            await AuditLog.AppendAsync(db, tenant, actor, "incident.comment", id, new { comment = made.Id }, now, stop);
            return made;
        }, stop);
        if (comment is not null) feed.Publish(Topic.Incidents, tenant);
        return comment;
    }
}
