using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Palisade.Server.Alerts;
using Palisade.Engine.Rules.Policy;
using Palisade.Server.Identity;
using Palisade.Server.Incidents;
using Palisade.Server.Mutes;
using Palisade.Server.Rules;
using Palisade.Server.Sources;
using Palisade.Server.Tenants;
using Palisade.Server.Tests.Control;
using Palisade.Server.Tokens;
using Palisade.Server.Unparsed;

namespace Palisade.Server.Tests.Api;

/// <summary>Which role may do what over the API, and that each change is in the audit log under the name of who made it.</summary>
[Collection(nameof(SqliteControl))]
public sealed class RoleTests(SqliteControl store)
{
    /// <param name="Least">The least role that may.</param>
    /// <param name="Audit">Action of the audit entry; empty where nothing is changed.</param>
    /// <param name="Status">What it answers where it may not succeed: this server has no event store.</param>
    private sealed record Act(string Method, string Path, Role Least, string Audit = "", object? Body = null, HttpStatusCode Status = HttpStatusCode.OK);

    private const string OwnYaml = "title: A rule of its own\nid: own-rule\nlogsource: { category: any }\ndetection: { a: { message|contains: evil }, condition: a }\n";
    private static readonly DateTimeOffset Soon = TimeProvider.System.GetUtcNow().AddDays(1);

