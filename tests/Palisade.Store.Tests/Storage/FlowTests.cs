using Palisade.Engine;
using Palisade.Protocol;
using Palisade.Server.Storage;

namespace Palisade.Store.Tests.Storage;

/// <summary>The flow from source to outcome, and attackers that are more than one address, against what the engine's batch says.</summary>
public sealed class FlowTests(SharedStore shared) : IClassFixture<SharedStore>, IAsyncLifetime
{
    private const int Count = 1000;
    private static readonly CancellationToken Stop = CancellationToken.None;
    private readonly uint tenant = SharedStore.NewTenant();
    private Pipeline run = null!;
    private List<Finding> attacks = null!;

    private EventQueries Queries => shared.Value.Queries;

    public async ValueTask InitializeAsync()
    {
        run = Samples.Run(tenant, Count);
        attacks = Samples.Attacks(run);
        await Samples.StoreAsync(shared.Value, run, $"flow-{tenant}");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private string Ip(Finding f) => run.Events.GetString(f.Event, Fields.SourceIp);

    private string Agent(Finding f) => run.Events.GetString(f.Event, FieldNames.GetOrAdd("user_agent.original"));

    [Fact]
    public async Task Few_sources_and_targets_have_names_and_the_sum_is_exact()
    {
        var flow = await Queries.AttackFlowAsync(tenant, Samples.Whole, new AttackFilter(), AttackerKey.Address, Stop);
        Assert.Equal(attacks.Count, flow.Rows.Sum(r => r.Count));
        Assert.Equal(5, flow.Sources.Count);
        Assert.Equal(flow.Sources.Select(s => s.Key).Append(AttackFlow.Rest).Order(), flow.Rows.Select(r => r.Source).Distinct().Order());
        Assert.Equal(attacks.Select(Ip).Distinct().Count(), flow.SourceCount);
        var byAddress = attacks.GroupBy(Ip).ToDictionary(g => g.Key, g => (long)g.Count());
        Assert.All(flow.Sources, s => Assert.Equal(byAddress[s.Key], flow.Rows.Where(r => r.Source == s.Key).Sum(r => r.Count)));
        var byEnd = attacks.GroupBy(f => (f.Rule.Class, f.Outcome)).ToDictionary(g => g.Key, g => (long)g.Count());
        Assert.Equal(byEnd, flow.Rows.GroupBy(r => (r.Class, r.Outcome)).ToDictionary(g => g.Key, g => g.Sum(r => r.Count)));
    }

    [Fact]
    public async Task A_filter_narrows_flow_methods_and_hours_alike()
    {
        var first = attacks[0];
        var filter = new AttackFilter { Classes = [first.Rule.Class], Outcome = first.Outcome, Address = Ip(first) };
        var expected = attacks.Count(f => f.Rule.Class == first.Rule.Class && f.Outcome == first.Outcome && Ip(f) == Ip(first));
        Assert.InRange(expected, 1, attacks.Count - 1);
        Assert.Equal(expected, (await Queries.AttackFlowAsync(tenant, Samples.Whole, filter, AttackerKey.Country, Stop)).Rows.Sum(r => r.Count));
        Assert.Equal(expected, (await Queries.AttackMethodsAsync(tenant, Samples.Whole, filter, 100, Stop)).Sum(m => m.Count));
        Assert.Equal(expected, (await Queries.AttackHoursAsync(tenant, Samples.Whole, filter, Stop)).Sum(h => h.Count));
        Assert.Equal(("", (long)expected), (await Queries.AttackRegionsAsync(tenant, Samples.Whole, filter, 10, Stop)).Select(r => (r.Key, r.Count)).Single());
    }

    [Theory]
    [InlineData("' OR 1=1 --"), InlineData("*"), InlineData("\0"), InlineData("{tenant:UInt32}")]
    public async Task Hostile_text_in_a_filter_finds_nothing(string text)
    {
        Assert.Empty((await Queries.AttackFlowAsync(tenant, Samples.Whole, new AttackFilter { Target = text }, AttackerKey.Network, Stop)).Rows);
        Assert.DoesNotContain((await Queries.AttackFlowAsync(tenant, Samples.Whole, new AttackFilter { Address = text }, AttackerKey.Address, Stop)).Rows, r => r.Source.Length > 0);
        Assert.Empty(await Queries.AttackMethodsAsync(tenant, Samples.Whole, new AttackFilter { Classes = [text], Country = text }, 10, Stop));
    }

    [Fact]
    public async Task A_range_holds_its_addresses_and_a_fingerprint_those_who_send_the_agent()
    {
        var ranges = await Queries.AttackerRangesAsync(tenant, Samples.Whole, 10, Stop);
        Assert.Equal(("203.0.113.0/24", (long)attacks.Select(Ip).Distinct().Count(), (long)attacks.Count), ranges.Select(r => (r.Who.Key, r.Addresses, r.Count)).First());
        var whole = await Queries.AttackerAddressesAsync(tenant, Samples.Whole, ranges[0].Who, 100, Stop);
        Assert.Equal(attacks.Select(Ip).Distinct().Order(), whole.Select(a => a.Address).Order());
        var part = AttackerSubject.Parse("203.0.113.0/28")!;
        Assert.Equal(attacks.Select(Ip).Where(part.Holds).Distinct().Order(), (await Queries.AttackerAddressesAsync(tenant, Samples.Whole, part, 100, Stop)).Select(a => a.Address).Order());

        var prints = await Queries.AttackerAgentsAsync(tenant, Samples.Whole, 100, Stop);
        var byAgent = attacks.Where(f => Agent(f).Length > 0).GroupBy(Agent).ToDictionary(g => g.Key, g => (long)g.Select(f => f.Event).Distinct().Count());
        Assert.Equal(byAgent, prints.ToDictionary(p => p.Agent, p => p.Count));
        var one = prints[0];
        Assert.Equal(attacks.Where(f => Agent(f) == one.Agent).Select(Ip).Distinct().Order(), (await Queries.AttackerAddressesAsync(tenant, Samples.Whole, one.Who, 100, Stop)).Select(a => a.Address).Order());
        Assert.Equal(one.Count, (await Queries.AttackerHistogramAsync(tenant, Samples.Whole, one.Who, TimeSpan.FromHours(1), Stop)).Sum(b => b.Count));
        Assert.Equal(one.Agent, (await Queries.AttackerTrafficAsync(tenant, Samples.Whole, AttackerSubject.Parse(one.Who.Key)!, Stop))!.TopAgents.Single().Agent);
    }

    [Fact]
    public async Task Records_of_an_attacker_come_in_order_and_page_by_page()
    {
        var who = AttackerSubject.Parse(Ip(attacks[0]))!;
        foreach (var attacksOnly in new[] { true, false })
        {
            var whole = await Queries.AttackerActsAsync(tenant, Samples.Whole, who, attacksOnly, null, 1000, Stop);
            var paged = new List<AttackerAct>();
            while (true)
            {
                var page = await Queries.AttackerActsAsync(tenant, Samples.Whole, who, attacksOnly, paged.Count == 0 ? null : new EventCursor(paged[^1].Time, paged[^1].Id), 3, Stop);
                if (page.Count == 0) break;
                paged.AddRange(page);
            }
            Assert.Equal(whole.Select(a => a.Id), paged.Select(a => a.Id));
            Assert.Equal(whole.OrderBy(a => a.Time).ThenBy(a => a.Id).Select(a => a.Id), whole.Select(a => a.Id));
            var mine = Enumerable.Range(0, Count).Count(i => run.Events.GetString(i, Fields.SourceIp) == who.Key);
            Assert.Equal(attacksOnly ? attacks.Where(f => Ip(f) == who.Key).Select(f => f.Event).Distinct().Count() : mine, whole.Count);
            Assert.All(whole, a => Assert.True(!attacksOnly || a.Rule.Length > 0));
            Assert.All(whole, a => Assert.NotEmpty(a.Raw));
        }
    }
}
