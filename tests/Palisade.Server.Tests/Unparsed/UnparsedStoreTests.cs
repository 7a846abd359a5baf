using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Palisade.Engine;
using Palisade.Server.Audit;
using Palisade.Server.Streaming;
using Palisade.Server.Tests.Control;
using Palisade.Server.Unparsed;

namespace Palisade.Server.Tests.Unparsed;

/// <summary>What is kept of unread lines and of tenants' sources, on each provider of the control store.</summary>
public abstract class UnparsedStoreTests(ControlFixture store)
{
    private const string Yaml = "name: pay\npatterns:\n  - { id: line, match: 'pay %{event.action:word} from=%{source:endpoint}' }\n";

    private TestApp App => store.App;

    private UnparsedGroups NewGroups() => new(App.Control, TimeProvider.System);

    private OwnParsers NewParsers(LiveParsers live) => new(App.Control, live, TimeProvider.System, NullLogger<OwnParsers>.Instance);

    private static LiveParsers NewLive() => new(EngineContent.Load([("sources/web/source.yml", "name: web\ndetect: 10\npatterns: [ { match: 'web %{message:rest}' } ]\n"u8.ToArray())], out _));

    private static byte[] Line(string text) => Encoding.UTF8.GetBytes(text);

    [Fact]
    public async Task Groups_come_back_after_a_restart_and_count_on()
    {
        var (mine, other) = ((await App.TenantAsync(store.NewName())).Id, (await App.TenantAsync(store.NewName())).Id);
        var groups = NewGroups();
        await groups.AddAsync(mine, 7, Line("job 1 took 5ms on web \0"), 1_790_000_000_000);
        await groups.AddAsync(mine, 7, Line("job 2 took 6ms on web"), 1_790_000_005_000);
        await groups.AddAsync(other, 9, Line("disk full"), 1_790_000_000_000);
        await groups.FlushAsync(CancellationToken.None);
        var before = Assert.Single((await groups.ListAsync(mine)).Groups);

        var again = NewGroups();
        var after = Assert.Single((await again.ListAsync(mine)).Groups);
        Assert.Equal((before.Id, before.Pattern, before.Template, 2L, 7u), (after.Id, after.Pattern, after.Template, after.Count, after.SourceId));
        Assert.Equal((1_790_000_000_000, 1_790_000_005_000), (after.FirstSeen.ToUnixTimeMilliseconds(), after.LastSeen.ToUnixTimeMilliseconds()));
        await again.AddAsync(mine, 7, Line("job 3 took 7ms on web"), 1_790_000_009_000);
        Assert.Equal(3, (await again.FindAsync(mine, after.Id))!.Count);
        Assert.Null(await again.FindAsync(other, after.Id));
        Assert.False(await again.RemoveAsync(other, after.Id, Actor.System, CancellationToken.None));
    }

    [Fact]
    public async Task Ignored_groups_stay_ignored_removed_ones_are_gone_and_both_are_audited()
    {
        var tenant = (await App.TenantAsync(store.NewName())).Id;
        var groups = NewGroups();
        await groups.AddAsync(tenant, 1, Line("noise a=1"), 1);
        await groups.AddAsync(tenant, 1, Line("waste: b"), 1);
        var all = (await groups.ListAsync(tenant)).Groups;
        var (noise, waste) = (all.Single(g => g.Template.StartsWith("noise")).Id, all.Single(g => g.Template.StartsWith("waste")).Id);
        Assert.True(await groups.IgnoreAsync(tenant, noise, true, Actor.System, CancellationToken.None));
        Assert.True(await groups.RemoveAsync(tenant, waste, Actor.System, CancellationToken.None));
        var left = Assert.Single((await NewGroups().ListAsync(tenant)).Groups);
        Assert.Equal((noise, true), (left.Id, left.Ignored));
        Assert.Equal(["unparsed.ignore", "unparsed.remove"], (await App.AuditAsync(tenant)).Select(e => e.Action).TakeLast(2));
    }

    [Fact]
    public async Task Many_shapes_do_not_push_out_those_that_are_seen_again_and_again()
    {
        var tenant = (await App.TenantAsync(store.NewName())).Id;
        var groups = NewGroups();
        for (var i = 0; i < 3; i++) await groups.AddAsync(tenant, 1, Line($"steady={i} beat"), i);
        for (var i = 0; i < 500; i++) await groups.AddAsync(tenant, 1, Line($"noise{string.Concat(Enumerable.Repeat(';', i + 1))}x"), 10 + i);
        await groups.FlushAsync(CancellationToken.None);
        var (all, overlooked) = await groups.ListAsync(tenant);
        Assert.Equal((UnparsedShelf.MaxGroups, 0L), (all.Count, overlooked));
        Assert.Equal(3, all.Single(g => g.Template.Contains("beat")).Count);
        Assert.Equal(UnparsedShelf.MaxGroups, (await NewGroups().ListAsync(tenant)).Groups.Count);
    }

