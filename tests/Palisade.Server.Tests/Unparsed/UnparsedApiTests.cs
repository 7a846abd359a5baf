using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Palisade.Engine;
using Palisade.Server.Sources;
using Palisade.Server.Streaming;
using Palisade.Server.Tenants;
using Palisade.Server.Tokens;

namespace Palisade.Server.Tests.Unparsed;

/// <summary>The way of a line that nobody reads: sent, grouped, its suggestion tried and saved, and read from then on; over HTTP.</summary>
public sealed class UnparsedApiTests
{
    private const string Deny = "2026/11/24 10:00:00 pay[gw-1] DENY order=A1009 user=\"li wei\" from=203.0.113.9:51514 code=403";
    private const string Ok = "2026/11/24 10:00:01 pay[gw-1] OK order=A1010 user=\"wang\" from=198.51.100.7:40022 code=200";

    /// <summary>A server that knows one kind of line, and has no event store.</summary>
    private static Task<TestApp> StartAsync() => TestApp.StartAsync(adjust: services => services.AddSingleton(Content()));

    private static EngineSnapshot Content() =>
        EngineContent.Load([("sources/web/source.yml", "name: web\ndetect: 10\npatterns: [ { match: 'web %{message:rest}' } ]\n"u8.ToArray())], out _);

