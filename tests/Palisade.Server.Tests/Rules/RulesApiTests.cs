using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Palisade.Engine;
using Palisade.Server.Alerts;
using Palisade.Server.Mutes;
using Palisade.Server.Tenants;
using Palisade.Server.Tokens;

namespace Palisade.Server.Tests.Rules;

/// <summary>Rules and mutes of tenants over HTTP, from a line that is sent to the alert it makes or does not make.</summary>
public sealed class RulesApiTests
{
    private const string Shipped = "title: Shipped\nid: 11111111-1111-4111-8111-111111111111\nname: shipped\nstatus: test\nlogsource: { category: any }\ndetection: { a: { message|contains: evil }, condition: a }\nlevel: high\n";
    private const string Own = "title: Mine\nid: 22222222-2222-4222-8222-222222222222\nlogsource: { category: any }\ndetection: { a: { message|contains: mine }, condition: a }\nlevel: high\n";
    private const string OwnId = "22222222-2222-4222-8222-222222222222", ShippedId = "11111111-1111-4111-8111-111111111111";

    private static Task<TestApp> StartAsync() => TestApp.StartAsync(adjust: services => services.AddSingleton(EngineContent.Load(
        [
            ("sources/web/source.yml", "name: web\ndetect: 10\npatterns: [ { match: 'web %{source.ip:ip} %{message:rest}' } ]\n"u8.ToArray()),
            ("rules/shipped.yml", System.Text.Encoding.UTF8.GetBytes(Shipped)),
        ], out _)));

