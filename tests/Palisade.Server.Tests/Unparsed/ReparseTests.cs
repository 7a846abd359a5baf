using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Palisade.Engine;
using Palisade.Server.Alerts;
using Palisade.Server.Ingest;
using Palisade.Server.Sources;
using Palisade.Server.Storage;
using Palisade.Server.Streaming;
using Palisade.Server.Tenants;
using Palisade.Server.Tokens;
using Palisade.Server.Unparsed;

namespace Palisade.Server.Tests.Unparsed;

/// <summary>Stored records that nobody read, read again after a parser was saved: with a real event store.</summary>
public sealed class ReparseTests
{
    private const string Parser = """
        name: pay
        patterns:
          - match: '%{@timestamp:iso} pay %{event.action:word} %{source.ip:ip}'
        set: { event.category: web, event.dataset: pay.log }
        """;

    private const string Rule = """
        title: Payment denied
        id: 3d1c1c0e-6c1b-4a51-9d0a-0a6f4cf1a001
        logsource: { product: pay }
        detection:
          sel: { event.action: DENY }
          condition: sel
        level: high
        """;

    private static readonly DateTimeOffset Past = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 3 * 86_400);

    private static EngineSnapshot Content()
    {
        var content = EngineContent.Load(
            [("sources/web/source.yml", "name: web\ndetect: 10\npatterns: [ { match: 'web %{message:rest}' } ]\n"u8.ToArray()), ("rules/pay.yml", System.Text.Encoding.UTF8.GetBytes(Rule))], out var problems);
        Assert.DoesNotContain(problems, p => p.IsError);
        return content;
    }

    private static Task<TestApp> StartAsync() => TestApp.StartAsync(store: true, adjust: services => services.AddSingleton(Content()));

    private static string Line(int i) => $"{Past.AddSeconds(i):yyyy-MM-dd'T'HH:mm:ss}Z pay {(i % 100 == 7 ? "DENY" : "OK")} 203.0.113.{i % 200 + 1}";

    private static async Task SendAsync(TestApp app, Tenant tenant, IEnumerable<string> lines)
    {
        using var sender = app.WithToken(await app.TokenAsync(tenant, TokenScope.Ingest));
        using var body = new StringContent(string.Join('\n', lines) + "\n");
        using var answer = await sender.PostAsync(new Uri("/ingest/raw?source=gateway", UriKind.Relative), body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<JsonNode> GetAsync(HttpClient client, string path) => JsonNode.Parse(await client.GetStringAsync(new Uri(path, UriKind.Relative)))!;

    private static async Task<JsonNode> PostAsync(HttpClient client, string path, object body, HttpStatusCode expected)
    {
        using var answer = await client.PostAsJsonAsync(path, body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == expected, text);
        return JsonNode.Parse(text)!;
    }

    private static Task<long> CountAsync(TestApp app, Tenant tenant, params EventFilter[] filters) => app.Service<EventQueries>().CountAsync(
        tenant.Id, new EventSearch(new TimeRange(Past.AddDays(-1), TimeProvider.System.GetUtcNow().AddHours(1))) { Filters = filters }, CancellationToken.None);

    private static Task StoredAsync(TestApp app) =>
        TestApp.UntilAsync("all is stored", () => Task.FromResult(app.Service<StreamWorker>().Stored >= app.Service<IngestGate>().DurableSequence));

    private static async Task<string> GroupAsync(HttpClient client)
    {
        JsonNode? group = null;
        await TestApp.UntilAsync("the lines are in a group", async () => (group = ((JsonArray)(await GetAsync(client, "/api/v1/unparsed"))["items"]!).FirstOrDefault()) is not null);
        return (string)group!["id"]!;
    }

    private static async Task<JsonNode> DoneAsync(HttpClient client, JsonNode job)
    {
        JsonNode now = job;
        await TestApp.UntilAsync("the reparse is done", async () => (string)(now = await GetAsync(client, $"/api/v1/reparses/{job["id"]}"))["state"]! is "done");
        return now;
    }

    [Fact]
    public async Task Stored_records_are_read_again_each_once_with_their_own_time_findings_and_alerts()
    {
        const int count = 4500;
        await using var app = await StartAsync();
        var (mine, other) = (await app.TenantAsync("Mine"), await app.TenantAsync("Other"));
        using var client = app.WithToken(await app.TokenAsync(mine, TokenScope.Write));
        await SendAsync(app, mine, Enumerable.Range(0, count).Select(Line).Append("web fine").Append("nobody reads this: ever"));
        await SendAsync(app, other, [Line(7)]);
        await StoredAsync(app);
        Assert.Equal((count + 2, 0), (await CountAsync(app, mine), await CountAsync(app, mine, new EventFilter("event.action", FilterOperator.Exists))));
        var group = await GroupAsync(client);

        await PostAsync(client, "/api/v1/parsers", new { yaml = Parser, samples = new[] { Line(0) } }, HttpStatusCode.Created);
        var done = await DoneAsync(client, await PostAsync(client, $"/api/v1/unparsed/{group}/reparse", new { }, HttpStatusCode.Accepted));
        Assert.Equal((count + 1, count + 1, count, count / 100), ((int)done["total"]!, (int)done["looked"]!, (int)done["read"]!, (int)done["findings"]!));

        Assert.Equal((count + 2, count), (await CountAsync(app, mine), await CountAsync(app, mine, new EventFilter("event.action", FilterOperator.Exists))));
        var denied = await app.Service<EventQueries>().SearchAsync(mine.Id, new EventSearch(new TimeRange(Past.AddDays(-1), Past.AddDays(1))) { Filters = [new("event.action", FilterOperator.Equal, "DENY")] }, CancellationToken.None);
        Assert.Equal((count / 100, Past.AddSeconds(7)), (denied.Count, denied[^1].Time));
        Assert.Equal(count + 2, (await app.Service<EventQueries>().SearchAsync(mine.Id, new EventSearch(new TimeRange(Past.AddDays(-1), Past.AddDays(4))) { Limit = 10_000 }, CancellationToken.None)).Select(e => e.Id).Distinct().Count());
        var alerts = (JsonArray)(await GetAsync(client, "/api/v1/alerts?limit=500"))["items"]!;
        Assert.Equal(count / 100, alerts.Sum(a => (int)a!["count"]!));
        Assert.All(alerts, a => Assert.InRange((DateTimeOffset)a!["first"]!, Past, Past.AddSeconds(count)));

        var source = (await app.Service<ISourceRegistry>().GetOrCreateAsync(mine.Id, "gateway", CancellationToken.None)).Source!;
        Assert.Equal((count + 2, count + 1), ((await app.Service<ILossLedger>().TotalsAsync(mine.Id, source.Id, CancellationToken.None)).Stored, (await app.Service<ILossLedger>().TotalsAsync(mine.Id, source.Id, CancellationToken.None)).Parsed));
        Assert.Equal(1, await CountAsync(app, other));
        Assert.Equal(0, await CountAsync(app, other, new EventFilter("event.action", FilterOperator.Exists)));
        Assert.Equal(["unparsed.reparse", "unparsed.reparsed"], (await app.AuditAsync(mine.Id)).Select(e => e.Action).Where(a => a.StartsWith("unparsed.", StringComparison.Ordinal)));

        // Once more finds the one line that is still not read, and changes nothing.
        var again = await DoneAsync(client, await PostAsync(client, $"/api/v1/unparsed/{group}/reparse", new { }, HttpStatusCode.Accepted));
        Assert.Equal((1, 0, 0), ((int)again["looked"]!, (int)again["read"]!, (int)again["findings"]!));
        Assert.Equal((count + 2, count / 100), (await CountAsync(app, mine), ((JsonArray)(await GetAsync(client, "/api/v1/alerts?limit=500"))["items"]!).Sum(a => (int)a!["count"]!)));
    }

    [Fact]
    public async Task A_page_that_is_done_again_after_a_crash_changes_nothing()
    {
        await using var app = await StartAsync();
        var mine = await app.TenantAsync("Mine");
        using var client = app.WithToken(await app.TokenAsync(mine, TokenScope.Write));
        await SendAsync(app, mine, Enumerable.Range(0, 300).Select(Line));
        await StoredAsync(app);
        await PostAsync(client, "/api/v1/parsers", new { yaml = Parser }, HttpStatusCode.Created);
        var source = (await app.Service<ISourceRegistry>().GetOrCreateAsync(mine.Id, "gateway", CancellationToken.None)).Source!;
        var job = new ReparseJob { Id = 4711, TenantId = mine.Id, SourceId = source.Id, From = Past, To = TimeProvider.System.GetUtcNow().AddHours(1) };
        var queries = app.Service<EventQueries>();
        var range = new UnreadRange(source.Id, job.From.ToUnixTimeMilliseconds(), job.To.ToUnixTimeMilliseconds());
        var first = await queries.UnreadAsync(mine.Id, range, 0, ulong.MaxValue, CancellationToken.None);
        Assert.Equal(300, first.Count);

        Assert.Equal((300, 300, 3), await PageAsync(app, job, new Failing(app.Service<ILedgerStore>())));
        // Struck down before the unread versions went: both are there, until the page is done again.
        Assert.Equal((600, 300), (await CountAsync(app, mine), await CountAsync(app, mine, new EventFilter("event.action", FilterOperator.Exists))));
        Assert.Equal((300, 300, 0), await PageAsync(app, job, app.Service<ILedgerStore>()));
        Assert.Equal((300, 300), (await CountAsync(app, mine), await CountAsync(app, mine, new EventFilter("event.action", FilterOperator.Exists))));
        Assert.Equal(first.Select(r => r.Id), (await queries.SearchAsync(mine.Id, new EventSearch(new TimeRange(Past, Past.AddDays(1))) { Limit = 1000 }, CancellationToken.None)).Select(e => e.Id).Order());
        Assert.Equal(3, ((JsonArray)(await GetAsync(client, "/api/v1/alerts?limit=500"))["items"]!).Sum(a => (int)a!["count"]!));
        Assert.Equal(300, (await app.Service<ILossLedger>().TotalsAsync(mine.Id, source.Id, CancellationToken.None)).Parsed);
        Assert.Equal((0, 0, 0), await PageAsync(app, job, app.Service<ILedgerStore>()));
    }

    private static async Task<(int, int, int)> PageAsync(TestApp app, ReparseJob job, ILedgerStore ledger)
    {
        var run = new ReparseRun(job, app.Service<EngineSnapshot>(), app.Service<LiveParsers>(), app.Service<IParserChoice>(), Palisade.Engine.Enrich.NoGeoLookup.Instance,
            app.Service<EventQueries>(), app.Service<EventStore>(), app.Service<IStreamAlerts>(), ledger, 90);
        try
        {
            var page = await run.NextAsync(0, CancellationToken.None);
            return (page.Looked, page.Read, page.Findings);
        }
        catch (IOException)
        {
            return (300, 300, 3);
        }
    }

    /// <summary>Counts, and is struck down.</summary>
    private sealed class Failing(ILedgerStore real) : ILedgerStore
    {
        public Task<ulong> PositionAsync(int node, CancellationToken stop) => real.PositionAsync(node, stop);

        public async Task ApplyAsync(int node, ulong upTo, IReadOnlyCollection<LedgerDelta> deltas, CancellationToken stop)
        {
            await real.ApplyAsync(node, upTo, deltas, stop);
            throw new IOException("struck down");
        }
    }

    [Fact]
    public async Task One_can_be_stopped_and_only_so_many_wait()
    {
        // Without an event store none of them comes to an end.
        await using var app = await TestApp.StartAsync(adjust: services => services.AddSingleton(Content()));
        var mine = await app.TenantAsync("Mine");
        using var client = app.WithToken(await app.TokenAsync(mine, TokenScope.Write));
        await SendAsync(app, mine, [Line(1)]);
        var group = await GroupAsync(client);
        for (var i = 0; i < ReparseDesk.MaxOpen; i++) await PostAsync(client, $"/api/v1/unparsed/{group}/reparse", new { }, HttpStatusCode.Accepted);
        Assert.Equal("reparse.too_many", (string)(await PostAsync(client, $"/api/v1/unparsed/{group}/reparse", new { }, HttpStatusCode.Conflict))["code"]!);
        var open = (JsonArray)(await GetAsync(client, "/api/v1/reparses"))["items"]!;
        using var stopped = await client.DeleteAsync(new Uri($"/api/v1/reparses/{open[0]!["id"]}", UriKind.Relative));
        using var again = await client.DeleteAsync(new Uri($"/api/v1/reparses/{open[0]!["id"]}", UriKind.Relative));
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NotFound), (stopped.StatusCode, again.StatusCode));
        Assert.Equal("stopped", (string)(await GetAsync(client, $"/api/v1/reparses/{open[0]!["id"]}"))["state"]!);
        await PostAsync(client, $"/api/v1/unparsed/{group}/reparse", new { }, HttpStatusCode.Accepted);
    }
}
