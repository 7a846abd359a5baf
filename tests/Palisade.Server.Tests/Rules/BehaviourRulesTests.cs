using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Palisade.Engine;
using Palisade.Engine.Rules.Policy;
using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Audit;
using Palisade.Server.Mutes;
using Palisade.Server.Rules;
using Palisade.Server.Streaming;
using Palisade.Server.Tenants;
using Palisade.Server.Tokens;

namespace Palisade.Server.Tests.Rules;

/// <summary>Built-in behaviours as rules: listed, shown, switched and given a level by each tenant.</summary>
public sealed class BehaviourRulesTests
{
    private const string Scan = "behaviour.scan", Travel = "behaviour.travel", MarkId = "11111111-1111-4111-8111-111111111111";
    private const string Content = """
        classes: [ { class: scanner, phase: recon, en: Vulnerability scan, zh: 漏洞扫描 } ]
        rules:
          - id: behaviour.scan
            class: scanner
            level: medium
            tags: [attack.reconnaissance, attack.t1595.002]
            title: { en: A program looks for weak spots, zh: 程序化扫描站点弱点 }
            happened: { en: Many pages that do not exist were tried., zh: 大量尝试不存在的页面。 }
            todo: { en: Block the address for a while., zh: 临时封禁该地址。 }
          - id: behaviour.travel
            kind: anomaly
            class: stolen_account
            level: medium
            title: { en: A journey too fast, zh: 异地登录 }
        """;
    private const string Mark = $"title: Mark\nid: {MarkId}\nlogsource: {{ category: any }}\ndetection: {{ a: {{ message|contains: evil }}, condition: a }}\nlevel: high\n";

    private static Task<TestApp> StartAsync() => TestApp.StartAsync(adjust: services => services.AddSingleton(EngineContent.Load(
        [
            ("sources/web/source.yml", "name: web\ndetect: 10\npatterns: [ { match: 'web %{source.ip:ip} %{http.response.status_code:int} %{url.original:word}' }, { match: 'say %{source.ip:ip} %{message:rest}' } ]\n"u8.ToArray()),
            ("lookups/incidents/content.yml", System.Text.Encoding.UTF8.GetBytes(Content)),
            ("rules/mark.yml", System.Text.Encoding.UTF8.GetBytes(Mark)),
        ], out _)));