    private static async Task SendAsync(TestApp app, Tenant tenant, params string[] lines)
    {
        using var sender = app.WithToken(await app.TokenAsync(tenant, TokenScope.Ingest));
        using var body = new StringContent(string.Join('\n', lines) + "\n");
        using var answer = await sender.PostAsync(new Uri("/ingest/raw?source=gateway", UriKind.Relative), body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<List<Alert>> AlertsAsync(TestApp app, Tenant tenant)
    {
        await using var db = app.Control.For(tenant.Id);
        return await db.Set<Alert>().AsNoTracking().OrderBy(a => a.First).ThenBy(a => a.RuleId).ToListAsync();
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Body, string ETag)> AskAsync(HttpClient client, string method, string path, object? body = null, string? match = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) request.Content = JsonContent.Create(body);
        if (match is not null) request.Headers.TryAddWithoutValidation("If-Match", match);
        using var answer = await client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text), answer.Headers.ETag?.Tag ?? "");
    }

    [Fact]
    public async Task A_rule_of_a_tenant_finds_in_its_records_alone_and_a_rule_switched_off_finds_nothing()
    {
        await using var app = await StartAsync();
        var (mine, other) = (await app.TenantAsync("Mine"), await app.TenantAsync("Other"));
        using var client = app.WithToken(await app.TokenAsync(mine, TokenScope.Write));
        var saved = await AskAsync(client, "POST", "/api/v1/rules", new { yaml = Own });
        Assert.Equal((HttpStatusCode.Created, "\"1\""), (saved.Status, saved.ETag));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(client, "PATCH", $"/api/v1/rules/{ShippedId}", new { enabled = false }, "\"0\"")).Status);
        await SendAsync(app, mine, "web 192.0.2.1 an evil thing", "web 192.0.2.1 a thing of mine");
        await SendAsync(app, other, "web 192.0.2.2 a thing of mine", "web 192.0.2.2 an evil thing");
        await TestApp.UntilAsync("both made an alert", async () => (await AlertsAsync(app, mine)).Count > 0 && (await AlertsAsync(app, other)).Count > 0);
        Assert.Equal([OwnId], (await AlertsAsync(app, mine)).Select(a => a.RuleId));
        Assert.Equal([ShippedId], (await AlertsAsync(app, other)).Select(a => a.RuleId));

        Assert.Equal(HttpStatusCode.PreconditionFailed, (await AskAsync(client, "PATCH", $"/api/v1/rules/{ShippedId}", new { enabled = true }, "\"0\"")).Status);
        var level = await AskAsync(client, "PATCH", $"/api/v1/rules/{ShippedId}", new { enabled = true, level = "critical" }, "\"1\"");
        Assert.Equal(("critical", "high", "\"2\""), ((string)level.Body!["level"]!, (string)level.Body["own_level"]!, level.ETag));
        await SendAsync(app, mine, "web 192.0.2.3 an evil thing");
        await TestApp.UntilAsync("the rule finds again", async () => (await AlertsAsync(app, mine)).Exists(a => a.RuleId == ShippedId));
        Assert.Equal(Protocol.FindingLevel.Critical, (await AlertsAsync(app, mine)).Single(a => a.RuleId == ShippedId).Level);
        Assert.Equal(["rule.save", "rule.choose", "rule.choose"], (await app.AuditAsync(mine.Id)).Select(e => e.Action).Where(a => a.StartsWith("rule.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Saving_says_what_is_wrong_and_keeps_versions()
    {
        await using var app = await StartAsync();
        using var client = app.WithToken(await app.TokenAsync(await app.TenantAsync("Mine"), TokenScope.Write));
        async Task<(HttpStatusCode, string)> Code(string yaml) => await AskAsync(client, "POST", "/api/v1/rules", new { yaml }) is var (status, body, _) ? (status, (string?)body?["code"] ?? "") : default;
        Assert.Equal((HttpStatusCode.BadRequest, "rule.wrong"), await Code(Own.Replace("condition: a", "condition: b")));
        Assert.Equal((HttpStatusCode.Conflict, "rule.id_taken"), await Code(Shipped));
        Assert.Equal((HttpStatusCode.BadRequest, "rule.one"), await Code(Own + "---\n" + Own.Replace("2222-", "3333-")));
        Assert.Equal((HttpStatusCode.BadRequest, "rule.id"), await Code(Own.Replace($"id: {OwnId}\n", "")));
        Assert.Equal((HttpStatusCode.Created, ""), await Code(Own));
        Assert.Equal((HttpStatusCode.Created, ""), await Code(Own));
        Assert.Equal((HttpStatusCode.PreconditionFailed, "rule.stale"), await Code(Own.Replace("Mine", "Not mine")));
        var next = await AskAsync(client, "PUT", $"/api/v1/rules/{OwnId}", new { yaml = Own.Replace("Mine", "Mine again") }, "\"1\"");
        Assert.Equal((HttpStatusCode.OK, "\"2\"", "Mine again"), (next.Status, next.ETag, (string)next.Body!["rule"]!["name"]!));
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await AskAsync(client, "PUT", $"/api/v1/rules/{OwnId}", new { yaml = Own }, "\"1\"")).Status);
        Assert.Equal([2L, 1L], ((JsonArray)(await AskAsync(client, "GET", $"/api/v1/rules/{OwnId}/versions")).Body!).Select(v => (long)v!["version"]!));
        Assert.Equal(["Mine again"], ((JsonArray)(await AskAsync(client, "GET", "/api/v1/rules?area=own")).Body!["items"]!).Select(r => (string)r!["name"]!));
        var page = await AskAsync(client, "GET", "/api/v1/rules?limit=1");
        Assert.Equal([ShippedId], ((JsonArray)page.Body!["items"]!).Select(r => (string)r!["id"]!));
        Assert.Equal([OwnId], ((JsonArray)(await AskAsync(client, "GET", $"/api/v1/rules?limit=1&cursor={page.Body["next"]}")).Body!["items"]!).Select(r => (string)r!["id"]!));
        var lint = await AskAsync(client, "POST", "/api/v1/rules/lint", new { yaml = Own.Replace("contains", "contians") });
        Assert.Equal("SIG020", (string)lint.Body!["diagnostics"]![0]!["code"]!);
        Assert.NotEmpty((string)lint.Body["diagnostics"]![0]!["fix"]!);
        Assert.Equal(HttpStatusCode.NoContent, (await AskAsync(client, "DELETE", $"/api/v1/rules/{OwnId}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(client, "DELETE", $"/api/v1/rules/{OwnId}")).Status);
    }

    [Fact]
    public async Task An_explanation_names_each_part_and_an_import_reports_and_saves()
    {
        await using var app = await StartAsync();
        using var client = app.WithToken(await app.TokenAsync(await app.TenantAsync("Mine"), TokenScope.Write));
        var told = await AskAsync(client, "POST", $"/api/v1/rules/{ShippedId}/explain", new { @event = "web 192.0.2.1 all is well" });
        var item = told.Body!["explanation"]!["identifiers"]![0]!["alternatives"]![0]!["items"]![0]!;
        Assert.Equal((false, "message", "contains", false, "all is well"),
            ((bool)told.Body["explanation"]!["matched"]!, (string)item["field"]!, (string)item["modifiers"]!, (bool)item["holds"]!, (string)item["found"]![0]!["value"]!));
        Assert.True((bool)(await AskAsync(client, "POST", $"/api/v1/rules/{ShippedId}/explain", new { @event = "{\"message\":\"EVIL\"}" })).Body!["explanation"]!["matched"]!);
        Assert.Equal("rule.event", (string)(await AskAsync(client, "POST", $"/api/v1/rules/{ShippedId}/explain", new { @event = "{broken" })).Body!["code"]!);

        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in new[] { ("rules/own.yml", Own), ("rules/broken.yml", Own.Replace("condition: a", "condition: nothing").Replace("2222-", "4444-")), ("README.md", "no rule") })
            {
                await using var entry = new StreamWriter(archive.CreateEntry(name).Open());
                await entry.WriteAsync(text);
            }
        }
        using var body = new ByteArrayContent(zip.ToArray());
        using var answer = await client.PostAsync(new Uri("/api/v1/rules/import?save=true&name=rules.zip", UriKind.Relative), body);
        var report = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal((2, 1, 1, 1), ((int)report["files"]!, (int)report["saved"]!, (int)report["summary"]!["refused"]!, (int)report["summary"]!["no_events"]!));
        Assert.Null(report["records"]);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(client, "GET", $"/api/v1/rules/{OwnId}")).Status);
    }

    [Fact]
    public async Task What_a_mute_hides_is_a_muted_alert_that_is_counted_and_the_rest_is_not_touched()
    {
        await using var app = await StartAsync();
        var tenant = await app.TenantAsync("Mine");
        using var client = app.WithToken(await app.TokenAsync(tenant, TokenScope.Write));
        var expires = TimeProvider.System.GetUtcNow().AddDays(7);
        async Task<string> Code(object body) => (string)(await AskAsync(client, "POST", "/api/v1/mutes", body)).Body!["code"]!;
        object Is(string value, string test = "is", string field = "source.ip") => new { field, test, value };
        Assert.Equal("mute.conditions", await Code(new { conditions = Array.Empty<object>(), reason = "r", expires }));
        Assert.Equal("mute.conditions", await Code(new { conditions = new[] { Is("*", "like", "rule.id") }, reason = "r", expires }));
        Assert.Equal("mute.conditions", await Code(new { conditions = new[] { Is("no network", "within") }, reason = "r", expires }));
        Assert.Equal("mute.reason", await Code(new { conditions = new[] { Is("192.0.2.1") }, reason = " ", expires }));
        Assert.Equal("mute.expires", await Code(new { conditions = new[] { Is("192.0.2.1") }, reason = "r", expires = expires.AddYears(2) }));
        var made = await AskAsync(client, "POST", "/api/v1/mutes", new { conditions = new[] { Is("192.0.2.0/24", "within"), Is(ShippedId, "is", "rule.id") }, reason = "our scanner", expires });
        Assert.Equal((HttpStatusCode.Created, 1), (made.Status, (int)made.Body!["number"]!));
        await SendAsync(app, tenant, "web 192.0.2.9 an evil thing", "web 198.51.100.9 an evil thing");
        await TestApp.UntilAsync("both are alerts", async () => (await AlertsAsync(app, tenant)).Count == 2);
        Assert.Equal([("192.0.2.9", AlertStatus.Muted, 1), ("198.51.100.9", AlertStatus.New, 0)], (await AlertsAsync(app, tenant)).OrderBy(a => a.SourceIp).Select(a => (a.SourceIp, a.Status, a.Mute)));
        Assert.Single((JsonArray)(await AskAsync(client, "GET", "/api/v1/alerts?status=muted")).Body!["items"]!);
        await app.Service<TenantMutes>().FlushAsync(CancellationToken.None);
        var path = $"/api/v1/mutes/{made.Body["id"]}";
        Assert.Equal(1, (long)(await AskAsync(client, "GET", path)).Body!["hidden"]!);

        Assert.Equal(HttpStatusCode.PreconditionFailed, (await AskAsync(client, "PATCH", path, new { reason = "x" }, "\"7\"")).Status);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(client, "PATCH", path, new { reason = "the scanner of May" }, "\"1\"")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await AskAsync(client, "DELETE", path)).Status);
        Assert.Equal("mute.over", (string)(await AskAsync(client, "PATCH", path, new { reason = "x" })).Body!["code"]!);
        await SendAsync(app, tenant, "web 192.0.2.9 an evil thing");
        await TestApp.UntilAsync("the ended mute hides nothing", async () => (await AlertsAsync(app, tenant)).Exists(a => a.SourceIp == "192.0.2.9" && a.Status == AlertStatus.New));
    }

    [Fact]
    public async Task A_backtest_is_asked_for_by_rule_or_text_and_says_when_there_is_no_store()
    {
        await using var app = await StartAsync();
        using var client = app.WithToken(await app.TokenAsync(await app.TenantAsync("Mine"), TokenScope.Write));
        async Task<string> Code(object body) => (string)(await AskAsync(client, "POST", "/api/v1/backtests", body)).Body!["code"]!;
        Assert.Equal("backtest.rule", await Code(new { hours = 1 }));
        Assert.Equal("backtest.span", await Code(new { rule = ShippedId, hours = 5000 }));
        Assert.Equal("rule.not_found", await Code(new { rule = "none", hours = 1 }));
        Assert.Equal("rule.wrong", await Code(new { yaml = "title: x", hours = 1 }));
        var begun = await AskAsync(client, "POST", "/api/v1/backtests", new { rule = ShippedId, hours = 24 });
        Assert.Equal(HttpStatusCode.Accepted, begun.Status);
        var path = $"/api/v1/backtests/{begun.Body!["id"]}";
        Assert.Equal("backtest.cursor", (string)(await AskAsync(client, "GET", path + "/findings?cursor=x")).Body!["code"]!);
        Assert.Empty((JsonArray)(await AskAsync(client, "GET", path + "/findings")).Body!["items"]!);
        await TestApp.UntilAsync("it is over", async () => (string)(await AskAsync(client, "GET", path)).Body!["state"]! == "failed");
        Assert.Equal("store", (string)(await AskAsync(client, "GET", path)).Body!["problem"]!);
        Assert.Equal(HttpStatusCode.NoContent, (await AskAsync(client, "DELETE", path)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(client, "GET", path)).Status);
    }
}
