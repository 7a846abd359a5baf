using Microsoft.Extensions.DependencyInjection;
using Palisade.Engine;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Policy;
using Palisade.Server.Audit;
using Palisade.Server.Identity;
using Palisade.Server.Mutes;
using Palisade.Server.Rules;
using Palisade.Server.Tenants;

namespace Palisade.Server.Tests.Rules;

/// <summary>The pages of rules, mutes and backtests as the server first draws them.</summary>
public sealed class RulePagesTests
{
    private const string ShippedId = "11111111-1111-4111-8111-111111111111", CountId = "33333333-3333-4333-8333-333333333333";
    private const string Shipped = $"title: Shipped one\nid: {ShippedId}\nname: shipped\nstatus: test\ntags: [attack.t1110.001, attack.credential-access]\nlogsource: {{ category: any }}\ndetection: {{ a: {{ message|contains: evil }}, condition: a }}\nlevel: high\nfalsepositives: [A <b>test</b>]\n";
    private const string Count = $"title: Counted\nid: {CountId}\ncorrelation: {{ type: event_count, rules: [shipped], group-by: [source.ip], timespan: 5m, condition: {{ gte: 4 }} }}\nlevel: critical\n";
    private const string Hostile = "title: '<script>alert(1)</script>'\nid: own-1\nlogsource: { category: any }\ndetection: { a: { message|contains: \"\\e[31m<img src=x>\" }, condition: a }\nlevel: low\n";

    private static Task<TestApp> StartAsync() => TestApp.StartAsync(adjust: services => services.AddSingleton(EngineContent.Load(
        [
            ("sources/web/source.yml", "name: web\ndetect: 10\npatterns: [ { match: 'web %{source.ip:ip} %{message:rest}' } ]\n"u8.ToArray()),
            ("rules/shipped.yml", System.Text.Encoding.UTF8.GetBytes(Shipped)),
            ("rules/shipped.test.yml", "hit:\n  - 'web 192.0.2.1 an evil thing'\nmiss:\n  - 'web 192.0.2.1 a good thing'\n"u8.ToArray()),
            ("correlations/count.yml", System.Text.Encoding.UTF8.GetBytes(Count)),
        ], out _)));

    private static Task<string> PageAsync(HttpClient client, Tenant tenant, string path) => client.GetStringAsync(new Uri($"/t/{tenant.Slug}/config/{path}", UriKind.Relative));

    [Fact]
    public async Task The_list_narrows_by_its_address_and_shows_switches_to_those_who_may_use_them()
    {
        await using var app = await StartAsync();
        var tenant = await app.TenantAsync("Mine");
        await app.Service<TenantRules>().SaveAsync(tenant.Id, Hostile, null, null, Actor.System, CancellationToken.None);
        await app.Service<TenantRules>().ChooseAsync(tenant.Id, CountId, false, null, null, Actor.System, CancellationToken.None);
        await app.MemberAsync(tenant, Role.Viewer);
        using var owner = await app.SignedInAsync(tenant);
        var whole = await PageAsync(owner, tenant, "rules");
        Assert.Contains("3 rules, 2 on", whole);
        Assert.Contains("role=\"switch\"", whole);
        Assert.DoesNotContain("<script>alert(1)", whole);
        Assert.Contains("Shipped one", await PageAsync(owner, tenant, "rules?q=t1110"));
        Assert.DoesNotContain("Shipped one", await PageAsync(owner, tenant, "rules?level=critical"));
        var off = await PageAsync(owner, tenant, "rules?state=off");
        Assert.True(off.Contains("Counted", StringComparison.Ordinal) && !off.Contains("Shipped one", StringComparison.Ordinal));
        Assert.Contains("own-1", await PageAsync(owner, tenant, "rules?area=own&page=77"));
        Assert.Contains("No rule fits", await PageAsync(owner, tenant, "rules?q=nowhere&class=none"));
        using var viewer = await app.SignedInAsync(tenant, Role.Viewer);
        Assert.DoesNotContain("role=\"switch\"", await PageAsync(viewer, tenant, "rules"));
        Assert.Contains("Your role does not import rules", await PageAsync(viewer, tenant, "rules-import"));
    }

