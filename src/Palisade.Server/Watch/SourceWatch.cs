using System.Globalization;
using Palisade.Engine;
using Palisade.Server.Alerts;
using Palisade.Server.Ingest;
using Palisade.Server.Sources;
using Palisade.Server.Streaming;

namespace Palisade.Server.Watch;

/// <summary>
/// Looks at every source once a minute, by the ledger: silent beyond its habit, far more or fewer records than usual, too much lost. What it knows of
/// habits it reads anew after each silence, so that a restart forgets nothing.
/// </summary>
public sealed class SourceWatch(
    SourceOverview sources, ISourceStats stats, ILossLedger ledger, ConditionAlerts alerts, WatchOptions options, TimeProvider clock, ILogger<SourceWatch> log)
{
    private const int HourMinutes = 60;
    /// <summary>Minutes that the ledger may be behind: what came this lately is not judged by its count.</summary>
    private const int Settle = 3;
    private static readonly string[] Rules = [.. WatchRules.All.Select(r => r.Id)];

    private readonly DateTimeOffset started = clock.GetUtcNow();
    /// <summary>Habits of the sources that are silent now, with the receipt they were learned at; one for each at most.</summary>
    private readonly Dictionary<uint, (DateTimeOffset Last, SourceHabit? Habit)> silent = [];
    private long quarter;

    /// <summary>One look at all sources.</summary>
    public async Task LookAsync(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var open = await alerts.OpenAsync(Rules, stop);
        var all = await sources.EveryAsync(stop);
        // Rates and losses move slowly: four times an hour is enough.
        var isQuarter = SourceHabit.QuarterOf(now.ToUnixTimeMilliseconds()) is var q && q != quarter;
        quarter = q;
        foreach (var source in all)
        {
            if (source.Disabled)
            {
                foreach (var over in open.Where(o => o.Tenant == source.TenantId && o.Source == source.Id)) await alerts.ResolveAsync(over, Said("the source was turned off", "该日志源已关闭"), stop);
                continue;
            }
            await LookForSilenceAsync(source, open, now, stop);
            if (isQuarter) await LookAtRateAsync(source, open, now, stop);
        }
        foreach (var gone in silent.Keys.Except(all.Select(s => s.Id)).ToList()) silent.Remove(gone);
    }

    private async Task LookForSilenceAsync(Source source, IReadOnlySet<OpenCondition> open, DateTimeOffset now, CancellationToken stop)
    {
        if (Later(source.LastSeen, stats.Of(source.TenantId, source.Id).LastSeen) is not { } last) return;
        var minutes = (int)(now - last).TotalMinutes;
        if (minutes < options.SilentMinutes)
        {
            silent.Remove(source.Id);
            await OverAsync(source, WatchRules.Silent, open, "records come again", "已恢复接收", stop);
            return;
        }
        // While we were not there to listen nobody was silent.
        if ((now - started).TotalMinutes < options.SilentMinutes) return;
        if (!silent.TryGetValue(source.Id, out var known) || known.Last != last) silent[source.Id] = known = (last, await LearnAsync(source, last, stop));
        if (known.Habit is not { } habit) return;
        var may = habit.MayBeSilent(options.SilentMinutes);
        if (minutes < may || (now - started).TotalMinutes < may || !habit.IsExpected(now.ToUnixTimeMilliseconds(), may)) return;
        await RaiseAsync(source, WatchRules.Silent, open, last,
            string.Create(CultureInfo.InvariantCulture, $"source={source.Name} last_record={last.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ} silent_minutes={minutes} usual_pause_minutes={habit.PauseMinutes}"), stop);
    }

    private async Task<SourceHabit?> LearnAsync(Source source, DateTimeOffset last, CancellationToken stop) => SourceHabit.Learn(
        await ledger.ActiveMinutesAsync(source.TenantId, source.Id, SourceHabit.Minutes, stop),
        await ledger.ActiveQuartersAsync(source.TenantId, source.Id, last.AddMinutes(-15 * SourceHabit.Quarters), stop));

    private async Task LookAtRateAsync(Source source, IReadOnlySet<OpenCondition> open, DateTimeOffset now, CancellationToken stop)
    {
        var end = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds() / 60_000 * 60_000).AddMinutes(-Settle);
        var hour = await HourAsync(source, end, stop);
        if (hour.Received == 0) return;

        if (hour.Sent >= options.LossMinimum && hour.Completeness < options.MinCompleteness)
            await RaiseAsync(source, WatchRules.Losing, open, end,
                string.Create(CultureInfo.InvariantCulture, $"source={source.Name} sent={hour.Sent} completeness_percent={hour.Completeness} gap={hour.Gap} ") +
                string.Join(' ', hour.Refused.Where(r => r.Value > 0).Select(r => $"{IngestHttp.Code(r.Key)}={r.Value.ToString(CultureInfo.InvariantCulture)}")), stop);
        else await OverAsync(source, WatchRules.Losing, open, "records arrive whole again", "日志已恢复完整", stop);

        if (await UsualAsync(source, end, stop) is not { } usual) return;
        var change = RateBaseline.Judge(hour.Received, usual, options.RateFactor, options.RateMinimum);
        foreach (var (rule, kind) in new[] { (WatchRules.Jumped, RateChange.Jumped), (WatchRules.Fell, RateChange.Fell) })
        {
            if (change != kind) await OverAsync(source, rule, open, "the rate is as usual again", "日志量已恢复正常", stop);
            else await RaiseAsync(source, rule, open, end, string.Create(CultureInfo.InvariantCulture, $"source={source.Name} records_last_hour={hour.Received} usual_records={usual}"), stop);
        }
    }

    private async Task<long?> UsualAsync(Source source, DateTimeOffset end, CancellationToken stop)
    {
        if (await ledger.FirstMinuteAsync(source.TenantId, source.Id, stop) is not { } first) return null;
        async Task<List<long>> Before(int days, int most)
        {
            var counts = new List<long>();
            for (var back = 1; back <= most && end.AddDays(-days * back).AddHours(-1).ToUnixTimeMilliseconds() >= first; back++) counts.Add((await HourAsync(source, end.AddDays(-days * back), stop)).Received);
            return counts;
        }
        var weeks = await Before(7, 4);
        return RateBaseline.Usual(weeks, weeks.Count >= 2 ? [] : await Before(1, 6));
    }

    private async Task<LedgerTotals> HourAsync(Source source, DateTimeOffset end, CancellationToken stop) => LedgerTotals.Sum(
        (await ledger.MinutesAsync(source.TenantId, source.Id, end.AddMinutes(-HourMinutes), end.AddMilliseconds(-1), stop)).Select(m => m.Totals));

    private async Task RaiseAsync(Source source, RuleInfo rule, IReadOnlySet<OpenCondition> open, DateTimeOffset since, string evidence, CancellationToken stop)
    {
        if (open.Contains(new OpenCondition(source.TenantId, source.Id, rule.Id))) return;
        if (await alerts.RaiseAsync(new SourceCondition(source.TenantId, source.Id, source.Name, rule, since, evidence), stop))
            WatchLog.Raised(log, source.TenantId, source.Id, rule.Id, evidence);
    }

    private Task OverAsync(Source source, RuleInfo rule, IReadOnlySet<OpenCondition> open, string why, string whyZh, CancellationToken stop)
    {
        var over = new OpenCondition(source.TenantId, source.Id, rule.Id);
        return open.Contains(over) ? alerts.ResolveAsync(over, Said(why, whyZh), stop) : Task.CompletedTask;
    }

    private static string Said(string why, string whyZh) => $"Closed by itself: {why}. / 自动关闭：{whyZh}。";

    private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null ? b : b is null || a > b ? a : b;
}
