using Microsoft.Extensions.Logging.Abstractions;
using Palisade.Engine;
using Palisade.Engine.Rules.Policy;
using Palisade.Protocol;
using Palisade.Server.Audit;
using Palisade.Server.Mutes;
using Palisade.Server.Rules;
using Palisade.Server.Streaming;
using Palisade.Server.Tests.Control;

namespace Palisade.Server.Tests.Rules;

[Collection(nameof(SqliteControl))]
public sealed class SqliteRulesStoreTests(SqliteControl store) : RulesStoreTests(store);

[Collection(nameof(PostgresControl))]
public sealed class PostgresRulesStoreTests(PostgresControl store) : RulesStoreTests(store);

/// <summary>What is kept of tenants' rules and mutes, on each provider of the control store.</summary>
public abstract class RulesStoreTests(ControlFixture store)
{
    private static readonly CancellationToken Stop = CancellationToken.None;
    private static readonly EngineSnapshot Content = EngineContent.Load(
        [("rules/a.yml", "title: A\nid: a\nlogsource: { category: any }\ndetection: { s: { message: evil }, condition: s }\nlevel: high\n"u8.ToArray())], out _);

    private TestApp App => store.App;

    private TenantRules NewRules(LiveRules live) => new(App.Control, Content, live, TimeProvider.System, NullLogger<TenantRules>.Instance);

    private TenantMutes NewMutes(LiveRules live) => new(App.Control, live, TimeProvider.System, NullLogger<TenantMutes>.Instance);

    private static string Yaml(string id) => $"title: Own {id}\nid: {id}\nlogsource: {{ category: any }}\ndetection: {{ s: {{ message: evil }}, condition: s }}\n";

    [Fact]
    public async Task Choices_and_own_rules_are_in_force_again_after_a_restart()
    {
        var (mine, other) = ((await App.TenantAsync(store.NewName())).Id, (await App.TenantAsync(store.NewName())).Id);
        using var rules = NewRules(new LiveRules());
        Assert.Equal(RuleRefusal.None, (await rules.ChooseAsync(mine, "a", false, FindingLevel.Low, 0, Actor.System, Stop)).Refusal);
        Assert.Equal(RuleRefusal.Stale, (await rules.ChooseAsync(mine, "a", true, null, 0, Actor.System, Stop)).Refusal);
        Assert.Equal(RuleRefusal.NotFound, (await rules.ChooseAsync(mine, "b", true, null, null, Actor.System, Stop)).Refusal);
        Assert.Equal(RuleRefusal.None, (await rules.SaveAsync(mine, Yaml("own"), null, 0, Actor.System, Stop)).Refusal);
        Assert.Equal(RuleRefusal.IdTaken, (await rules.SaveAsync(mine, Yaml("own"), "other", null, Actor.System, Stop)).Refusal);

        var live = new LiveRules();
        using var again = NewRules(live);
        await again.StartingAsync(Stop);
        var policy = live.Current.Of(mine)!;
        Assert.False(policy.IsEnabled(Content.Rules.Rules[0]));
        Assert.Equal(["own"], policy.Own!.Own.Select(r => r.Id));
        Assert.Null(live.Current.Of(other));
        Assert.Equal([("a", false, FindingLevel.Low), ("own", true, FindingLevel.Medium)], (await again.ListAsync(mine, Stop)).Select(r => (r.Info.Id, r.Enabled, r.Level)));
        Assert.Equal([("a", true, FindingLevel.High)], (await again.ListAsync(other, Stop)).Select(r => (r.Info.Id, r.Enabled, r.Level)));
        Assert.False(await again.RemoveAsync(other, "own", Actor.System, Stop));
        Assert.True(await again.RemoveAsync(mine, "own", Actor.System, Stop));
        Assert.Null(live.Current.Of(mine)!.Own);
    }

