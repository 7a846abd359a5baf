using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Palisade.Engine;
using Palisade.Server.Alerts;
using Palisade.Server.Rules;
using Palisade.Server.Tenants;
using Palisade.Server.Tokens;

namespace Palisade.Server.Tests.Rules;

/// <summary>Processing pipelines and placeholders of tenants over HTTP: what they make of own rules, from a line that is sent to the alert it makes.</summary>
public sealed class PipelinesApiTests
{
    private const string ForeignId = "33333333-3333-4333-8333-333333333333", MarkId = "11111111-1111-4111-8111-111111111111", CountId = "44444444-4444-4444-8444-444444444444";
    /// <summary>Asks for the names of another schema: as it is it finds nothing here.</summary>
    private const string Foreign = $"title: Foreign\nid: {ForeignId}\nlogsource: {{ product: gateway }}\ndetection: {{ a: {{ cs-note|contains: odd, c-ip: 192.0.2.1 }}, condition: a }}\nlevel: high\n";
    private const string Mark = $"title: Mark\nid: {MarkId}\nlogsource: {{ category: any }}\ndetection: {{ a: {{ message|contains: mark }}, condition: a }}\nlevel: high\n";
    /// <summary>A shipped rule that asks for the same names: it shall not pass through.</summary>
    private const string ShippedForeign = "title: Shipped foreign\nid: 55555555-5555-4555-8555-555555555555\nlogsource: { category: any }\ndetection: { a: { cs-note|contains: odd }, condition: a }\nlevel: high\n";
    private const string Pipeline = """
        name: Gateway to ECS
        priority: 20
        transformations:
          - type: field_name_mapping
            mapping: { cs-note: message, c-ip: source.ip }
          - type: change_logsource
            category: any
            rule_conditions: [ { type: logsource, product: gateway } ]

        """;
    private const string Refusing = "name: Refuses\ntransformations: [ { type: rule_failure, message: not for us, rule_conditions: [ { type: tag, tag: attack.t1595 } ] } ]\n";

    private static Task<TestApp> StartAsync() => TestApp.StartAsync(adjust: services => services.AddSingleton(EngineContent.Load(
        [
            ("sources/web/source.yml", "name: web\ndetect: 10\npatterns: [ { match: 'web %{source.ip:ip} %{message:rest}' } ]\n"u8.ToArray()),
            ("lookups/sigma/all.yml", "sigma:\n  logsources:\n    - match: { category: any }\n      when: { source.ip|exists: true }\n"u8.ToArray()),
            ("rules/mark.yml", System.Text.Encoding.UTF8.GetBytes(Mark)),
            ("rules/foreign.yml", System.Text.Encoding.UTF8.GetBytes(ShippedForeign)),
        ], out _)));

