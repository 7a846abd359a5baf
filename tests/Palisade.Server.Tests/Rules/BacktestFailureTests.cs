using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Palisade.Engine;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Rules;
using Palisade.Server.Tenants;

namespace Palisade.Server.Tests.Rules;

/// <summary>What ends a backtest ends that one, and says why.</summary>
public sealed class BacktestFailureTests
{
    private const string Id = "11111111-1111-4111-8111-111111111111";
    private const string Rule = $"title: Any\nid: {Id}\nlogsource: {{ category: any }}\ndetection: {{ a: {{ message|contains: evil }}, condition: a }}\nlevel: high\n";

    [Fact]
    public async Task One_that_breaks_off_by_an_exception_ends_as_failed_and_the_next_one_runs()
    {
        await using var app = await TestApp.StartAsync(adjust: services => services.AddSingleton(EngineContent.Load([("rules/shipped.yml", Encoding.UTF8.GetBytes(Rule))], out _)));
        var tenant = await app.TenantAsync("Shop");
        // Nothing of ours writes such a row: reading it throws what nobody expects.
        await app.Control.ChangeAsync(new TenantContext(tenant.Id), db =>
        {
            db.Add(new RulePlaceholders { TenantId = tenant.Id, Json = "{ broken", Saved = DateTimeOffset.UnixEpoch, Author = "test", Version = 1 });
            return Task.CompletedTask;
        }, CancellationToken.None);
        Assert.Equal((BacktestState.Failed, "error"), await RunAsync(app, tenant.Id));

        await app.Control.ChangeAsync(new TenantContext(tenant.Id), async db => (await db.Set<RulePlaceholders>().SingleAsync()).Json = "{}", CancellationToken.None);
        // There is no event store here, so the next one ends too, but by that: the queue is served still, for this tenant and others.
        Assert.Equal((BacktestState.Failed, "store"), await RunAsync(app, tenant.Id));
        Assert.Equal((BacktestState.Failed, "store"), await RunAsync(app, (await app.TenantAsync("Other")).Id));
        using var client = await app.SignedInAsync(tenant);
        Assert.Contains("\"problem\":\"error\"", await client.GetStringAsync(new Uri("/api/v1/backtests", UriKind.Relative)), StringComparison.Ordinal);
    }

    private static async Task<(BacktestState State, string Problem)> RunAsync(TestApp app, uint tenant)
    {
        var tests = app.Service<Backtests>();
        var (refusal, job) = await tests.BeginAsync(tenant, Id, null, TimeSpan.FromDays(1), Actor.System, CancellationToken.None);
        Assert.Equal(BacktestRefusal.None, refusal);
        await TestApp.UntilAsync("the backtest is over", () => Task.FromResult(tests.Find(tenant, job!.Id)!.IsOver));
        var over = tests.Find(tenant, job!.Id)!;
        return (over.State, over.Problem);
    }
}