    [Fact]
    public async Task Pipelines_and_placeholders_hold_for_own_rules_after_a_restart_too()
    {
        var (mine, other) = ((await App.TenantAsync(store.NewName())).Id, (await App.TenantAsync(store.NewName())).Id);
        var live = new LiveRules();
        using var rules = NewRules(live);
        var pipelines = new TenantPipelines(App.Control, rules, live, TimeProvider.System);
        foreach (var tenant in new[] { mine, other }) await rules.SaveAsync(tenant, Yaml("own"), null, 0, Actor.System, Stop);
        Assert.Equal(PipelineRefusal.None, (await pipelines.SaveAsync(mine, "网关 1", "transformations: [ { type: rule_failure, message: 不适用 } ]", 0, Actor.System, Stop)).Refusal);
        var (_, _, saved) = await pipelines.SavePlaceholdersAsync(mine, new Dictionary<string, IReadOnlyList<string>> { ["b"] = ["%", "\"quoted\" 值"], ["a"] = ["x"] }, 0, Actor.System, Stop);
        Assert.Equal(1, saved!.Version);

        var fresh = new LiveRules();
        using var again = NewRules(fresh);
        await again.StartingAsync(Stop);
        var restarted = new TenantPipelines(App.Control, again, fresh, TimeProvider.System);
        Assert.Equal(["不适用"], restarted.Refused(mine).SelectMany(r => r.Problems).Select(p => p.Message));
        Assert.Empty(restarted.Refused(other));
        Assert.Equal(["%", "\"quoted\" 值"], (await restarted.PlaceholdersAsync(mine, Stop)).Values["b"]);
        Assert.Empty((await restarted.PlaceholdersAsync(other, Stop)).Values);
        Assert.Empty(await restarted.ListAsync(other, Stop));
        Assert.Equal(PipelineRefusal.NotFound, await restarted.RemoveAsync(other, "网关 1", null, Actor.System, Stop));
        Assert.Equal(PipelineRefusal.None, await restarted.RemoveAsync(mine, "网关 1", 1, Actor.System, Stop));
        Assert.Empty(restarted.Refused(mine));
    }

    [Fact]
    public async Task Versions_of_an_own_rule_are_bounded_and_the_newest_counts()
    {
        var tenant = (await App.TenantAsync(store.NewName())).Id;
        using var rules = NewRules(new LiveRules());
        for (var i = 0; i < TenantRules.MaxVersions + 3; i++) Assert.NotNull((await rules.SaveAsync(tenant, Yaml("own").Replace("title: Own", $"title: Take {i}"), null, null, Actor.System, Stop)).Rule);
        var versions = await rules.VersionsAsync(tenant, "own", Stop);
        Assert.Equal((TenantRules.MaxVersions, TenantRules.MaxVersions + 3L), (versions.Count, versions[0].Version));
        Assert.StartsWith($"Take {TenantRules.MaxVersions + 2}", (await rules.FindAsync(tenant, "own", Stop))!.Info.Name);
    }

    [Fact]
    public async Task Mutes_come_back_after_a_restart_with_their_numbers_and_counts()
    {
        var tenant = (await App.TenantAsync(store.NewName())).Id;
        using var mutes = NewMutes(new LiveRules());
        var expires = TimeProvider.System.GetUtcNow().AddDays(1);
        var first = (await mutes.AddAsync(tenant, [new("rule.id", MuteTest.Is, "a")], "known", expires, null, Actor.System, Stop)).Mute!;
        var second = (await mutes.AddAsync(tenant, [new("source.ip", MuteTest.Within, "10.0.0.0/8")], "inside", expires, null, Actor.System, Stop)).Mute!;
        Assert.True(await mutes.EndAsync(tenant, first.Id, Actor.System, Stop));
        Assert.False(await mutes.EndAsync(tenant, first.Id, Actor.System, Stop));
        mutes.Hid(tenant, 2, 3, 1_790_000_000_000);
        mutes.Hid(tenant, 2, 4, 1_780_000_000_000);
        await mutes.FlushAsync(Stop);
        await mutes.FlushAsync(Stop);

        var live = new LiveRules();
        using var again = NewMutes(live);
        await again.StartingAsync(Stop);
        Assert.Equal([2], live.Current.Of(tenant)!.Mutes.Select(m => m.Number));
        var row = await again.FindAsync(tenant, second.Id, Stop);
        Assert.Equal((7L, 1_790_000_000_000L), (row!.Hidden, row.LastHidden!.Value.ToUnixTimeMilliseconds()));
        Assert.Equal(3, (await again.AddAsync(tenant, [new("rule.id", MuteTest.Is, "b")], "more", expires, null, Actor.System, Stop)).Mute!.Number);
    }
}