    private static readonly Act[] Acts =
    [
        new("GET", "/api/v1/alerts", Role.Viewer),
        new("GET", "/api/v1/alerts/{alert}", Role.Viewer),
        new("PATCH", "/api/v1/alerts/{alert}", Role.Analyst, "alert.update", new { status = "in_progress" }),
        new("POST", "/api/v1/alerts/{alert}/comments", Role.Analyst, "alert.comment", new { text = "looked at it" }),
        new("GET", "/api/v1/attackers", Role.Viewer, Status: HttpStatusCode.ServiceUnavailable),
        new("GET", "/api/v1/attackers/{address}", Role.Viewer, Status: HttpStatusCode.ServiceUnavailable),
        new("GET", "/api/v1/analysis", Role.Viewer, Status: HttpStatusCode.ServiceUnavailable),
        new("GET", "/api/v1/incidents", Role.Viewer),
        new("GET", "/api/v1/incidents/{incident}", Role.Viewer),
        new("PATCH", "/api/v1/incidents/{incident}", Role.Analyst, "incident.update", new { status = "in_progress" }),
        new("POST", "/api/v1/incidents/{incident}/comments", Role.Analyst, "incident.comment", new { text = "looked at it" }),
        new("POST", "/api/v1/incidents/{incident}/merge", Role.Analyst, "incident.merge", new { incident = "{incident}o" }),
        new("POST", "/api/v1/incidents/{incident}/split", Role.Analyst, "incident.split", new { incident = "{incident}m" }),
        new("GET", "/api/v1/sources", Role.Viewer),
        new("GET", "/api/v1/sources/{source}", Role.Viewer),
        new("GET", "/api/v1/sources/{source}/ledger", Role.Viewer),
        new("POST", "/api/v1/sources", Role.Admin, "source.create", new { name = "{new}" }),
        new("PATCH", "/api/v1/sources/{source}", Role.Admin, "source.update", new { description = "changed" }),
        new("GET", "/api/v1/tokens", Role.Admin),
        new("POST", "/api/v1/tokens", Role.Admin, "token.create", new { name = "{new}", scope = "read" }),
        new("DELETE", "/api/v1/tokens/{token}", Role.Admin, "token.revoke"),
        new("GET", "/api/v1/unparsed", Role.Viewer),
        new("GET", "/api/v1/unparsed/{unparsed}", Role.Viewer),
        new("PATCH", "/api/v1/unparsed/{unparsed}", Role.Analyst, "unparsed.ignore", new { ignored = true }),
        new("DELETE", "/api/v1/unparsed/{unparsed}", Role.Analyst, "unparsed.remove"),
        new("POST", "/api/v1/unparsed/{unparsed}/reparse", Role.Analyst, "unparsed.reparse"),
        new("GET", "/api/v1/reparses", Role.Viewer),
        new("GET", "/api/v1/reparses/{reparse}", Role.Viewer),
        new("DELETE", "/api/v1/reparses/{reparse}", Role.Analyst, "unparsed.reparse_stop"),
        new("POST", "/api/v1/parsers/try", Role.Viewer, Body: new { lines = new[] { "a" }, pattern = "a" }),
        new("GET", "/api/v1/parsers", Role.Viewer),
        new("GET", "/api/v1/parsers/{parser}", Role.Viewer),
        new("POST", "/api/v1/parsers", Role.Admin, "parser.save", new { yaml = "name: {new}\npatterns: [ { match: 'pay %{message:rest}' } ]\n" }),
        new("DELETE", "/api/v1/parsers/{parser}", Role.Admin, "parser.remove"),
        new("GET", "/api/v1/rules", Role.Viewer),
        new("GET", "/api/v1/rules/{rule}", Role.Viewer),
        new("GET", "/api/v1/rules/{rule}/versions", Role.Viewer),
        new("GET", "/api/v1/rules/{rule}/reach", Role.Viewer),
        new("POST", "/api/v1/rules/{rule}/explain", Role.Viewer, Body: new { @event = "a line" }),
        new("POST", "/api/v1/rules/lint", Role.Viewer, Body: new { yaml = "title: a" }),
        new("POST", "/api/v1/rules/import", Role.Admin, Body: new { title = "no rule" }),
        new("PATCH", "/api/v1/rules/{rule}", Role.Admin, "rule.choose", new { enabled = false }),
        new("PUT", "/api/v1/rules/{rule}", Role.Admin, "rule.save", new { yaml = OwnYaml }),
        new("POST", "/api/v1/rules", Role.Admin, "rule.save", new { yaml = OwnYaml.Replace("own-rule", "{new}") }),
        new("DELETE", "/api/v1/rules/{rule}", Role.Admin, "rule.remove"),
        new("GET", "/api/v1/rule-pipelines", Role.Viewer),
        new("GET", "/api/v1/rule-pipelines/{pipeline}", Role.Viewer),
        new("PUT", "/api/v1/rule-pipelines/{pipeline}", Role.Admin, "rule.pipeline.save", new { yaml = "name: {new}\ntransformations: []\n" }),
        new("DELETE", "/api/v1/rule-pipelines/{pipeline}", Role.Admin, "rule.pipeline.remove"),
        new("GET", "/api/v1/rule-placeholders", Role.Viewer),
        new("PUT", "/api/v1/rule-placeholders", Role.Admin, "rule.placeholders.save", new { values = new { words = new[] { "{new}" } } }),
        new("GET", "/api/v1/backtests", Role.Viewer),
        new("POST", "/api/v1/backtests", Role.Analyst, "rule.backtest", new { yaml = OwnYaml, hours = 1 }),
        new("GET", "/api/v1/backtests/{backtest}", Role.Viewer),
        new("GET", "/api/v1/backtests/{backtest}/findings", Role.Viewer),
        new("DELETE", "/api/v1/backtests/{backtest}", Role.Analyst),
        new("GET", "/api/v1/mutes", Role.Viewer),
        new("GET", "/api/v1/mutes/{mute}", Role.Viewer),
        new("POST", "/api/v1/mutes/preview", Role.Viewer, Body: new { conditions = new[] { new { field = "rule.id", test = "is", value = "x" } } }),
        new("POST", "/api/v1/mutes", Role.Analyst, "mute.create", new { conditions = new[] { new { field = "rule.id", test = "is", value = "x" } }, reason = "known", expires = Soon }),
        new("PATCH", "/api/v1/mutes/{mute}", Role.Analyst, "mute.update", new { reason = "still known" }),
        new("DELETE", "/api/v1/mutes/{mute}", Role.Analyst, "mute.end"),
        new("POST", "/api/v1/events/search", Role.Viewer, Body: new { query = "a" }, Status: HttpStatusCode.ServiceUnavailable),
        new("GET", "/api/v1/business-pages", Role.Viewer),
        new("PUT", "/api/v1/business-pages", Role.Analyst, "business.choose", new { path = "/gate/{new}", purpose = "login" }),
        new("GET", "/api/v1/tenant", Role.Viewer),
        new("GET", "/api/v1/users", Role.Admin),
        new("GET", "/api/v1/audit", Role.Admin),
        new("GET", "/api/v1/audit/verify", Role.Admin),
    ];

    private TestApp App => store.App;

