using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Palisade.Protocol;
using Palisade.Server.Identity;
using Palisade.Server.Incidents;
using Palisade.Server.Tests.Control;
using Palisade.Server.Tokens;

namespace Palisade.Server.Tests.Incidents;

/// <summary>Incidents over HTTP: what the contract says of lists and edits, and where a merged one leads.</summary>
[Collection(nameof(SqliteControl))]
public sealed class IncidentsApiTests(SqliteControl store)
{
    private TestApp App => store.App;

    private static async Task<JsonObject> JsonAsync(HttpResponseMessage answer) => (JsonObject)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;

    [Fact]
    public async Task An_incident_is_listed_told_edited_merged_and_leads_to_the_one_that_shows_it()
    {
        var tenant = await App.TenantAsync(store.NewName());
        await App.IncidentAsync(TestApp.Incident(tenant.Id, "one", title: "Story", outcome: AttackOutcome.Likely));
        await App.IncidentAsync(TestApp.Incident(tenant.Id, "two", ip: "203.0.113.6", timeMs: 1_790_000_900_000));
        using var client = App.WithToken(await App.TokenAsync(tenant, TokenScope.Write));
        var list = await JsonAsync(await client.GetAsync(new Uri("/api/v1/incidents?limit=1&outcome=likely", UriKind.Relative)));
        Assert.Null(list["next"]);
        var item = (JsonObject)((JsonArray)list["items"]!).Single()!;
        Assert.Equal(("one", "Story", "sqli", "high", "likely", "new"), ((string)item["id"]!, (string)item["title"]!, (string)item["class"]!, (string)item["level"]!, (string)item["outcome"]!, (string)item["status"]!));
        Assert.Equal(("203.0.113.5", "/search", "Story happened. What to do now: Look at it."), ((string)item["sources"]![0]!, (string)item["targets"]![0]!, (string)item["summary"]!));
        Assert.NotNull((string?)(await JsonAsync(await client.GetAsync(new Uri("/api/v1/incidents?limit=1", UriKind.Relative))))["next"]);

        using var detail = await client.GetAsync(new Uri("/api/v1/incidents/one", UriKind.Relative));
        var told = await JsonAsync(detail);
        Assert.Equal("\"1\"", detail.Headers.ETag?.ToString());
        Assert.Equal((1L, "exploit", "Story"), ((long)told["outcomes"]!["likely"]!, (string)told["steps"]![0]!["phase"]!, (string)told["timeline"]![0]!["raw"]!));

        using var patch = new HttpRequestMessage(HttpMethod.Patch, "/api/v1/incidents/one") { Content = JsonContent.Create(new { status = "closed", reason = "mitigated" }), Headers = { { "If-Match", "\"7\"" } } };
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await client.SendAsync(patch)).StatusCode);
        using var edited = await client.PatchAsJsonAsync("/api/v1/incidents/one", new { status = "closed", reason = "mitigated" });
        Assert.Equal("closed", (string)(await JsonAsync(edited))["status"]!);
        using var unreasoned = await client.PatchAsJsonAsync("/api/v1/incidents/two", new { status = "closed" });
        Assert.Equal("incident.reason", (string)(await JsonAsync(unreasoned))["code"]!);

        using var merged = await client.PostAsJsonAsync("/api/v1/incidents/one/merge", new { incident = "two" });
        Assert.Equal((2, 1), ((int)(await JsonAsync(merged))["source_count"]!, (int)(await JsonAsync(merged))["members"]!));
        using var led = await client.GetAsync(new Uri("/api/v1/incidents/two", UriKind.Relative));
        Assert.Equal((HttpStatusCode.TemporaryRedirect, "/api/v1/incidents/one"), (led.StatusCode, led.Headers.Location?.OriginalString));
        using var refused = await client.PatchAsJsonAsync("/api/v1/incidents/two", new { status = "in_progress" });
        Assert.Equal((HttpStatusCode.Conflict, "incident.merged"), (refused.StatusCode, (string)(await JsonAsync(refused))["code"]!));
        using var split = await client.PostAsJsonAsync("/api/v1/incidents/one/split", new { incident = "two" });
        Assert.Equal(0, (int)(await JsonAsync(split))["members"]!);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("/api/v1/incidents/two", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task An_alert_leads_to_its_incident_and_the_incident_back()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var finding = TestApp.Finding(tenant.Id, title: "Linked");
        var alert = await App.AlertAsync(finding);
        await App.IncidentAsync(TestApp.Incident(tenant.Id, "told", title: "Whole story") with { EventIds = [finding.EventId] });
        using var client = await App.SignedInAsync(tenant);
        var told = await JsonAsync(await client.GetAsync(new Uri("/api/v1/alerts/" + alert.Id, UriKind.Relative)));
        Assert.Equal("told", (string)((JsonArray)told["incidents"]!).Single()!);
        var page = await client.GetStringAsync(new Uri($"/t/{tenant.Slug}/alerts?status=all&open={alert.Id}", UriKind.Relative));
        Assert.Contains($"href=\"t/{tenant.Slug}/incidents/told\"", page, StringComparison.Ordinal);
        Assert.Contains("Whole story", page, StringComparison.Ordinal);
        Assert.Contains($"href=\"t/{tenant.Slug}/attackers/203.0.113.5\"", page, StringComparison.Ordinal);
        var incident = await client.GetStringAsync(new Uri($"/t/{tenant.Slug}/incidents/told", UriKind.Relative));
        Assert.Contains($"href=\"t/{tenant.Slug}/alerts?status=all&amp;open={alert.Id}\"", incident, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status=nonsense", "filter.status")]
    [InlineData("level=9", "filter.level")]
    [InlineData("outcome=won", "filter.outcome")]
    public async Task A_filter_that_means_nothing_is_refused(string query, string code)
    {
        var tenant = await App.TenantAsync(store.NewName());
        using var client = App.WithToken(await App.TokenAsync(tenant, TokenScope.Read));
        using var answer = await client.GetAsync(new Uri("/api/v1/incidents?" + query, UriKind.Relative));
        Assert.Equal((HttpStatusCode.BadRequest, code), (answer.StatusCode, (string)(await JsonAsync(answer))["code"]!));
    }
}
