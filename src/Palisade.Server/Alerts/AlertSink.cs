using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Palisade.Engine;
using Palisade.Server.Configuration;
using Palisade.Server.Control;
using Palisade.Server.Tenants;
using Palisade.Server.Usage;

namespace Palisade.Server.Alerts;

internal sealed class AlertSink(ControlDbFactory factory, ServerOptions options, ChangeFeed feed, Funnel funnel, IMutedCounter muted, TimeProvider clock) : IAlertSink
{
    private readonly ConcurrentDictionary<(uint Tenant, string Rule), RuleInfo> rulesWritten = new();

    public async Task<ulong> PositionAsync(int node, CancellationToken stop)
    {
        await using var db = factory.ForSystem();
        return await db.Set<AlertPosition>().Where(p => p.Node == node).Select(p => p.Sequence).FirstOrDefaultAsync(stop);
    }

    public async Task ApplyAsync(int node, IReadOnlyList<FindingProjection> findings, ulong fromSequence, ulong toSequence, CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(toSequence, fromSequence);
        var (changes, hidden) = await factory.ChangeAsync(TenantContext.System, db => WriteAsync(db, node, findings, toSequence, stop), stop);
        foreach (var group in hidden.GroupBy(f => (f.Tenant, f.Mute))) muted.Hid(group.Key.Tenant, group.Key.Mute, group.Count(), group.Max(f => f.TimeMs));
        foreach (var rule in findings) rulesWritten[(rule.Tenant, rule.Rule.Id)] = rule.Rule;
        feed.Publish(Topic.Alerts, changes.Select(c => c.Tenant));
    }

    private async Task<(IReadOnlyList<AlertChange> Changes, IReadOnlyList<FindingProjection> Hidden)> WriteAsync(
        ControlDb db, int node, IReadOnlyList<FindingProjection> findings, ulong toSequence, CancellationToken stop)
    {
        var position = await db.Set<AlertPosition>().FirstOrDefaultAsync(p => p.Node == node, stop);
        if (position is null) db.Add(position = new AlertPosition { Node = node });
        if (toSequence <= position.Sequence) return ([], []);
        var fresh = findings.Where(f => f.Sequence > position.Sequence && !f.Rule.ContextOnly).ToList();
        position.Sequence = toSequence;
        if (fresh.Count == 0) return ([], []);
        db.ChangeTracker.AutoDetectChangesEnabled = false;
        var changes = await new AlertGrouping(db, options.Alerts, clock.GetUtcNow(), repeats: node < 0).AddAsync(fresh, stop);
        await WriteRulesAsync(db, fresh, stop);
        foreach (var tenant in changes.Where(c => c.IsNew).Select(c => c.Tenant).Distinct())
            await funnel.ReachAsync(db, tenant, FunnelStep.FirstAlert, clock.GetUtcNow(), stop);
        db.ChangeTracker.DetectChanges();
        return (changes, [.. fresh.Where(f => f.Mute != 0)]);
    }

    private async Task WriteRulesAsync(ControlDb db, List<FindingProjection> findings, CancellationToken stop)
    {
        foreach (var finding in findings.DistinctBy(f => (f.Tenant, f.Rule.Id)))
        {
            var rule = finding.Rule;
            if (rulesWritten.TryGetValue((finding.Tenant, rule.Id), out var written) && ReferenceEquals(written, rule)) continue;
            await AlertRules.WriteAsync(db, finding.Tenant, rule, stop);
        }
    }
}