    [Fact]
    public async Task A_rule_shows_its_text_its_tests_what_counts_it_and_what_mutes_it()
    {
        await using var app = await StartAsync();
        var tenant = await app.TenantAsync("Mine");
        await app.Service<TenantMutes>().AddAsync(tenant.Id, [new(Mute.RuleField, MuteTest.Is, ShippedId)], "our scanner", TimeProvider.System.GetUtcNow().AddDays(3), null, Actor.System, CancellationToken.None);
        await app.Service<TenantRules>().SaveAsync(tenant.Id, Hostile, null, null, Actor.System, CancellationToken.None);
        using var owner = await app.SignedInAsync(tenant);
        var page = await PageAsync(owner, tenant, $"rules/{ShippedId}?logic=yaml");
        foreach (var part in new[] { "Shipped one", "https://attack.mitre.org/techniques/T1110/001/", "an evil thing", "our scanner", "A &lt;b&gt;test&lt;/b&gt;", $"config/rules/{CountId}", "<span class=\"k\">title</span>", "rel=\"noreferrer noopener\"" })
            Assert.Contains(part, page);
        var counted = await PageAsync(owner, tenant, $"rules/{CountId}");
        Assert.Contains("at least 4", counted);
        Assert.Contains($"config/rules/{ShippedId}", counted);
        var own = await PageAsync(owner, tenant, "rules/own-1?logic=yaml");
        Assert.DoesNotContain("<img src", own);
        Assert.Contains("There is no such rule here", await PageAsync(owner, tenant, "rules/none"));
        Assert.Contains("There is no such backtest here", await PageAsync(owner, tenant, $"backtests/{Guid.Empty}"));
    }

    [Fact]
    public async Task What_rules_can_do_here_is_remembered_until_own_rules_change()
    {
        await using var app = await StartAsync();
        var tenant = await app.TenantAsync("Mine");
        var memory = app.Service<ReachMemory>();
        Assert.Null(memory.Recall(tenant.Id));
        var reach = await memory.AskAsync(tenant.Id, CancellationToken.None);
        Assert.Same(reach, memory.Recall(tenant.Id));
        Assert.Null(reach.Records);
        Assert.Equal((ReachVerdict.NoEvents, ReachVerdict.NoRules), (reach.Rules[ShippedId].Verdict, reach.Rules[CountId].Verdict));
        await app.Service<TenantRules>().SaveAsync(tenant.Id, Hostile, null, null, Actor.System, CancellationToken.None);
        Assert.Null(memory.Recall(tenant.Id));
        Assert.True((await memory.AskAsync(tenant.Id, CancellationToken.None)).Rules.ContainsKey("own-1"));
        var text = app.Service<TenantRules>().Shipped.Find("shipped")!;
        Assert.Equal([true, false], app.Service<RuleWorkbench>().RunSamples(text));
    }

    [Fact]
    public async Task Pipelines_are_shown_with_what_they_refuse_and_edited_by_those_who_may()
    {
        await using var app = await StartAsync();
        var tenant = await app.TenantAsync("Mine");
        using var owner = await app.SignedInAsync(tenant);
        var empty = await PageAsync(owner, tenant, "rules-pipelines");
        foreach (var part in new[] { "There is no pipeline yet", "Begin with an example", "id=\"pipes-text\"", "id=\"place-text\"" }) Assert.Contains(part, empty);
        var pipelines = app.Service<TenantPipelines>();
        Assert.NotNull((await pipelines.SaveAsync(tenant.Id, "example", PipelineExample.Pipeline, 0, Actor.System, CancellationToken.None)).Pipeline);
        await app.Service<TenantRules>().SaveAsync(tenant.Id, Hostile, null, null, Actor.System, CancellationToken.None);
        await pipelines.SaveAsync(tenant.Id, "refuses", "name: <b>no</b>\ntransformations: [ { type: rule_failure, message: '<i>never</i>' } ]\n", 0, Actor.System, CancellationToken.None);
        var examples = PlaceholderFile.Read("placeholders.yml", System.Text.Encoding.UTF8.GetBytes(PipelineExample.Placeholders), out var problems);
        Assert.Empty(problems);
        Assert.NotNull((await pipelines.SavePlaceholdersAsync(tenant.Id, examples, 0, Actor.System, CancellationToken.None)).Placeholders);

        var page = await PageAsync(owner, tenant, "rules-pipelines?open=refuses");
        foreach (var part in new[] { "&lt;b&gt;no&lt;/b&gt;", "&lt;i&gt;never&lt;/i&gt;", "Own rules that do not load", "config/rules/own-1", "administrators", "admin*", "2 names" }) Assert.Contains(part, page);
        Assert.DoesNotContain("<i>never", page);
        Assert.Contains("src_ip: source.ip", await PageAsync(owner, tenant, "rules-pipelines?open=example"));
        Assert.Contains("There is no such pipeline here", await PageAsync(owner, tenant, "rules-pipelines?open=none"));
        var rule = await PageAsync(owner, tenant, "rules/own-1");
        foreach (var part in new[] { "This rule does not load", "SIG083", "&lt;i&gt;never&lt;/i&gt;" }) Assert.Contains(part, rule);

        await app.MemberAsync(tenant, Role.Viewer);
        using var viewer = await app.SignedInAsync(tenant, Role.Viewer);
        var seen = await PageAsync(viewer, tenant, "rules-pipelines?open=example");
        Assert.Contains("Admins and owners change pipelines", seen);
        Assert.Contains("field_name_mapping", seen);
        foreach (var part in new[] { "id=\"pipes-save\"", "id=\"place-save\"", "id=\"pipes-text\"" }) Assert.DoesNotContain(part, seen);
    }

