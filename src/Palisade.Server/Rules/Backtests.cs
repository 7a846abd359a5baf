using System.Collections.Concurrent;
using System.Threading.Channels;
using ClickHouse.Driver;
using Palisade.Engine.Rules;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Storage;
using Palisade.Server.Tenants;

namespace Palisade.Server.Rules;

/// <summary>Why a backtest was not begun.</summary>
public enum BacktestRefusal { None, NoRule, Wrong, Span, TooMany, Busy }

/// <summary>
/// Backtests in the background: one at a time in the whole server, beside the stream and slower than it. A tenant has one that waits or runs; the last few
/// results are kept in memory, and gone with the server.
/// </summary>
public sealed class Backtests : BackgroundService
{
    /// <summary>Results kept of one tenant, and backtests that wait in the server.</summary>
    public const int KeptPerTenant = 10, MaxWaiting = 20;
    /// <summary>Findings kept one by one in the server, of all tenants: those of the oldest backtests go first.</summary>
    public const int MaxKeptFindings = 50_000;
    /// <summary>Stands for a rule where everything in force is meant.</summary>
    public const string Everything = "all";
    public static readonly TimeSpan MaxSpan = TimeSpan.FromDays(90);
    private static readonly TimeSpan MaxTime = TimeSpan.FromMinutes(30);

    private sealed record Waiting(uint Tenant, Guid Id, RuleText? Text);

    private readonly Channel<Waiting> queue = Channel.CreateBounded<Waiting>(MaxWaiting);
    private readonly ConcurrentDictionary<(uint Tenant, Guid Id), Backtest> jobs = new();
    private readonly ConcurrentDictionary<Guid, CancellationTokenSource> running = new();
    private readonly Lock gate = new();
    private readonly TenantRules rules;
    private readonly EventQueries queries;
    private readonly ControlDbFactory factory;
    private readonly TenantData data;
    private readonly TimeProvider clock;
    private readonly ILogger<Backtests> log;

    internal Backtests(TenantRules rules, EventQueries queries, ControlDbFactory factory, TenantData data, TimeProvider clock, ILogger<Backtests> log) =>
        (this.rules, this.queries, this.factory, this.data, this.clock, this.log) = (rules, queries, factory, data, clock, log);

    /// <summary>Backtests of a tenant, the newest first.</summary>
    public IReadOnlyList<Backtest> List(uint tenant) => [.. jobs.Where(j => j.Key.Tenant == tenant).Select(j => j.Value).OrderByDescending(j => j.Asked).ThenByDescending(j => j.Id)];

    /// <summary>One backtest; null when the tenant has none of this id.</summary>
    public Backtest? Find(uint tenant, Guid id) => jobs.GetValueOrDefault((tenant, id));

    /// <summary>Begins one: of a rule that the tenant has, of a text that need not be saved, or of everything in force.</summary>
    /// <param name="ruleId">A rule or behaviour, or <see cref="Everything"/>.</param>
    /// <param name="since">How far back.</param>
    public async Task<(BacktestRefusal Refusal, Backtest? Job)> BeginAsync(uint tenant, string? ruleId, string? yaml, TimeSpan since, Actor actor, CancellationToken stop)
    {
        if (since < TimeSpan.FromMinutes(1) || since > MaxSpan) return (BacktestRefusal.Span, null);
        RuleText? text;
        string id, title;
        if (yaml is not null)
        {
            var (refusal, read, _) = await rules.CheckAsync(tenant, yaml, stop);
            // The edited text of a shipped rule may be tried under its own id.
            if (refusal is not (RuleRefusal.None or RuleRefusal.IdTaken) || read is null) return (BacktestRefusal.Wrong, null);
            (text, id, title) = (read, read.Id, read.Title);
        }
        else if (ruleId == Everything) (text, id, title) = (null, Everything, Everything);
        else
        {
            if (ruleId is null || await rules.FindAsync(tenant, ruleId, stop) is not { } rule) return (BacktestRefusal.NoRule, null);
            if (rule.Problems.Count > 0) return (BacktestRefusal.Wrong, null);
            (text, id, title) = (rule.Text, rule.Info.Id, rule.Info.Name);
        }
        var now = clock.GetUtcNow();
        var job = new Backtest(Guid.CreateVersion7(now), id, title, new TimeRange(now - since, now), since <= TimeSpan.FromDays(3) ? TimeSpan.FromHours(1) : TimeSpan.FromDays(1), now, actor.Name);
        lock (gate)
        {
            if (List(tenant).Any(j => !j.IsOver)) return (BacktestRefusal.Busy, null);
            jobs[(tenant, job.Id)] = job;
            if (!queue.Writer.TryWrite(new Waiting(tenant, job.Id, text)))
            {
                jobs.TryRemove((tenant, job.Id), out _);
                return (BacktestRefusal.TooMany, null);
            }
            foreach (var old in List(tenant).Where(j => j.IsOver).Skip(KeptPerTenant)) jobs.TryRemove((tenant, old.Id), out _);
        }
        await factory.ChangeAsync(new TenantContext(tenant), db => AuditLog.AppendAsync(db, tenant, actor, "rule.backtest", id, new { job.Id, days = since.TotalDays }, now, stop), stop);
        return (BacktestRefusal.None, job);
    }