    private static async Task SendAsync(TestApp app, Tenant tenant, params string[] lines)
    {
        using var sender = app.WithToken(await app.TokenAsync(tenant, TokenScope.Ingest));
        using var body = new StringContent(string.Join('\n', lines) + "\n");
        using var answer = await sender.PostAsync(new Uri("/ingest/raw?source=gateway", UriKind.Relative), body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<JsonNode> GetAsync(HttpClient client, string path) => JsonNode.Parse(await client.GetStringAsync(new Uri(path, UriKind.Relative)))!;

    private static async Task<(HttpStatusCode Status, JsonNode Body, string ETag)> PostAsync(HttpClient client, string path, object body, string? match = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        if (match is not null) request.Headers.TryAddWithoutValidation("If-Match", match);
        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!, answer.Headers.ETag?.Tag ?? "");
    }

    private static async Task<long> ReadByAsync(TestApp app, Tenant tenant, string parser)
    {
        var source = (await app.Service<ISourceRegistry>().GetOrCreateAsync(tenant.Id, "gateway", CancellationToken.None)).Source!;
        return app.Service<ISourceStats>().Of(tenant.Id, source.Id).Parsers.GetValueOrDefault(parser);
    }

    [Fact]
    public async Task A_line_nobody_read_is_read_after_its_suggestion_was_saved()
    {
        await using var app = await StartAsync();
        var (mine, other) = (await app.TenantAsync("Mine"), await app.TenantAsync("Other"));
        using var client = app.WithToken(await app.TokenAsync(mine, TokenScope.Write));
        using var stranger = app.WithToken(await app.TokenAsync(other, TokenScope.Write));
        await SendAsync(app, mine, Deny, Ok, "web fine");
        JsonNode? group = null;
        await TestApp.UntilAsync("both lines are in a group", async () =>
            (group = ((JsonArray)(await GetAsync(client, "/api/v1/unparsed"))["items"]!).FirstOrDefault()) is not null && (long)group["count"]! == 2);
        Assert.Equal(("gateway", 2, false), ((string)group!["source"]!, ((JsonArray)group["samples"]!).Count, (bool)group["ignored"]!));
        Assert.Empty((JsonArray)(await GetAsync(stranger, "/api/v1/unparsed"))["items"]!);

        var pattern = (string)group["pattern"]!;
        var (status, tried, _) = await PostAsync(stranger, "/api/v1/parsers/try", new { lines = new[] { Deny, "else" }, pattern });
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((true, "line", "2026-11-24T10:00:00+00:00"), ((bool)tried["lines"]![0]!["read"]!, (string)tried["lines"]![0]!["pattern"]!, (string)tried["lines"]![0]!["timestamp"]!));
        var ip = ((JsonArray)tried["lines"]![0]!["fields"]!).Single(f => (string)f!["name"]! == "source.ip")!;
        Assert.Equal((Deny.IndexOf("203.0.113.9", StringComparison.Ordinal), 11), ((int)ip["start"]!, (int)ip["length"]!));
        Assert.Equal((false, 0), ((bool)tried["lines"]![1]!["read"]!, (int)tried["lines"]![1]!["reached"]!));

        var yaml = ((string)tried["yaml"]!).Replace("name: new", "name: pay");
        var saved = await PostAsync(client, "/api/v1/parsers", new { yaml, samples = group["samples"] });
        Assert.Equal((HttpStatusCode.Created, "pay", "\"1\""), (saved.Status, (string)saved.Body["name"]!, saved.ETag));
        await SendAsync(app, mine, Deny, Ok);
        await SendAsync(app, other, Deny);
        await TestApp.UntilAsync("new lines are read", async () => await ReadByAsync(app, mine, "pay") == 2 && await ReadByAsync(app, other, "") == 1);
        Assert.Equal((2, 0), (await ReadByAsync(app, mine, ""), await ReadByAsync(app, other, "pay")));
    }

    [Fact]
    public async Task Saving_answers_with_reasons_and_keeps_versions_apart()
    {
        await using var app = await StartAsync();
        var tenant = await app.TenantAsync("Mine");
        using var client = app.WithToken(await app.TokenAsync(tenant, TokenScope.Write));
        const string yaml = "name: pay\npatterns: [ { match: 'pay %{message:rest}' } ]\n";
        async Task<(HttpStatusCode, string)> Code(object body, string? match = null) =>
            await PostAsync(client, "/api/v1/parsers", body, match) is var (status, answer, _) ? (status, (string?)answer["code"] ?? "") : default;
        Assert.Equal((HttpStatusCode.BadRequest, "parser.wrong"), await Code(new { yaml = "name: pay\npatterns: [ { match: '%{x' } ]\n" }));
        Assert.Equal((HttpStatusCode.BadRequest, "parser.samples_unread"), await Code(new { yaml, samples = new[] { "no" } }));
        Assert.Equal((HttpStatusCode.Conflict, "parser.name_taken"), await Code(new { yaml = yaml.Replace("name: pay", "name: web") }));
        Assert.Equal((HttpStatusCode.BadRequest, "parser.name"), await Code(new { yaml = yaml.Replace("name: pay", "name: 'a b'") }));
        Assert.Equal((HttpStatusCode.Created, ""), await Code(new { yaml }));
        Assert.Equal((HttpStatusCode.PreconditionFailed, "parser.stale"), await Code(new { yaml }, "\"7\""));
        Assert.Equal((HttpStatusCode.OK, ""), await Code(new { yaml }, "\"1\""));
        Assert.Equal(2, (long)(await GetAsync(client, "/api/v1/parsers/pay"))["version"]!);
        using var gone = await client.DeleteAsync(new Uri("/api/v1/parsers/pay", UriKind.Relative));
        using var again = await client.DeleteAsync(new Uri("/api/v1/parsers/pay", UriKind.Relative));
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NotFound), (gone.StatusCode, again.StatusCode));
        Assert.Empty((JsonArray)(await GetAsync(client, "/api/v1/parsers"))["items"]!);
    }

    [Fact]
    public async Task A_trial_is_bounded_and_wants_either_a_pattern_or_a_source()
    {
        await using var app = await StartAsync();
        using var client = app.WithToken(await app.TokenAsync(await app.TenantAsync("Mine"), TokenScope.Read));
        async Task<(HttpStatusCode, string)> Code(object body) =>
            await PostAsync(client, "/api/v1/parsers/try", body) is var (status, answer, _) ? (status, (string?)answer["code"] ?? "") : default;
        Assert.Equal((HttpStatusCode.BadRequest, "parser.lines"), await Code(new { lines = Array.Empty<string>(), pattern = "a" }));
        Assert.Equal((HttpStatusCode.BadRequest, "parser.lines"), await Code(new { lines = new[] { new string('x', 300_000) }, pattern = "a" }));
        Assert.Equal((HttpStatusCode.BadRequest, "parser.text"), await Code(new { lines = new[] { "a" } }));
        Assert.Equal((HttpStatusCode.BadRequest, "parser.text"), await Code(new { lines = new[] { "a" }, pattern = "a", yaml = "name: x" }));
        var (status, wrong, _) = await PostAsync(client, "/api/v1/parsers/try", new { lines = new[] { "a" }, yaml = "name: x\npatterns:\n  - match: 'a'\n    sett: {}\n" });
        Assert.Equal((HttpStatusCode.OK, "SRC002", 4), (status, (string)wrong["diagnostics"]![0]!["code"]!, (int)wrong["diagnostics"]![0]!["line"]!));
        Assert.Empty((JsonArray)wrong["lines"]!);
    }

    [Fact]
    public async Task After_a_flood_of_one_shape_another_one_is_still_seen_and_pages_follow_each_other()
    {
        await using var app = await StartAsync();
        var tenant = await app.TenantAsync("Mine");
        using var client = app.WithToken(await app.TokenAsync(tenant, TokenScope.Write));
        await SendAsync(app, tenant, [.. Enumerable.Range(0, 4000).Select(i => $"flood n={i} end")]);
        var sent = 4000;
        JsonNode first = new JsonObject();
        JsonNode? second = null;
        await TestApp.UntilAsync("both shapes are listed", async () =>
        {
            await SendAsync(app, tenant, "alone: here");
            sent++;
            first = await GetAsync(client, "/api/v1/unparsed?limit=1");
            second = first["next"] is null ? null : await GetAsync(client, $"/api/v1/unparsed?limit=1&cursor={first["next"]}");
            return second is not null;
        });
        Assert.Null(second!["next"]);
        var all = ((JsonArray)first["items"]!).Concat((JsonArray)second["items"]!).ToList();
        Assert.Equal(2, all.Select(g => (string)g!["id"]!).Distinct().Count());
        Assert.InRange((long)second["overlooked"]! + all.Sum(g => (long)g!["count"]!), 2, sent);
    }
}