    /// <summary>Many pages that are not there, then a line that a rule finds: once that is an alert, all before it was judged.</summary>
    private static async Task ScanAsync(TestApp app, Tenant tenant, string ip, string? mark = null)
    {
        mark ??= ip;
        using var sender = app.WithToken(await app.TokenAsync(tenant, TokenScope.Ingest));
        var lines = Enumerable.Range(0, 60).Select(i => $"web {ip} 404 /{(char)('a' + i % 26)}{(char)('a' + i / 26)}-backup.zip").Append($"say {mark} evil");
        using var body = new StringContent(string.Join('\n', lines) + "\n");
        using var answer = await sender.PostAsync(new Uri("/ingest/raw?source=gateway", UriKind.Relative), body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        await TestApp.UntilAsync("the line behind the scan is an alert", async () => (await AlertsAsync(app, tenant)).Exists(a => a.RuleId == MarkId && a.SourceIp == mark));
    }

    private static async Task<List<Alert>> AlertsAsync(TestApp app, Tenant tenant)
    {
        await using var db = app.Control.For(tenant.Id);
        return await db.Set<Alert>().AsNoTracking().ToListAsync();
    }

    private static async Task<Alert?> ScanAlertAsync(TestApp app, Tenant tenant, string ip) => (await AlertsAsync(app, tenant)).SingleOrDefault(a => a.RuleId == Scan && a.SourceIp == ip);

    private static async Task<JsonNode> GetAsync(HttpClient client, string path) => JsonNode.Parse(await client.GetStringAsync(new Uri(path, UriKind.Relative)))!;

    private static async Task<JsonNode> PatchAsync(HttpClient client, object choice)
    {
        using var answer = await client.PatchAsJsonAsync($"/api/v1/rules/{Scan}", choice);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
    }

    [Fact]
    public async Task Behaviours_and_anomalies_are_listed_and_have_a_page_and_their_ids_are_taken()
    {
        await using var app = await StartAsync();
        var tenant = await app.TenantAsync("Mine");
        using var client = app.WithToken(await app.TokenAsync(tenant, TokenScope.Write));
        Assert.Equal([Scan], ((JsonArray)(await GetAsync(client, "/api/v1/rules?area=behaviour"))["items"]!).Select(r => (string)r!["id"]!));
        Assert.Equal([Travel], ((JsonArray)(await GetAsync(client, "/api/v1/rules?area=anomaly"))["items"]!).Select(r => (string)r!["id"]!));
        var one = await GetAsync(client, $"/api/v1/rules/{Scan}");
        Assert.Equal(("", "behaviour", "medium", "T1595.002", false), ((string)one["yaml"]!, (string)one["rule"]!["kind"]!, (string)one["rule"]!["level"]!, (string)one["rule"]!["techniques"]![0]!, (bool)one["rule"]!["own"]!));
        using var taken = await client.PostAsJsonAsync("/api/v1/rules", new { yaml = Mark.Replace(MarkId, Scan) });
        Assert.Equal(HttpStatusCode.Conflict, taken.StatusCode);

        using var owner = await app.SignedInAsync(tenant);
        var list = await owner.GetStringAsync(new Uri($"/t/{tenant.Slug}/config/rules", UriKind.Relative));
        Assert.Contains($"config/rules/{Scan}", list);
        Assert.Contains("Anomalies", list);
        var page = await owner.GetStringAsync(new Uri($"/t/{tenant.Slug}/config/rules/{Scan}", UriKind.Relative));
        foreach (var part in new[] { "A program looks for weak spots", "Many pages that do not exist were tried.", "Block the address for a while.", "https://attack.mitre.org/techniques/T1595/002/", "This rule is built in", "role=\"switch\"" })
            Assert.Contains(part, page);
        Assert.DoesNotContain("logic=yaml", page);
    }

    [Fact]
    public async Task A_behaviour_switched_off_makes_no_alert_and_no_incident_in_that_tenant_alone_and_has_the_level_it_was_given()
    {
        await using var app = await StartAsync();
        var (mine, other) = (await app.TenantAsync("Mine"), await app.TenantAsync("Other"));
        using var client = app.WithToken(await app.TokenAsync(mine, TokenScope.Write));
        Assert.False((bool)(await PatchAsync(client, new { enabled = false }))["enabled"]!);
        await ScanAsync(app, mine, "192.0.2.1");
        await ScanAsync(app, other, "192.0.2.1");
        Assert.Equal(FindingLevel.Medium, (await ScanAlertAsync(app, other, "192.0.2.1"))?.Level);
        Assert.Null(await ScanAlertAsync(app, mine, "192.0.2.1"));
        Assert.DoesNotContain("scanner", (await GetAsync(client, "/api/v1/incidents")).ToJsonString());

        var raised = await PatchAsync(client, new { enabled = true, level = "critical" });
        Assert.Equal(("critical", "medium"), ((string)raised["level"]!, (string)raised["own_level"]!));
        await ScanAsync(app, mine, "192.0.2.2");
        var alert = await ScanAlertAsync(app, mine, "192.0.2.2");
        Assert.Equal(FindingLevel.Critical, alert?.Level);
        using var owner = await app.SignedInAsync(mine);
        Assert.Contains($"config/rules/{Scan}", await owner.GetStringAsync(new Uri($"/t/{mine.Slug}/alerts?status=all&open={alert!.Id}", UriKind.Relative)));
    }

    [Fact]
    public async Task A_mute_that_names_a_behaviour_mutes_its_alert_counts_it_and_keeps_its_incident_away()
    {
        await using var app = await StartAsync();
        var (tenant, other) = (await app.TenantAsync("Mine"), await app.TenantAsync("Other"));
        await app.Service<TenantMutes>().AddAsync(tenant.Id, [new(Mute.RuleField, MuteTest.Is, Scan)], "our scanner", TimeProvider.System.GetUtcNow().AddDays(3), null, Actor.System, CancellationToken.None);
        // From elsewhere: what a rule finds of the address itself would be told with all that it did.
        await ScanAsync(app, tenant, "192.0.2.3", "198.51.100.9");
        Assert.Equal(AlertStatus.Muted, (await ScanAlertAsync(app, tenant, "192.0.2.3"))?.Status);
        await ScanAsync(app, other, "192.0.2.3");
        await TestApp.UntilAsync("the other tenant has the incident", async () => (await IncidentsAsync(app, other)).Contains("scanner", StringComparison.Ordinal));
        Assert.DoesNotContain("scanner", await IncidentsAsync(app, tenant), StringComparison.Ordinal);
        await app.Service<TenantMutes>().FlushAsync(CancellationToken.None);
        Assert.Equal(1, (await app.Service<TenantMutes>().ListAsync(tenant.Id, CancellationToken.None))[0].Hidden);
    }

    private static async Task<string> IncidentsAsync(TestApp app, Tenant tenant)
    {
        using var client = app.WithToken(await app.TokenAsync(tenant, TokenScope.Read, Guid.NewGuid().ToString()));
        return (await GetAsync(client, "/api/v1/incidents")).ToJsonString();
    }

    [Fact]
    public async Task An_anomaly_is_switched_and_given_a_level_as_other_rules_are()
    {
        await using var app = await StartAsync();
        var tenant = await app.TenantAsync("Mine");
        using var client = app.WithToken(await app.TokenAsync(tenant, TokenScope.Write));
        using var answer = await client.PatchAsJsonAsync($"/api/v1/rules/{Travel}", new { enabled = false, level = "critical" });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var rule = (await GetAsync(client, $"/api/v1/rules/{Travel}"))["rule"]!;
        Assert.Equal((false, "critical", "medium"), ((bool)rule["enabled"]!, (string)rule["level"]!, (string)rule["own_level"]!));
        Assert.False(app.Service<LiveRules>().Current.Of(tenant.Id)!.IsEnabled(app.Service<EngineSnapshot>().Incidents.Rules.Single(r => r.Id == Travel)));
    }
}