    [Fact]
    public async Task Each_role_may_do_what_the_table_says_and_changes_are_audited()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var source = (await App.Service<ISourceRegistry>().GetOrCreateAsync(tenant.Id, "web", CancellationToken.None)).Source!.Id;
        foreach (var role in Enum.GetValues<Role>())
        {
            if (role != Role.Owner) await App.MemberAsync(tenant, role);
            using var client = await App.SignedInAsync(tenant, role);
            await TryAllAsync(tenant, source, role.ToString().ToLowerInvariant(), client, role, "user", TestApp.EmailOf(tenant, role));
        }
        foreach (var (scope, role) in new[] { (TokenScope.Read, Role.Viewer), (TokenScope.Write, Role.Admin) })
        {
            using var client = App.WithToken(await App.TokenAsync(tenant, scope, $"{scope} token"));
            await TryAllAsync(tenant, source, $"t{scope}", client, role, "token", $"{scope} token");
        }
        using var sender = App.WithToken(await App.TokenAsync(tenant, TokenScope.Ingest));
        foreach (var act in Acts)
        {
            using var answer = await SendAsync(sender, act, act.Path.Replace("{token}", Guid.Empty.ToString()).Replace("{unparsed}", Guid.Empty.ToString()).Replace("{source}", "1").Replace("{reparse}", "1").Replace("{backtest}", Guid.Empty.ToString()).Replace("{mute}", Guid.Empty.ToString()), "x");
            Assert.Equal((HttpStatusCode.Forbidden, "token.scope"), (answer.StatusCode, await CodeAsync(answer)));
        }
        await using var db = App.Control.For(tenant.Id);
        Assert.True((await Audit.AuditLog.VerifyAsync(db, tenant.Id, CancellationToken.None)).Intact);
    }

    private async Task TryAllAsync(Tenant tenant, uint source, string word, HttpClient client, Role role, string actorKind, string actor)
    {
        foreach (var act in Acts)
        {
            var alert = act.Path.Contains("{alert}") ? (await App.AlertAsync(TestApp.Finding(tenant.Id, title: $"{word} {act.Method}"))).Id : "";
            var incident = act.Path.Contains("{incident}") ? await IncidentAsync(tenant) : "";
            var token = act.Path.Contains("{token}") ? await TokenIdAsync(tenant) : "";
            var path = act.Path.Replace("{alert}", alert).Replace("{incident}", incident).Replace("{source}", source.ToString()).Replace("{token}", token)
                .Replace("{unparsed}", act.Path.Contains("{unparsed}") ? await UnparsedIdAsync(tenant, source) : "").Replace("{parser}", act.Path.Contains("{parser}") ? await ParserAsync(tenant) : "")
                .Replace("{reparse}", act.Path.Contains("{reparse}") ? await ReparseAsync(tenant, source) : "")
                .Replace("{rule}", act.Path.Contains("{rule}") ? await RuleAsync(tenant) : "").Replace("{backtest}", act.Path.Contains("backtest") ? await BacktestAsync(tenant, act.Path.Contains('{')) : "")
                .Replace("{pipeline}", act.Path.Contains("{pipeline}") ? await PipelineAsync(tenant) : "")
                .Replace("{mute}", act.Path.Contains("{mute}") ? await MuteAsync(tenant) : "").Replace("{address}", "203.0.113.9");
            var before = await App.AuditAsync(tenant.Id);
            using var answer = await SendAsync(client, act, path, $"made-by-{word}");
            var fresh = (await App.AuditAsync(tenant.Id))[before.Count..];
            var what = $"{word}: {act.Method} {path}";
            if (role > act.Least)
            {
                Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{what} gave {answer.StatusCode}");
                Assert.Equal("role.too_low", await CodeAsync(answer));
                Assert.Empty(fresh);
                continue;
            }
            Assert.True(answer.IsSuccessStatusCode || answer.StatusCode == act.Status, $"{what} gave {answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            Assert.Equal(act.Audit.Length == 0 ? [] : [(act.Audit, actorKind, actor, "127.0.0.1")], fresh.Select(e => (e.Action, e.ActorKind, e.ActorName, e.Address)));
        }
    }

    /// <summary>An incident, with one merged into it (its id and "m") and one that stands apart ("o").</summary>
    private async Task<string> IncidentAsync(Tenant tenant)
    {
        var id = Guid.NewGuid().ToString("N")[..12];
        foreach (var ending in new[] { "", "m", "o" }) await App.IncidentAsync(TestApp.Incident(tenant.Id, id + ending));
        await App.Service<IncidentMerges>().MergeAsync(tenant.Id, id, id + "m", Audit.Actor.System, CancellationToken.None);
        return id;
    }

    private async Task<string> UnparsedIdAsync(Tenant tenant, uint source)
    {
        var groups = App.Service<UnparsedGroups>();
        await groups.AddAsync(tenant.Id, source, "a line=1"u8.ToArray(), 1);
        return (await groups.ListAsync(tenant.Id)).Groups[0].Id.ToString();
    }

    private async Task<string> RuleAsync(Tenant tenant) =>
        (await App.Service<TenantRules>().SaveAsync(tenant.Id, OwnYaml, null, null, Audit.Actor.System, CancellationToken.None)).Rule!.Info.Id;

    private async Task<string> PipelineAsync(Tenant tenant) =>
        (await App.Service<TenantPipelines>().SaveAsync(tenant.Id, "pipe", "name: as it was\ntransformations: []\n", null, Audit.Actor.System, CancellationToken.None)).Pipeline!.Name;

    private async Task<string> BacktestAsync(Tenant tenant, bool begin)
    {
        var tests = App.Service<Backtests>();
        foreach (var job in tests.List(tenant.Id).Where(j => !j.IsOver)) tests.Remove(tenant.Id, job.Id);
        return begin ? (await tests.BeginAsync(tenant.Id, null, OwnYaml, TimeSpan.FromHours(1), Audit.Actor.System, CancellationToken.None)).Job!.Id.ToString() : "";
    }

    private async Task<string> MuteAsync(Tenant tenant) =>
        (await App.Service<TenantMutes>().AddAsync(tenant.Id, [new("rule.id", MuteTest.Is, "x")], "known", Soon, null, Audit.Actor.System, CancellationToken.None)).Mute!.Id.ToString();

    private async Task<string> ReparseAsync(Tenant tenant, uint source)
    {
        var desk = App.Service<ReparseDesk>();
        foreach (var job in await desk.ListAsync(tenant.Id, CancellationToken.None)) await desk.StopAsync(tenant.Id, job.Id, Audit.Actor.System, CancellationToken.None);
        return (await desk.StartAsync(tenant.Id, Guid.Parse(await UnparsedIdAsync(tenant, source)), Audit.Actor.System, CancellationToken.None)).Job!.Id.ToString();
    }

    private async Task<string> ParserAsync(Tenant tenant) =>
        (await App.Service<OwnParsers>().SaveAsync(tenant.Id, "name: pay\npatterns: [ { match: 'pay %{message:rest}' } ]\n", [], null, Audit.Actor.System, CancellationToken.None)).Parser!.Name;

    private async Task<string> TokenIdAsync(Tenant tenant)
    {
        await App.TokenAsync(tenant, TokenScope.Read);
        await using var db = App.Control.For(tenant.Id);
        return (await db.Set<ApiToken>().AsNoTracking().OrderByDescending(t => t.Id).FirstAsync()).Id.ToString();
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, Act act, string path, string name)
    {
        var request = new HttpRequestMessage(new HttpMethod(act.Method), path);
        if (act.Body is { } body)
            request.Content = JsonContent.Create(JsonNode.Parse(System.Text.Json.JsonSerializer.Serialize(body).Replace("{new}", name).Replace("{incident}", path.Split('/').ElementAtOrDefault(4) ?? "")));
        return client.SendAsync(request);
    }

    private static async Task<string> CodeAsync(HttpResponseMessage answer) => (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["code"]!;

    [Fact]
    public void Every_endpoint_that_changes_something_is_in_the_table()
    {
        var endpoints = App.Services.GetRequiredEndpoints().Where(e => e.RoutePattern.RawText!.StartsWith("/api/v1/") && !e.RoutePattern.RawText.StartsWith("/api/v1/admin"));
        var missing = from endpoint in endpoints
                      from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods
                      let name = $"{method} {Shape(endpoint.RoutePattern.RawText!)}"
                      where !Acts.Any(a => name == $"{a.Method} {Shape(a.Path)}")
                      select name;
        Assert.Empty(missing);
    }

    /// <summary>A path with every parameter alike.</summary>
    private static string Shape(string path) => string.Join('/', path.Split('/').Select(p => p.StartsWith('{') ? "*" : p));

    [Fact]
    public async Task A_change_by_cookie_needs_the_tenants_header_and_a_session()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var alert = await App.AlertAsync(TestApp.Finding(tenant.Id));
        using var client = await App.SignedInAsync(tenant);
        client.DefaultRequestHeaders.Remove("Palisade-Tenant");
        using var without = await client.PatchAsync($"/api/v1/alerts/{alert.Id}", JsonContent.Create(new { status = "in_progress" }));
        Assert.Equal((HttpStatusCode.BadRequest, "tenant.header"), (without.StatusCode, await CodeAsync(without)));
        using var stranger = App.Stranger();
        stranger.DefaultRequestHeaders.Add("Palisade-Tenant", tenant.Slug);
        using var unknown = await stranger.PatchAsync($"/api/v1/alerts/{alert.Id}", JsonContent.Create(new { status = "in_progress" }));
        Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);
        Assert.Equal(AlertStatus.New, (await App.Service<AlertQueries>().FindAsync(tenant.Id, alert.Id, CancellationToken.None))!.Alert.Status);
    }
}