    /// <summary>Sends lines, then one that a shipped rule finds: once that is an alert, all before it was judged.</summary>
    /// <returns>Rules with an alert, in order; that of the mark aside.</returns>
    private static async Task<IReadOnlyList<string>> SendAsync(TestApp app, Tenant tenant, string mark, params string[] lines)
    {
        using var sender = app.WithToken(await app.TokenAsync(tenant, TokenScope.Ingest, mark));
        using var body = new StringContent(string.Join('\n', lines.Append($"web {mark} mark")) + "\n");
        using var answer = await sender.PostAsync(new Uri("/ingest/raw?source=gateway", UriKind.Relative), body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        await TestApp.UntilAsync("the last line is an alert", async () => (await AlertsAsync(app, tenant)).Exists(a => a.RuleId == MarkId && a.SourceIp == mark));
        return [.. (await AlertsAsync(app, tenant)).Where(a => a.RuleId != MarkId).Select(a => a.RuleId).Order(StringComparer.Ordinal)];
    }

    private static async Task<List<Alert>> AlertsAsync(TestApp app, Tenant tenant)
    {
        await using var db = app.Control.For(tenant.Id);
        return await db.Set<Alert>().AsNoTracking().ToListAsync();
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Body, string ETag)> AskAsync(HttpClient client, string method, string path, object? body = null, string? match = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1/" + path);
        if (body is not null) request.Content = JsonContent.Create(body);
        if (match is not null) request.Headers.TryAddWithoutValidation("If-Match", match);
        using var answer = await client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text), answer.Headers.ETag?.Tag ?? "");
    }

    private static async Task<(HttpStatusCode Status, string Code)> CodeAsync(HttpClient client, string method, string path, object? body = null, string? match = null) =>
        await AskAsync(client, method, path, body, match) is var (status, answer, _) ? (status, (string?)answer?["code"] ?? "") : default;

    [Fact]
    public async Task An_own_rule_of_another_schema_finds_once_a_pipeline_maps_it_in_that_tenant_alone()
    {
        await using var app = await StartAsync();
        var (mine, other) = (await app.TenantAsync("Mine"), await app.TenantAsync("Other"));
        using var client = app.WithToken(await app.TokenAsync(mine, TokenScope.Write));
        using var others = app.WithToken(await app.TokenAsync(other, TokenScope.Write));
        foreach (var one in new[] { client, others }) Assert.Equal(HttpStatusCode.Created, (await AskAsync(one, "POST", "rules", new { yaml = Foreign })).Status);
        Assert.False((bool)(await AskAsync(client, "GET", $"rules/{ForeignId}")).Body!["rule"]!["routed"]!);
        Assert.Empty(await SendAsync(app, mine, "198.51.100.1", "web 192.0.2.1 an odd thing"));

        var saved = await AskAsync(client, "PUT", "rule-pipelines/gateway", new { yaml = Pipeline }, "\"0\"");
        Assert.Equal((HttpStatusCode.Created, "\"1\"", "Gateway to ECS", 20), (saved.Status, saved.ETag, (string)saved.Body!["pipeline"]!["title"]!, (int)saved.Body["pipeline"]!["priority"]!));
        Assert.True((bool)(await AskAsync(client, "GET", $"rules/{ForeignId}")).Body!["rule"]!["routed"]!);
        Assert.Equal([ForeignId], await SendAsync(app, mine, "198.51.100.2", "web 192.0.2.1 an odd thing"));
        Assert.Empty(await SendAsync(app, other, "198.51.100.2", "web 192.0.2.1 an odd thing"));
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(others, "GET", "rule-pipelines/gateway")).Status);

        Assert.Equal(HttpStatusCode.NoContent, (await AskAsync(client, "DELETE", "rule-pipelines/gateway")).Status);
        Assert.Single(await AlertsAsync(app, mine), a => a.RuleId == ForeignId && a.Count == 1);
        await SendAsync(app, mine, "198.51.100.3", "web 192.0.2.1 an odd thing");
        Assert.Single(await AlertsAsync(app, mine), a => a.RuleId == ForeignId && a.Count == 1);
        Assert.Equal(["rule.pipeline.save", "rule.pipeline.remove"], (await app.AuditAsync(mine.Id)).Select(e => e.Action).Where(a => a.StartsWith("rule.pipeline", StringComparison.Ordinal)));
        Assert.Contains("cs-note", (await app.AuditAsync(mine.Id)).Single(e => e.Action == "rule.pipeline.remove").Detail);
    }

    [Fact]
    public async Task An_own_correlation_groups_by_the_names_that_its_rule_has_behind_the_pipelines()
    {
        await using var app = await StartAsync();
        var tenant = await app.TenantAsync("Mine");
        using var client = app.WithToken(await app.TokenAsync(tenant, TokenScope.Write));
        await AskAsync(client, "PUT", "rule-pipelines/gateway", new { yaml = Pipeline });
        var counting = $"title: Twice\nid: {CountId}\ncorrelation:\n  type: event_count\n  rules: [{ForeignId}]\n  group-by: [c-ip]\n  timespan: 5m\n  condition: {{ gte: 2 }}\nlevel: high\n";
        foreach (var yaml in new[] { Foreign, counting }) Assert.Equal(HttpStatusCode.Created, (await AskAsync(client, "POST", "rules", new { yaml })).Status);
        Assert.Equal([CountId], await SendAsync(app, tenant, "198.51.100.1", "web 192.0.2.1 an odd thing", "web 192.0.2.1 an odd thing again"));
        Assert.Equal("192.0.2.1", (await AlertsAsync(app, tenant)).Single(a => a.RuleId == CountId).SourceIp);
        var told = (await AskAsync(client, "POST", $"rules/{CountId}/explain", new { @event = "web 192.0.2.1 an odd thing" })).Body!["explanation"]!;
        Assert.Equal(("source.ip", "192.0.2.1"), ((string)told["correlation"]!["group"]![0]!["field"]!, (string)told["correlation"]!["group"]![0]!["value"]!));
    }

    [Fact]
    public async Task Whoever_looks_into_an_own_rule_sees_it_behind_the_pipelines()
    {
        await using var app = await StartAsync();
        using var client = app.WithToken(await app.TokenAsync(await app.TenantAsync("Mine"), TokenScope.Write));
        async Task<string> Verdict() => (string)(await AskAsync(client, "POST", "rules/import", new { title = Foreign[7..14], id = ForeignId, logsource = new { product = "gateway" }, detection = new { a = new Dictionary<string, string> { ["c-ip"] = "192.0.2.1" }, condition = "a" } })).Body!["rules"]![0]!["verdict"]!;
        Assert.Equal("no_source", await Verdict());
        await AskAsync(client, "PUT", "rule-pipelines/gateway", new { yaml = Pipeline });
        Assert.Equal("no_events", await Verdict());
        Assert.Equal(HttpStatusCode.Created, (await AskAsync(client, "POST", "rules", new { yaml = Foreign })).Status);
        var told = (await AskAsync(client, "POST", $"rules/{ForeignId}/explain", new { @event = "web 192.0.2.1 an odd thing" })).Body!["explanation"]!;
        Assert.Equal((true, "any", "message"), ((bool)told["matched"]!, (string)told["log_source"]!, (string)told["identifiers"]![0]!["alternatives"]![0]!["items"]![0]!["field"]!));
        Assert.Equal("no_events", (string)(await AskAsync(client, "GET", $"rules/{ForeignId}/reach")).Body!["rule"]!["verdict"]!);
        // A shipped rule that says the same name does not pass through, nor does its edited text.
        var shipped = (await AskAsync(client, "POST", "rules/55555555-5555-4555-8555-555555555555/explain", new { @event = "web 192.0.2.1 an odd thing", yaml = ShippedForeign + "# edited\n" })).Body!["explanation"]!;
        Assert.Equal((false, "cs-note"), ((bool)shipped["matched"]!, (string)shipped["identifiers"]![0]!["alternatives"]![0]!["items"]![0]!["field"]!));
        Assert.Equal(Foreign, (string)(await AskAsync(client, "GET", $"rules/{ForeignId}")).Body!["yaml"]!);
    }

    [Fact]
    public async Task A_broken_pipeline_is_refused_with_all_that_is_wrong_and_a_stale_one_too()
    {
        await using var app = await StartAsync();
        var tenant = await app.TenantAsync("Mine");
        using var client = app.WithToken(await app.TokenAsync(tenant, TokenScope.Write));
        var broken = await AskAsync(client, "PUT", "rule-pipelines/gateway", new { yaml = "transformations:\n  - type: field_name_mapping\n  - type: nothing_known\n" });
        Assert.Equal((HttpStatusCode.BadRequest, "pipeline.wrong"), (broken.Status, (string)broken.Body!["code"]!));
        Assert.Equal([(2, true), (3, true)], ((JsonArray)broken.Body["diagnostics"]!).Select(d => ((int)d!["line"]!, (bool)d["error"]!)));
        Assert.Equal("pipeline.wrong", (await CodeAsync(client, "PUT", "rule-pipelines/gateway", new { yaml = "{" })).Code);
        Assert.Equal("pipeline.wrong", (await CodeAsync(client, "PUT", "rule-pipelines/gateway", new { yaml = (string?)null })).Code);
        Assert.Empty((JsonArray)(await AskAsync(client, "GET", "rule-pipelines")).Body!["items"]!);

        Assert.Equal(HttpStatusCode.Created, (await AskAsync(client, "PUT", "rule-pipelines/gateway", new { yaml = Pipeline }, "\"0\"")).Status);
        // The same again is no conflict and no change.
        Assert.Equal("\"1\"", (await AskAsync(client, "PUT", "rule-pipelines/gateway", new { yaml = Pipeline }, "\"0\"")).ETag);
        Assert.Equal((HttpStatusCode.PreconditionFailed, "pipeline.stale"), await CodeAsync(client, "PUT", "rule-pipelines/gateway", new { yaml = Refusing }, "\"0\""));
        Assert.Equal("\"2\"", (await AskAsync(client, "PUT", "rule-pipelines/gateway", new { yaml = Refusing }, "\"1\"")).ETag);
        Assert.Equal((HttpStatusCode.PreconditionFailed, "pipeline.stale"), await CodeAsync(client, "DELETE", "rule-pipelines/gateway", match: "\"1\""));
        Assert.Equal((HttpStatusCode.BadRequest, "etag.bad"), await CodeAsync(client, "DELETE", "rule-pipelines/gateway", match: "\"x\""));
        var read = await AskAsync(client, "GET", "rule-pipelines/gateway");
        Assert.Equal(("\"2\"", Refusing), (read.ETag, (string)read.Body!["yaml"]!));
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(client, "DELETE", "rule-pipelines/none")).Status);
        using var reader = app.WithToken(await app.TokenAsync(tenant, TokenScope.Read, "reader"));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(reader, "GET", "rule-pipelines")).Status);
        foreach (var (method, path, body) in new[] { ("PUT", "rule-pipelines/gateway", (object?)new { yaml = Pipeline }), ("DELETE", "rule-pipelines/gateway", null), ("PUT", "rule-placeholders", new { values = new { a = new[] { "b" } } }) })
            Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(reader, method, path, body)).Status);
    }

    [Fact]
    public async Task A_rule_that_a_pipeline_refuses_is_reported_and_stops_no_other()
    {
        await using var app = await StartAsync();
        var tenant = await app.TenantAsync("Mine");
        using var client = app.WithToken(await app.TokenAsync(tenant, TokenScope.Write));
        await AskAsync(client, "PUT", "rule-pipelines/gateway", new { yaml = Pipeline });
        await AskAsync(client, "POST", "rules", new { yaml = Foreign });
        await AskAsync(client, "POST", "rules", new { yaml = Mark.Replace(MarkId, CountId).Replace("title: Mark", "title: Scan") + "tags: [attack.t1595]\n" });
        var saved = await AskAsync(client, "PUT", "rule-pipelines/refuses", new { yaml = Refusing });
        var refused = Assert.Single((JsonArray)saved.Body!["refused"]!)!;
        Assert.Equal((CountId, "Scan", "SIG083", "not for us"), ((string)refused["id"]!, (string)refused["name"]!, (string)refused["diagnostics"]![0]!["code"]!, (string)refused["diagnostics"]![0]!["message"]!));
        // It stays in the list with the reason, and can be edited and removed.
        var one = (await AskAsync(client, "GET", $"rules/{CountId}")).Body!;
        Assert.Equal((true, "SIG083"), ((bool)one["rule"]!["refused"]!, (string)one["diagnostics"]![0]!["code"]!));
        Assert.Equal("rule.wrong", (await CodeAsync(client, "POST", "backtests", new { rule = CountId, hours = 1 })).Code);
        Assert.Equal("rule.wrong", (await CodeAsync(client, "POST", "rules", new { yaml = Mark.Replace(MarkId, "66666666-6666-4666-8666-666666666666") + "tags: [attack.t1595]\n" })).Code);
        Assert.Equal([ForeignId], await SendAsync(app, tenant, "198.51.100.4", "web 192.0.2.1 an odd mark"));
        // Lower priorities come first, then names.
        Assert.Equal(["refuses", "gateway"], ((JsonArray)(await AskAsync(client, "GET", "rule-pipelines")).Body!["items"]!).Select(p => (string)p!["name"]!));
        await AskAsync(client, "DELETE", "rule-pipelines/refuses");
        Assert.False((bool)(await AskAsync(client, "GET", $"rules/{CountId}")).Body!["rule"]!["refused"]!);
    }

    [Fact]
    public async Task Placeholders_fill_rules_and_are_bounded()
    {
        await using var app = await StartAsync();
        var tenant = await app.TenantAsync("Mine");
        using var client = app.WithToken(await app.TokenAsync(tenant, TokenScope.Write));
        var rule = Foreign.Replace("product: gateway", "category: any").Replace("cs-note|contains: odd, c-ip: 192.0.2.1", "message|contains|expand: '%words%'");
        Assert.Equal("rule.wrong", (await CodeAsync(client, "POST", "rules", new { yaml = rule })).Code);
        var put = await AskAsync(client, "PUT", "rule-placeholders", new { values = new { words = new[] { "odd", "strange" } } }, "\"0\"");
        Assert.Equal((HttpStatusCode.OK, "\"1\""), (put.Status, put.ETag));
        Assert.Equal(HttpStatusCode.Created, (await AskAsync(client, "POST", "rules", new { yaml = rule })).Status);
        Assert.Equal([ForeignId], await SendAsync(app, tenant, "198.51.100.5", "web 192.0.2.1 a strange thing"));
        Assert.True((bool)(await AskAsync(client, "POST", $"rules/{ForeignId}/explain", new { @event = "web 192.0.2.1 an odd thing" })).Body!["explanation"]!["matched"]!);

        Assert.Equal((HttpStatusCode.PreconditionFailed, "placeholders.stale"), await CodeAsync(client, "PUT", "rule-placeholders", new { values = new { words = new[] { "x" } } }, "\"0\""));
        object Many(int names, int values, int length) => new { values = Enumerable.Range(0, names).ToDictionary(n => $"n{n}", _ => Enumerable.Repeat(new string('v', length), values).ToArray()) };
        Assert.Equal("placeholders.many", (await CodeAsync(client, "PUT", "rule-placeholders", Many(TenantPipelines.MaxPlaceholders + 1, 1, 1))).Code);
        Assert.Equal("placeholders.values", (await CodeAsync(client, "PUT", "rule-placeholders", Many(1, TenantPipelines.MaxValues + 1, 1))).Code);
        Assert.Equal("placeholders.values", (await CodeAsync(client, "PUT", "rule-placeholders", Many(1, 1, TenantPipelines.MaxValue + 1))).Code);
        Assert.Equal("placeholders.values", (await CodeAsync(client, "PUT", "rule-placeholders", Many(1, 1, 0))).Code);
        Assert.Equal("placeholders.values", (await CodeAsync(client, "PUT", "rule-placeholders", new { })).Code);
        Assert.Equal("placeholders.large", (await CodeAsync(client, "PUT", "rule-placeholders", Many(20, 100, 1_000))).Code);
        Assert.Equal("placeholders.name", (await CodeAsync(client, "PUT", "rule-placeholders", new { values = new Dictionary<string, string[]> { ["a%b"] = ["x"] } })).Code);
        Assert.Equal(["odd", "strange"], ((JsonArray)(await AskAsync(client, "GET", "rule-placeholders")).Body!["values"]!["words"]!).Select(v => (string)v!));

        var emptied = await AskAsync(client, "PUT", "rule-placeholders", new { values = new { } }, "\"1\"");
        Assert.Equal((ForeignId, "SIG025"), ((string)emptied.Body!["refused"]![0]!["id"]!, (string)emptied.Body["refused"]![0]!["diagnostics"]![0]!["code"]!));
        Assert.Equal(2, (await app.AuditAsync(tenant.Id)).Count(e => e.Action == "rule.placeholders.save"));
    }

    [Fact]
    public async Task Pipelines_are_bounded_in_number_size_and_name()
    {
        await using var app = await StartAsync();
        using var client = app.WithToken(await app.TokenAsync(await app.TenantAsync("Mine"), TokenScope.Write));
        Assert.Equal("pipeline.large", (await CodeAsync(client, "PUT", "rule-pipelines/a", new { yaml = Pipeline + "#" + new string('x', TenantPipelines.MaxBytes) })).Code);
        foreach (var name in new[] { "-a", "a.", "a%2Fb", "a%3Cb", new string('a', TenantPipelines.MaxName + 1) }) Assert.Equal("pipeline.name", (await CodeAsync(client, "PUT", "rule-pipelines/" + name, new { yaml = Pipeline })).Code);
        for (var i = 0; i < TenantPipelines.MaxPipelines; i++) Assert.Equal(HttpStatusCode.Created, (await AskAsync(client, "PUT", $"rule-pipelines/no {i}", new { yaml = Pipeline })).Status);
        Assert.Equal((HttpStatusCode.Conflict, "pipeline.too_many"), await CodeAsync(client, "PUT", "rule-pipelines/one more", new { yaml = Pipeline }));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(client, "PUT", "rule-pipelines/no 3", new { yaml = Refusing })).Status);
    }
}