    [Fact]
    public void What_people_edit_as_placeholders_reads_back_the_same()
    {
        var values = new Dictionary<string, IReadOnlyList<string>> { ["a:b"] = ["x # y", "  - z", "\"quoted\"", "back\\slash", "管理员", "\t", "yes", "12", "{{ }}"], ["null"] = ["~"] };
        var read = PlaceholderFile.Read("placeholders.yml", System.Text.Encoding.UTF8.GetBytes(RulePassage.Yaml(values)), out var problems);
        Assert.Empty(problems);
        Assert.Equal(values.Select(v => (v.Key, string.Join('|', v.Value))), read.Select(v => (v.Key, string.Join('|', v.Value))));
    }

    [Fact]
    public async Task A_choice_asks_for_the_role_of_the_person_anew()
    {
        await using var app = await StartAsync();
        var tenant = await app.TenantAsync("Mine");
        var user = await app.MemberAsync(tenant, Role.Analyst);
        Server.Console.Scene As(User person, Role claimed) => new(
            new(person.Id, "x", "x", []), new(tenant.Id, tenant.Slug, tenant.Name, claimed, "UTC"), Server.Console.TimeRange.Parse(null, null, TimeProvider.System.GetUtcNow()));
        var desk = app.Service<RuleDesk>();
        // The page still believes in the role of yesterday.
        Assert.Equal(RuleChoiceResult.NotAllowed, (await desk.ChooseAsync(As(user, Role.Admin), ShippedId, false, null, 0, CancellationToken.None)).Result);
        var admin = await app.MemberAsync(tenant, Role.Admin);
        Assert.Equal(RuleChoiceResult.None, (await desk.ChooseAsync(As(admin, Role.Admin), ShippedId, false, null, 0, CancellationToken.None)).Result);
        Assert.Equal(RuleChoiceResult.Stale, (await desk.ChooseAsync(As(admin, Role.Admin), ShippedId, true, null, 0, CancellationToken.None)).Result);
        var entry = Assert.Single(await app.AuditAsync(tenant.Id), e => e.Action == "rule.choose");
        Assert.Equal(admin.Id.ToString(), entry.ActorId);
    }

    [Fact]
    public async Task A_mute_that_was_ended_is_in_force_again_when_that_is_taken_back()
    {
        await using var app = await StartAsync();
        var tenant = await app.TenantAsync("Mine");
        var alert = await app.AlertAsync(TestApp.Finding(tenant.Id));
        var mutes = app.Service<TenantMutes>();
        var mute = (await mutes.AddAsync(tenant.Id, [new("source.ip", MuteTest.Within, "192.0.2.0/24")], "our <i>scanner</i>", TimeProvider.System.GetUtcNow().AddDays(3), null, Actor.System, CancellationToken.None)).Mute!;
        Assert.False(await mutes.ResumeAsync(tenant.Id, mute.Id, Actor.System, CancellationToken.None));
        Assert.True(await mutes.EndAsync(tenant.Id, mute.Id, Actor.System, CancellationToken.None));
        using var owner = await app.SignedInAsync(tenant);
        Assert.DoesNotContain("192.0.2.0/24", await PageAsync(owner, tenant, "mutes"));
        Assert.Contains("Put in force again", await PageAsync(owner, tenant, "mutes?state=over"));
        Assert.Contains("192.0.2.0/24", await PageAsync(owner, tenant, "mutes?open=1"));
        Assert.True(await mutes.ResumeAsync(tenant.Id, mute.Id, Actor.System, CancellationToken.None));
        Assert.Contains("our &lt;i&gt;scanner&lt;/i&gt;", await PageAsync(owner, tenant, "mutes"));
        Assert.Equal(["mute.create", "mute.end", "mute.resume"], (await app.AuditAsync(tenant.Id)).Select(e => e.Action).Where(a => a.StartsWith("mute.", StringComparison.Ordinal)));
        Assert.Contains("203.0.113.5", await PageAsync(owner, tenant, $"mutes/add?alert={alert.Id}"));
        Assert.Contains("not there any more", await PageAsync(owner, tenant, "mutes/add?alert=none"));
        await app.MemberAsync(tenant, Role.Viewer);
        using var viewer = await app.SignedInAsync(tenant, Role.Viewer);
        Assert.Contains("Your role does not mute", await PageAsync(viewer, tenant, "mutes/add"));
    }
}
