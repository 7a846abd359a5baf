using Microsoft.Extensions.DependencyInjection;
using Palisade.Engine;
using Palisade.Server.Ingest;
using Palisade.Server.Sources;
using Palisade.Server.Storage;
using Palisade.Server.Streaming;
using Palisade.Server.Tokens;

namespace Palisade.Server.Tests.Streaming;

/// <summary>Records of several lines through the whole server, with a real event store.</summary>
public sealed class JoinedRecordsTests
{
    private static EngineSnapshot Content() => EngineContent.Load(
        [("sources/app/source.yml", "name: app\ndetect: 10\njoin: { start: '%{-:iso} ' }\npatterns: [ { match: '%{@timestamp:iso} %{log.level:in ERROR|INFO} %{message:rest}' } ]\n"u8.ToArray())], out _);

    [Fact]
    public async Task Lines_of_a_stack_trace_are_one_event_and_each_line_is_counted()
    {
        await using var app = await TestApp.StartAsync(store: true, adjust: services => services.AddSingleton(Content()));
        var tenant = await app.TenantAsync("Mine");
        using var sender = app.WithToken(await app.TokenAsync(tenant, TokenScope.Ingest));
        var stamp = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        for (var i = 0; i < 3; i++)
        {
            using var body = new StringContent($"{stamp} ERROR boom {i}\njava.lang.IllegalStateException: no\n\tat a.b(C.java:1)\nCaused by: x\n{stamp} INFO fine {i}\n");
            using var answer = await sender.PostAsync(new Uri("/ingest/raw?source=app", UriKind.Relative), body);
            Assert.True(answer.IsSuccessStatusCode);
        }
        await TestApp.UntilAsync("it is ready", async () =>
        {
            using var ready = await sender.GetAsync(new Uri("/readyz", UriKind.Relative));
            return ready.IsSuccessStatusCode;
        });
        var queries = app.Service<EventQueries>();
        var search = new EventSearch(new TimeRange(TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddHours(1)));
        // The last record of each request is whole when nothing came for a while.
        await TestApp.UntilAsync("all six are stored", async () => await queries.CountAsync(tenant.Id, search, CancellationToken.None) == 6);
        var found = await queries.SearchAsync(tenant.Id, search, CancellationToken.None);
        Assert.Equal(3, found.Count(e => e.RawText.EndsWith("\tat a.b(C.java:1)\nCaused by: x", StringComparison.Ordinal) && e.Fields["log.level"] == "ERROR"));
        Assert.Equal(6, found.Select(e => e.Id).Distinct().Count());
        var source = (await app.Service<ISourceRegistry>().GetOrCreateAsync(tenant.Id, "app", CancellationToken.None)).Source!;
        LedgerTotals? totals = null;
        await TestApp.UntilAsync("all fifteen lines are counted", async () => (totals = await app.Service<ILossLedger>().TotalsAsync(tenant.Id, source.Id, CancellationToken.None)).Stored == 15);
        Assert.Equal((15, 15, 0, 100.0), (totals!.Received, totals.Parsed, totals.InFlight, totals.Completeness));
        await TestApp.UntilAsync("nothing is held to be waiting", () => Task.FromResult(app.Service<Backlog>().Bytes == 0));
    }
}