    /// <summary>Ends a backtest that waits or runs, or forgets one that is over. False when there is none.</summary>
    public bool Remove(uint tenant, Guid id)
    {
        lock (gate)
        {
            if (!jobs.TryGetValue((tenant, id), out var job)) return false;
            if (job.IsOver) return jobs.TryRemove((tenant, id), out _);
            jobs[(tenant, id)] = job with { State = BacktestState.Canceled };
        }
        if (running.TryGetValue(id, out var source)) source.Cancel();
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var waiting in queue.Reader.ReadAllAsync(stoppingToken))
        {
            if (Find(waiting.Tenant, waiting.Id) is not { IsOver: false } job) continue;
            await RunAsync(waiting, job, stoppingToken);
        }
    }

    private async Task RunAsync(Waiting waiting, Backtest job, CancellationToken stopping)
    {
        using var ended = new CancellationTokenSource(MaxTime, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, ended.Token);
        running[job.Id] = ended;
        try
        {
            var own = await rules.OwnTextsAsync(waiting.Tenant, either.Token);
            var run = new BacktestRun(waiting.Tenant, waiting.Text, rules.Shipped, own, await rules.LoadingAsync(waiting.Tenant, own, waiting.Text, either.Token), queries, factory, data, told => Tell(waiting.Tenant, told));
            var done = await run.RunAsync(job, either.Token);
            Tell(waiting.Tenant, done);
            Thin();
            RulesLog.BacktestDone(log, done.RuleId, waiting.Tenant, done.Read, done.Hits);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException)
        {
            // Somebody ended it, or it took too long; which of both is known by its state.
            Change(waiting.Tenant, job.Id, j => j.State == BacktestState.Canceled ? j : j with { State = BacktestState.Failed, Problem = "time" });
        }
        catch (Exception e) when (e is HttpRequestException or IOException or ClickHouseServerException)
        {
            RulesLog.BacktestFailed(log, e, job.RuleId, waiting.Tenant);
            Change(waiting.Tenant, job.Id, j => j with { State = BacktestState.Failed, Problem = "store" });
        }
        catch (Exception e)
        {
            // A rule that trips us ends its own backtest, not those of others, nor the server.
            RulesLog.BacktestFailed(log, e, job.RuleId, waiting.Tenant);
            Change(waiting.Tenant, job.Id, j => j with { State = BacktestState.Failed, Problem = "error" });
        }
        finally
        {
            running.TryRemove(job.Id, out _);
        }
    }

    private void Tell(uint tenant, Backtest told) => Change(tenant, told.Id, j => j.IsOver ? j : told);

    private void Thin()
    {
        lock (gate)
        {
            var kept = 0;
            foreach (var (key, job) in jobs.OrderByDescending(j => j.Value.Asked).ThenByDescending(j => j.Key.Id))
                if ((kept += job.Findings.Count) > MaxKeptFindings) jobs[key] = job with { Findings = [] };
        }
    }

    private void Change(uint tenant, Guid id, Func<Backtest, Backtest> change)
    {
        lock (gate)
            if (jobs.TryGetValue((tenant, id), out var job)) jobs[(tenant, id)] = change(job);
    }
}
