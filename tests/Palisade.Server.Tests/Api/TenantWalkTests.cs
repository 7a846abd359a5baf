using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Palisade.Server.Alerts;
using Palisade.Server.Audit;
using Palisade.Engine.Rules.Policy;
using Palisade.Server.BusinessPages;
using Palisade.Server.Control;
using Palisade.Server.Mutes;
using Palisade.Server.Rules;
using Palisade.Server.Identity;
using Palisade.Server.Incidents;
using Palisade.Server.Sources;
using Palisade.Server.Tenants;
using Palisade.Server.Tests.Control;
using Palisade.Server.Tokens;
using Palisade.Server.Unparsed;

namespace Palisade.Server.Tests.Api;

/// <summary>A member of one tenant goes through every endpoint of the running application with the names and ids of another's things.</summary>
[Collection(nameof(SqliteControl))]
public sealed class TenantWalkTests(SqliteControl store) : IAsyncLifetime
{
    /// <summary>Stands in every text that tenant B has; its slug and ids do not hold it.</summary>
    private const string Mark = "Geheim";

    private Tenant mine = null!, theirs = null!;
    private Dictionary<string, string> names = [];
    private string before = "";

    private TestApp App => store.App;

    public async ValueTask InitializeAsync()
    {
        mine = await App.TenantAsync(store.NewName());
        theirs = await App.TenantAsync($"{Mark} {store.NewName()}");
        await App.AlertAsync(TestApp.Finding(mine.Id, title: "Mine"));
        var alert = await App.AlertAsync(TestApp.Finding(theirs.Id, title: Mark) with { Host = Mark, User = Mark, Raw = Encoding.UTF8.GetBytes(Mark) });
        await App.Service<AlertEdits>().CommentAsync(theirs.Id, alert.Id, Mark, null, Actor.System, CancellationToken.None);
        await App.IncidentAsync(TestApp.Incident(mine.Id, "mine"));
        var incident = await App.IncidentAsync(TestApp.Incident(theirs.Id, $"theirs-{theirs.Id}", title: Mark, ip: "198.51.100.77"));
        await App.Service<IncidentEdits>().CommentAsync(theirs.Id, incident.Id, Mark, null, Actor.System, CancellationToken.None);
        var source = (await App.Service<ISourceRegistry>().GetOrCreateAsync(theirs.Id, $"{Mark}-web", CancellationToken.None)).Source!;
        var member = await App.MemberAsync(theirs, Role.Analyst, Mark);
        await App.TokenAsync(theirs, TokenScope.Write, Mark);
        await App.Service<UnparsedGroups>().AddAsync(theirs.Id, source.Id, Encoding.UTF8.GetBytes($"{Mark} order=1"), 1);
        var unparsed = (await App.Service<UnparsedGroups>().ListAsync(theirs.Id)).Groups.Single().Id;
        var parser = await App.Service<OwnParsers>().SaveAsync(theirs.Id, $"name: pay-geheim\npatterns: [ {{ match: '{Mark} %{{message:rest}}' }} ]\n", [], null, Actor.System, CancellationToken.None);
        Assert.NotNull(parser.Parser);
        var rule = await App.Service<TenantRules>().SaveAsync(theirs.Id, $"title: {Mark}\nid: rule-geheim\nlogsource: {{ category: any }}\ndetection: {{ a: {{ message|contains: {Mark} }}, condition: a }}\n", null, null, Actor.System, CancellationToken.None);
        Assert.NotNull(rule.Rule);
        Assert.NotNull((await App.Service<TenantPipelines>().SaveAsync(theirs.Id, "pipe-geheim", $"name: {Mark}\ntransformations: []\n", null, Actor.System, CancellationToken.None)).Pipeline);
        Assert.NotNull((await App.Service<TenantPipelines>().SavePlaceholdersAsync(theirs.Id, new Dictionary<string, IReadOnlyList<string>> { [Mark] = [Mark] }, null, Actor.System, CancellationToken.None)).Placeholders);
        var backtest = (await App.Service<Backtests>().BeginAsync(theirs.Id, "rule-geheim", null, TimeSpan.FromHours(1), Actor.System, CancellationToken.None)).Job!;
        var mute = (await App.Service<TenantMutes>().AddAsync(theirs.Id, [new("rule.id", MuteTest.Is, "rule-geheim")], Mark, TimeProvider.System.GetUtcNow().AddDays(1), null, Actor.System, CancellationToken.None)).Mute!;
        Assert.NotNull((await App.Service<TenantPages>().ChooseAsync(theirs.Id, Mark, "/gate/geheim", "login", null, Actor.System, CancellationToken.None)).Page);
        await using var db = App.Control.For(theirs.Id);
        var token = (await db.Set<ApiToken>().SingleAsync()).Id;
        names = new()
        {
            ["{alert}"] = alert.Id, ["{incident}"] = incident.Id, ["{source}"] = source.Id.ToString(), ["{token}"] = token.ToString(), ["{user}"] = member.Id.ToString(), ["{unparsed}"] = unparsed.ToString(), ["{slug}"] = theirs.Slug, ["{backtest}"] = backtest.Id.ToString(), ["{mute}"] = mute.Id.ToString(),
            ["{cursor}"] = $"{alert.Last.AddDays(1).ToUnixTimeMilliseconds()}.{alert.Id}",
        };
        before = await StateAsync();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>All of B that somebody could change.</summary>
    private async Task<string> StateAsync()
    {
        await using var db = App.Control.For(theirs.Id);
        var alerts = await db.Set<Alert>().AsNoTracking().Select(a => $"{a.Id} {a.Version} {a.Status}").ToListAsync();
        var comments = await db.Set<AlertComment>().CountAsync();
        var incidents = await db.Set<IncidentRow>().AsNoTracking().Select(i => $"{i.Id} {i.Version} {i.Status} {i.MergedInto}").ToListAsync();
        var sources = await db.Set<Source>().AsNoTracking().Select(s => $"{s.Id} {s.Version} {s.Disabled}").ToListAsync();
        var tokens = await db.Set<ApiToken>().AsNoTracking().Select(t => $"{t.Id} {t.Revoked}").ToListAsync();
        var unparsed = (await App.Service<UnparsedGroups>().ListAsync(theirs.Id)).Groups.Select(g => $"{g.Id} {g.Count} {g.Ignored}");
        var parsers = await db.Set<OwnParser>().AsNoTracking().Select(p => $"{p.Name} {p.Version}").ToListAsync();
        var rules = await db.Set<OwnRule>().AsNoTracking().Select(r => $"{r.RuleId} {r.Version}").ToListAsync();
        var choices = await db.Set<RuleChoice>().AsNoTracking().Select(r => $"{r.RuleId} {r.Version}").ToListAsync();
        var pipelines = await db.Set<RulePipeline>().AsNoTracking().Select(p => $"{p.Name} {p.Version}").ToListAsync();
        var placeholders = await db.Set<RulePlaceholders>().AsNoTracking().Select(p => $"{p.Json} {p.Version}").ToListAsync();
        var mutes = await db.Set<MuteRow>().AsNoTracking().Select(m => $"{m.Id} {m.Version}").ToListAsync();
        var pages = await db.Set<BusinessPageRow>().AsNoTracking().Select(p => $"{p.Site} {p.Path} {p.Chosen} {p.Version}").ToListAsync();
        var audit = (await App.AuditAsync(theirs.Id)).Count;
        return string.Join('\n', [.. alerts, $"{comments}", .. incidents, .. sources, .. tokens, .. unparsed, .. parsers, .. rules, .. choices, .. pipelines, .. placeholders, .. mutes, .. pages, $"{audit}"]);
    }

    [Fact]
    public void Every_endpoint_is_in_the_walk()
    {
        var endpoints = App.Services.GetRequiredEndpoints().SelectMany(Names).Distinct().ToList();
        Assert.Empty(endpoints.Except(WalkStep.All.Select(s => s.Endpoint)));
        Assert.Empty(WalkStep.All.Select(s => s.Endpoint).Except(endpoints));
    }

    private static IEnumerable<string> Names(RouteEndpoint endpoint)
    {
        var path = "/" + endpoint.RoutePattern.RawText!.TrimStart('/');
        if (WalkStep.Framework.Any(f => path.StartsWith(f, StringComparison.Ordinal)) || path.StartsWith("/ingest/", StringComparison.Ordinal)) return [];
        if (endpoint.Metadata.GetMetadata<ComponentTypeMetadata>() is not null) return ["GET " + path];
        return (endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["ANY"]).Select(m => $"{m} {path}");
    }

    private async Task<(HttpStatusCode Status, string Text)> AskAsync(HttpClient client, WalkStep step, string? slug = null)
    {
        var (path, body) = (step.Path, step.Body is null ? null : System.Text.Json.JsonSerializer.Serialize(step.Body));
        foreach (var (name, value) in names)
        {
            path = path.Replace(name, name == "{slug}" ? slug ?? value : value);
            body = body?.Replace(name, value);
        }
        using var request = new HttpRequestMessage(new HttpMethod(step.Method), path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        // What the caller itself said may come back; nothing else of B may.
        var heard = text.Replace(path, "").Replace("q=" + Mark, "").Replace($"value=\"{Mark}\"", "");
        Assert.False(heard.Contains(Mark, StringComparison.Ordinal), $"{step.Endpoint} tells a member of another tenant what is B's: {text}");
        return (answer.StatusCode, text);
    }

    [Fact]
    public async Task What_is_anothers_does_not_exist()
    {
        using var member = await App.SignedInAsync(mine);
        using var token = App.WithToken(await App.TokenAsync(mine, TokenScope.Write));
        using var stranger = App.Stranger();
        // The same person, claiming to work in B.
        using var claiming = await App.SignedInAsync(mine);
        claiming.DefaultRequestHeaders.Remove("Palisade-Tenant");
        claiming.DefaultRequestHeaders.Add("Palisade-Tenant", theirs.Slug);
        var wrong = new List<string>();
        foreach (var step in WalkStep.All)
        {
            try
            {
                await TryAsync(step, member, token, claiming, stranger);
            }
            catch (Xunit.Sdk.XunitException e)
            {
                wrong.Add($"{step.Endpoint}: {e.Message}");
            }
        }
        Assert.Empty(wrong);
    }

    private async Task TryAsync(WalkStep step, HttpClient member, HttpClient token, HttpClient claiming, HttpClient stranger)
    {
        var asMember = await AskAsync(member, step);
        var asStranger = await AskAsync(stranger, step);
        switch (step.Kind)
        {
            case Walk.Thing:
                Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.Unauthorized),
                    (asMember.Status, (await AskAsync(token, step)).Status, (await AskAsync(claiming, step)).Status, asStranger.Status));
                break;
            case Walk.Own:
                Assert.True((int)asMember.Status is 200 or 201, $"{asMember.Status}: {asMember.Text}");
                Assert.True((int)(await AskAsync(token, step)).Status is 200 or 201 or 409);
                Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.Unauthorized), ((await AskAsync(claiming, step)).Status, asStranger.Status));
                break;
            case Walk.Stored:
                Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable, HttpStatusCode.NotFound, HttpStatusCode.Unauthorized),
                    (asMember.Status, (await AskAsync(token, step)).Status, (await AskAsync(claiming, step)).Status, asStranger.Status));
                break;
            case Walk.Page:
                Assert.Equal(HttpStatusCode.NotFound, asMember.Status);
                Assert.Equal(HttpStatusCode.Redirect, asStranger.Status);
                Assert.True((await AskAsync(member, step, mine.Slug)).Status is HttpStatusCode.OK or HttpStatusCode.NotFound);
                break;
            case Walk.Operator:
                Assert.True(asMember.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Redirect && asStranger.Status == asMember.Status, $"{asMember.Status}");
                Assert.Equal(asMember.Status, (await AskAsync(token, step)).Status);
                break;
            default:
                // Without an event store this server is not ready, and says so.
                Assert.True(step.Path == "/readyz" || (int)asMember.Status < 500 && (int)asStranger.Status < 500, $"{asMember.Status} {asStranger.Status}");
                break;
        }
        Assert.Equal(before, await StateAsync());
    }

    [Fact]
    public async Task The_owner_of_the_things_is_shown_them()
    {
        // Else the walk could pass because nothing is shown to anybody.
        using var owner = await App.SignedInAsync(theirs);
        foreach (var path in new[] { "/api/v1/alerts", $"/api/v1/alerts/{names["{alert}"]}", "/api/v1/sources", $"/api/v1/sources/{names["{source}"]}", "/api/v1/tokens", "/api/v1/unparsed", $"/api/v1/unparsed/{names["{unparsed}"]}", "/api/v1/parsers", $"/t/{theirs.Slug}/config/unparsed", $"/t/{theirs.Slug}/config/workbench?group={names["{unparsed}"]}", "/api/v1/rule-pipelines", "/api/v1/rule-pipelines/pipe-geheim", "/api/v1/rule-placeholders", $"/t/{theirs.Slug}/config/rules-pipelines?open=pipe-geheim", "/api/v1/users", "/api/v1/audit",
            $"/t/{theirs.Slug}/config/rules?area=own", $"/t/{theirs.Slug}/config/rules/rule-geheim", $"/t/{theirs.Slug}/config/mutes", $"/t/{theirs.Slug}/config/business?state=confirmed", $"/t/{theirs.Slug}/config/backtests", $"/t/{theirs.Slug}/config/backtests/{names["{backtest}"]}", $"/t/{theirs.Slug}/config/mutes/add?alert={names["{alert}"]}", $"/t/{theirs.Slug}/alerts?status=all&open={names["{alert}"]}",
            "/api/v1/incidents", $"/api/v1/incidents/{names["{incident}"]}", $"/t/{theirs.Slug}/incidents", $"/t/{theirs.Slug}/incidents/{names["{incident}"]}", $"/t/{theirs.Slug}/attackers/198.51.100.77" })
            Assert.Contains(Mark, await owner.GetStringAsync(new Uri(path, UriKind.Relative)));
    }

    [Fact]
    public async Task Every_way_in_for_logs_wants_a_token()
    {
        using var stranger = App.Stranger();
        using var reader = App.WithToken(await App.TokenAsync(theirs, TokenScope.Read));
        var ways = App.Services.GetRequiredEndpoints().Where(e => e.RoutePattern.RawText!.StartsWith("/ingest/", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(ways);
        foreach (var way in ways)
        {
            // Splunk's clients ask for health before they have a token; it says nothing of anybody.
            if (way.RoutePattern.RawText!.EndsWith("/health", StringComparison.Ordinal) || way.RoutePattern.RawText!.EndsWith("/health/1.0", StringComparison.Ordinal)) continue;
            foreach (var method in way.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods)
            {
                var path = System.Text.RegularExpressions.Regex.Replace(way.RoutePattern.RawText!, "{[^}]*}", "x", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));
                async Task<HttpStatusCode> Status(HttpClient client)
                {
                    using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = method == "GET" ? null : new StringContent("{}") };
                    using var answer = await client.SendAsync(request);
                    return answer.StatusCode;
                }
                Assert.True(await Status(stranger) == HttpStatusCode.Unauthorized, $"{method} {path} is open");
                Assert.True(await Status(reader) == HttpStatusCode.Forbidden, $"{method} {path} takes a token that may not send");
            }
        }
    }

    [Fact]
    public async Task A_token_brings_records_to_its_own_tenant_whatever_source_they_name()
    {
        using var sender = App.WithToken(await App.TokenAsync(mine, TokenScope.Ingest));
        using var body = new StringContent("a line\n");
        using var answer = await sender.PostAsync(new Uri($"/ingest/raw?source={Mark}-web", UriKind.Relative), body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        await using var db = App.Control.For(mine.Id);
        var source = await db.Set<Source>().AsNoTracking().SingleAsync(s => s.Name == Mark + "-web");
        Assert.NotEqual(names["{source}"], source.Id.ToString());
        Assert.Equal(before, await StateAsync());
        foreach (var scope in new[] { TokenScope.Read, TokenScope.Write })
        {
            using var reader = App.WithToken(await App.TokenAsync(theirs, scope));
            using var refused = await reader.PostAsync(new Uri("/ingest/raw?source=x", UriKind.Relative), new StringContent("a line\n"));
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }
    }

    [Fact]
    public async Task The_operator_sees_no_tenants_things()
    {
        await App.Control.ChangeAsync(TenantContext.System,
            db => App.Service<OperatorService>().SetAsync(db, "op@platform.example", TestApp.Password, Actor.CommandLine, CancellationToken.None), CancellationToken.None);
        using var client = App.Stranger();
        using var signedIn = await TestApp.PostFormAsync(client, "/sign-in", "/admin/sign-in", ("email", "op@platform.example"), ("password", TestApp.Password));
        Assert.Equal("/admin", signedIn.Headers.Location?.OriginalString);
        client.DefaultRequestHeaders.Add("Palisade-Tenant", theirs.Slug);
        Assert.Contains(theirs.Slug, await client.GetStringAsync(new Uri("/api/v1/admin/tenants", UriKind.Relative)));
        foreach (var step in WalkStep.All.Where(s => s.Kind is Walk.Thing or Walk.Own or Walk.Page))
        {
            var (status, _) = await AskAsync(client, step);
            Assert.True(status is HttpStatusCode.Unauthorized or HttpStatusCode.Redirect, $"{step.Endpoint} gave the operator {status}");
        }
        Assert.Equal(before, await StateAsync());
    }
}