    [Fact]
    public async Task A_source_is_in_force_when_it_is_saved_and_after_a_restart_for_its_tenant_alone()
    {
        var (mine, other) = ((await App.TenantAsync(store.NewName())).Id, (await App.TenantAsync(store.NewName())).Id);
        var live = NewLive();
        var parsers = NewParsers(live);
        var first = await parsers.SaveAsync(mine, Yaml, ["pay DENY from=192.0.2.1"], null, Actor.System, CancellationToken.None);
        Assert.Equal((ParserRefusal.None, 1L), (first.Refusal, first.Parser!.Version));
        Assert.True(live.Current.IndexOf(mine, "pay") >= 0);
        Assert.Equal((-1, -1), (live.Current.IndexOf(other, "pay"), live.Current.IndexOf("pay")));

        var second = await parsers.SaveAsync(mine, Yaml.Replace("pay %", "PAY %"), [], 1, Actor.System, CancellationToken.None);
        Assert.Equal(2, second.Parser!.Version);
        Assert.Equal(ParserRefusal.Stale, (await parsers.SaveAsync(mine, Yaml, [], 1, Actor.System, CancellationToken.None)).Refusal);

        var restarted = NewLive();
        await NewParsers(restarted).StartingAsync(CancellationToken.None);
        Assert.True(restarted.Current.IndexOf(mine, "pay") >= 0);
        Assert.Equal(-1, restarted.Current.IndexOf(other, "pay"));
        Assert.Contains("PAY", (await parsers.FindAsync(mine, "pay", CancellationToken.None))!.Yaml);
        Assert.Null(await parsers.FindAsync(other, "pay", CancellationToken.None));

        Assert.False(await parsers.RemoveAsync(other, "pay", Actor.System, CancellationToken.None));
        Assert.True(await parsers.RemoveAsync(mine, "pay", Actor.System, CancellationToken.None));
        Assert.Equal(-1, live.Current.IndexOf(mine, "pay"));
        Assert.Equal(["parser.save", "parser.save", "parser.remove"], (await App.AuditAsync(mine)).Select(e => e.Action).TakeLast(3));
    }

    [Fact]
    public async Task What_is_wrong_is_refused_with_its_reason_and_nothing_is_stored()
    {
        var tenant = (await App.TenantAsync(store.NewName())).Id;
        var live = NewLive();
        var parsers = NewParsers(live);
        async Task<ParserSaved> Save(string yaml, params string[] samples) => await parsers.SaveAsync(tenant, yaml, samples, null, Actor.System, CancellationToken.None);
        var wrong = await Save("name: x\npatterns:\n  - match: 'a %{b:wrod}'\n");
        Assert.Equal((ParserRefusal.Wrong, "SRC006", 3), (wrong.Refusal, wrong.Diagnostics[0].Code, wrong.Diagnostics[0].Line));
        Assert.Equal(ParserRefusal.NameTaken, (await Save(Yaml.Replace("name: pay", "name: WEB"))).Refusal);
        Assert.Equal(ParserRefusal.BadName, (await Save(Yaml.Replace("name: pay", "name: a/b"))).Refusal);
        Assert.Equal(ParserRefusal.BadSamples, (await Save(Yaml, [.. Enumerable.Repeat("pay a from=b", OwnParsers.MaxSamples + 1)])).Refusal);
        var unread = await Save(Yaml, "pay A from=x", "other", "pay");
        Assert.Equal((ParserRefusal.Unread, "2 3"), (unread.Refusal, string.Join(' ', unread.Unread)));
        Assert.Empty(await parsers.ListAsync(tenant, CancellationToken.None));
        for (var i = 0; i < OwnParsers.MaxPerTenant; i++) Assert.Equal(ParserRefusal.None, (await Save(Yaml.Replace("name: pay", $"name: p{i}"))).Refusal);
        Assert.Equal(ParserRefusal.TooMany, (await Save(Yaml)).Refusal);
    }

    [Fact]
    public async Task Old_versions_are_let_go()
    {
        var tenant = (await App.TenantAsync(store.NewName())).Id;
        var parsers = NewParsers(NewLive());
        for (var i = 0; i < OwnParsers.MaxVersions + 3; i++) await parsers.SaveAsync(tenant, Yaml + $"# {i}\n", [], null, Actor.System, CancellationToken.None);
        await using var db = App.Control.For(tenant);
        Assert.Equal(OwnParsers.MaxVersions, db.Set<OwnParser>().Count());
        Assert.Equal(OwnParsers.MaxVersions + 3, (await parsers.FindAsync(tenant, "pay", CancellationToken.None))!.Version);
    }
}

[Collection(nameof(SqliteControl))]
public sealed class SqliteUnparsedStoreTests(SqliteControl store) : UnparsedStoreTests(store);

[Collection(nameof(PostgresControl))]
public sealed class PostgresUnparsedStoreTests(PostgresControl store) : UnparsedStoreTests(store);
