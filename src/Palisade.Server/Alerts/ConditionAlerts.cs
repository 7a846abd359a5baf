using System.Text;
using Microsoft.EntityFrameworkCore;
using Palisade.Engine;
using Palisade.Protocol;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Tenants;
using Palisade.Server.Usage;

namespace Palisade.Server.Alerts;

/// <summary>A state of a log source that people should know of, as long as it lasts: no event shows it, so no finding can.</summary>
/// <param name="Rule">What it is called and what to do. One alert of a source and rule is open at a time.</param>
/// <param name="Since">When it began: the same state gives the same alert.</param>
/// <param name="Evidence">The figures it was judged by, as text.</param>
public sealed record SourceCondition(uint Tenant, uint Source, string SourceName, RuleInfo Rule, DateTimeOffset Since, string Evidence);

/// <summary>An open alert of a condition.</summary>
public readonly record struct OpenCondition(uint Tenant, uint Source, string Rule);

/// <summary>Alerts that stand for a state rather than for events: raised once, closed when the state is over.</summary>
public sealed class ConditionAlerts(ControlDbFactory factory, ChangeFeed feed, Funnel funnel, TimeProvider clock)
{
    /// <summary>What a person closed does not come again so soon.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromHours(24);

    /// <summary>Open alerts of these rules, of all tenants: for the server's own work.</summary>
    public async Task<IReadOnlySet<OpenCondition>> OpenAsync(IReadOnlyCollection<string> rules, CancellationToken stop)
    {
        await using var db = factory.ForSystem();
        var open = await db.Set<Alert>().AsNoTracking().Where(a => rules.Contains(a.RuleId) && a.Status != AlertStatus.Closed)
            .Select(a => new { a.TenantId, a.SourceId, a.RuleId }).ToListAsync(stop);
        return open.Select(a => new OpenCondition(a.TenantId, a.SourceId, a.RuleId)).ToHashSet();
    }

    /// <summary>Opens the alert unless it is open, was opened for this very state before, or was closed by a person within a day.</summary>
    /// <returns>Whether it is new.</returns>
    public async Task<bool> RaiseAsync(SourceCondition condition, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var key = AlertKeys.Condition(condition.Rule.Id, condition.Source);
        var id = AlertKeys.Id(condition.Tenant, key, (ulong)condition.Since.ToUnixTimeMilliseconds());
        var rested = now - Rest;
        var raised = await factory.ChangeAsync(new TenantContext(condition.Tenant), async db =>
        {
            if (await db.Set<Alert>().AnyAsync(a => a.Id == id || (a.GroupKey == key && (a.Status != AlertStatus.Closed || (a.Closed > rested && a.Reason != CloseReason.Resolved))), stop)) return false;
            db.Add(Open(condition, key, id, now));
            db.Add(new AlertEvidence
            {
                TenantId = condition.Tenant, AlertId = id, At = now, Technique = condition.SourceName, Raw = Encoding.UTF8.GetBytes(condition.Evidence),
            });
            await AlertRules.WriteAsync(db, condition.Tenant, condition.Rule, stop);
            await funnel.ReachAsync(db, condition.Tenant, FunnelStep.FirstAlert, now, stop);
            return true;
        }, stop);
        if (raised) feed.Publish(Topic.Alerts, condition.Tenant);
        return raised;
    }

    /// <summary>Closes the open alert of a condition that is over, and says so in its history.</summary>
    public async Task ResolveAsync(OpenCondition over, string note, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var key = AlertKeys.Condition(over.Rule, over.Source);
        await factory.ChangeAsync(new TenantContext(over.Tenant), async db =>
        {
            foreach (var alert in await db.Set<Alert>().Where(a => a.GroupKey == key && a.Status != AlertStatus.Closed).ToListAsync(stop))
            {
                var before = alert.Status.ToString();
                (alert.Status, alert.Reason, alert.Closed, alert.Updated) = (AlertStatus.Closed, CloseReason.Resolved, now, now);
                alert.Last = now;
                alert.Version++;
                db.Add(new AlertComment { Id = Guid.CreateVersion7(now), TenantId = over.Tenant, AlertId = alert.Id, Author = "Palisade", At = now, Text = note });
                await AuditLog.AppendAsync(db, over.Tenant, Actor.System, "alert.update", alert.Id,
                    new { from = new { status = before }, to = new { status = nameof(AlertStatus.Closed), reason = nameof(CloseReason.Resolved) } }, now, stop);
            }
        }, stop);
        feed.Publish(Topic.Alerts, over.Tenant);
    }

    private static Alert Open(SourceCondition c, string key, string id, DateTimeOffset now) => new()
    {
        Id = id,
        TenantId = c.Tenant,
        GroupKey = key,
        RuleId = c.Rule.Id,
        Title = $"{c.Rule.Name}: {c.SourceName}",
        TitleZh = $"{c.Rule.NameZh}：{c.SourceName}",
        Level = c.Rule.Level,
        Class = c.Rule.Class,
        Outcome = AttackOutcome.Unknown,
        SourceId = c.Source,
        Group = System.Text.Json.JsonSerializer.Serialize(new Dictionary<string, string> { ["palisade.source"] = c.SourceName }),
        First = c.Since,
        Last = now,
        Count = 1,
        Updated = now,
        Version = 1,
    };
}
