using Microsoft.EntityFrameworkCore;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Identity;
using Palisade.Server.Tenants;
using Palisade.Server.Usage;

namespace Palisade.Server.Alerts;

/// <summary>Why an edit was not made.</summary>
public enum EditRefusal { None, NotFound, Stale, BadOwner, NeedsReason, NotMuted }

/// <summary>What to change; null leaves it as it is.</summary>
/// <param name="Owner">Empty id: nobody.</param>
public sealed record AlertEdit(AlertStatus? Status, CloseReason? Reason, Guid? Owner);

/// <summary>Changes people make to alerts.</summary>
public sealed class AlertEdits(ControlDbFactory factory, ChangeFeed feed, Funnel funnel, TimeProvider clock)
{
    /// <summary>Edits an alert.</summary>
    /// <param name="version">The version the person saw; null edits whatever there is.</param>
    public async Task<(EditRefusal Refusal, Alert? Alert)> ApplyAsync(
        uint tenant, string id, AlertEdit edit, long? version, Actor actor, CancellationToken stop)
    {
        var result = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            if (await db.Set<Alert>().FirstOrDefaultAsync(a => a.Id == id, stop) is not { } alert) return (EditRefusal.NotFound, (Alert?)null);
            if (version is { } seen && seen != alert.Version) return (EditRefusal.Stale, alert);
            if (edit.Owner is { } owner && owner != Guid.Empty && !await db.Set<Membership>().AnyAsync(m => m.UserId == owner, stop)) return (EditRefusal.BadOwner, alert);
            var closing = edit.Status == AlertStatus.Closed && alert.Status != AlertStatus.Closed;
            if (closing && edit.Reason is null or CloseReason.None) return (EditRefusal.NeedsReason, alert);
            if (edit.Status == AlertStatus.Muted && alert.Mute == 0) return (EditRefusal.NotMuted, alert);
            var before = new { alert.Status, alert.Reason, alert.OwnerId };
            var now = clock.GetUtcNow();
            if (edit.Status is { } status) alert.Status = status;
            alert.Reason = alert.Status == AlertStatus.Closed ? edit.Reason ?? alert.Reason : CloseReason.None;
            alert.Closed = alert.Status == AlertStatus.Closed ? alert.Closed ?? now : null;
            if (edit.Owner is { } who) alert.OwnerId = who == Guid.Empty ? null : who;
            alert.Version++;
            alert.Updated = now;
            if (alert.Triaged is null && alert.Status != AlertStatus.New) await TriageAsync(db, alert, now, stop);
            await AuditLog.AppendAsync(db, tenant, actor, "alert.update", id,
                new { from = Words(before.Status, before.Reason, before.OwnerId), to = Words(alert.Status, alert.Reason, alert.OwnerId) }, now, stop);
            return (EditRefusal.None, alert);
        }, stop);
        if (result.Item1 == EditRefusal.None) feed.Publish(Topic.Alerts, tenant);
        return result;
    }

    private static object Words(AlertStatus status, CloseReason reason, Guid? owner) => new { status = status.ToString(), reason = reason.ToString(), owner };

    private async Task TriageAsync(ControlDb db, Alert alert, DateTimeOffset now, CancellationToken stop)
    {
        alert.Triaged = now;
        (await UsageMeter.DayAsync(db, alert.TenantId, DateOnly.FromDateTime(now.UtcDateTime), stop)).AlertsTriaged++;
        await funnel.ReachAsync(db, alert.TenantId, FunnelStep.FirstTriage, now, stop);
    }

    /// <summary>Adds a comment; null when the tenant has no such alert.</summary>
    public async Task<AlertComment?> CommentAsync(uint tenant, string id, string text, Guid? author, Actor actor, CancellationToken stop)
    {
        var comment = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            if (await db.Set<Alert>().FirstOrDefaultAsync(a => a.Id == id, stop) is not { } alert) return null;
            var now = clock.GetUtcNow();
            var row = new AlertComment { Id = Guid.CreateVersion7(now), TenantId = tenant, AlertId = id, AuthorId = author, Author = actor.Name, At = now, Text = text };
            db.Add(row);
            alert.Version++;
            alert.Updated = now;
            await AuditLog.AppendAsync(db, tenant, actor, "alert.comment", id, new { comment = row.Id }, now, stop);
            return row;
        }, stop);
        if (comment is not null) feed.Publish(Topic.Alerts, tenant);
        return comment;
    }
}
