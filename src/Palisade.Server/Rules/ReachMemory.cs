using System.Collections.Concurrent;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Policy;
using Palisade.Server.Streaming;

namespace Palisade.Server.Rules;

/// <summary>Whether a rule can fire on the data of a tenant.</summary>
/// <param name="Missing">Fields (or, of a correlation, rules) that it lacks.</param>
/// <param name="Events">Events of its log source among those that were looked at.</param>
public sealed record RuleFate(ReachVerdict Verdict, IReadOnlyList<string> Missing, long Events)
{
    public bool CanFire => Verdict == ReachVerdict.CanFire;
}

/// <summary>What all rules of a tenant can do with its records of the last week.</summary>
/// <param name="Records">Records that were looked at; null: the event store did not answer, and log sources alone were judged.</param>
public sealed record TenantReach(DateTimeOffset At, long? Records, IReadOnlyDictionary<string, RuleFate> Rules)
{
    /// <summary>Null: the rule came after the look.</summary>
    public RuleFate? Of(RuleView rule) => Rules.GetValueOrDefault(rule.Info.Id);
}

/// <summary>
/// Remembers for a while what rules can do with the records of a tenant: judging hundreds of rules by thousands of records takes seconds. One look at a time in
/// the whole server.
/// </summary>
public sealed class ReachMemory(RuleWorkbench bench, TenantRules rules, LiveRules live, TimeProvider clock) : IDisposable
{
    /// <summary>Tenants that are remembered.</summary>
    public const int MaxTenants = 100;
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

    private readonly SemaphoreSlim one = new(1);
    private readonly ConcurrentDictionary<uint, (TenantReach Reach, OwnRules? Own)> known = new();

    /// <summary>What is remembered and still holds; null: nothing.</summary>
    public TenantReach? Recall(uint tenant) =>
        known.TryGetValue(tenant, out var found) && clock.GetUtcNow() - found.Reach.At < Fresh && ReferenceEquals(found.Own, live.Current.Of(tenant)?.Own) ? found.Reach : null;

    /// <summary>What is remembered, else a new look at the records.</summary>
    public async Task<TenantReach> AskAsync(uint tenant, CancellationToken stop)
    {
        if (Recall(tenant) is { } fresh) return fresh;
        await one.WaitAsync(stop);
        try
        {
            if (Recall(tenant) is { } other) return other;
            var own = live.Current.Of(tenant)?.Own;
            var report = await Task.Run(() => bench.ReachAllAsync(tenant, stop), stop);
            var fates = report.Rules.GroupBy(r => r.Rule.Id, StringComparer.Ordinal).ToDictionary(g => g.Key, g => new RuleFate(g.First().Verdict, g.First().Missing, g.First().Events), StringComparer.Ordinal);
            // Web signatures look at every request and nothing else, behaviours and anomalies at whatever comes.
            foreach (var rule in await rules.ListAsync(tenant, stop))
            {
                if (rule.Text is not null) continue;
                var seen = rule.Info.Kind == "web" ? report.WebRequests : report.Records ?? 0;
                fates[rule.Info.Id] = new RuleFate(report.Records is not null && seen == 0 ? ReachVerdict.NoEvents : ReachVerdict.CanFire, [], seen);
            }
            var reach = new TenantReach(clock.GetUtcNow(), report.Records, fates);
            while (known.Count >= MaxTenants && known.OrderBy(k => k.Value.Reach.At).Select(k => (uint?)k.Key).FirstOrDefault() is { } oldest) known.TryRemove(oldest, out _);
            known[tenant] = (reach, own);
            return reach;
        }
        finally
        {
            one.Release();
        }
    }

    public void Dispose() => one.Dispose();
}
