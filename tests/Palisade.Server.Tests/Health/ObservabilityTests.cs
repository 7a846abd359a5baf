using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Palisade.Cli.Bench;
using Palisade.Server.Alerts;
using Palisade.Server.Control;
using Palisade.Server.Identity;
using Palisade.Server.Sources;
using Palisade.Server.Tokens;
using Palisade.Server.Usage;

namespace Palisade.Server.Tests.Health;

/// <summary>The whole product with its event store: what it says about itself while it works, and the first steps it notes.</summary>
public sealed class ObservabilityTests
{
    /// <summary>An OTLP/gRPC receiver: keeps each export as it came.</summary>
    private sealed class Collector : IAsyncDisposable
    {
        private readonly WebApplication app;
        public ConcurrentQueue<(string Path, string Bytes)> Exports { get; } = new();
        public string Url => app.Urls.First();

        public Collector()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http2));
            app = builder.Build();
            app.MapPost("/{**path}", async (HttpContext http) =>
            {
                using var body = new MemoryStream();
                await http.Request.Body.CopyToAsync(body);
                Exports.Enqueue((http.Request.Path, Encoding.Latin1.GetString(body.ToArray())));
                http.Response.ContentType = "application/grpc";
                http.Response.AppendTrailer("grpc-status", "0");
                await http.Response.Body.WriteAsync(new byte[5]);
            });
        }

        public Task StartAsync() => app.StartAsync();
        public ValueTask DisposeAsync() => app.DisposeAsync();
    }

    [Fact]
    public async Task Traces_metrics_usage_and_first_steps_come_out_of_the_running_product()
    {
        await using var collector = new Collector();
        await collector.StartAsync();
        var port = FreePort.Next();
        await using var app = await TestApp.StartAsync(
            o => o with { Health = o.Health with { OtlpEndpoint = collector.Url, MetricsListen = $"127.0.0.1:{port}", MetricsToken = "a token for figures" } }, store: true);
        var tenant = await app.TenantAsync("Observed");
        using var sender = app.WithToken(await app.TokenAsync(tenant, TokenScope.Ingest));
        var line = $"203.0.113.5 - - [{TimeProvider.System.GetUtcNow():dd/MMM/yyyy:HH:mm:ss} +0000] \"GET /search?q=%27%20UNION%20SELECT%20password%20FROM%20users-- HTTP/1.1\" 403 162 \"-\" \"curl/8.10\"\n";
        var log = $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss}+00:00 gate-01 sshd[10]: Accepted password for deploy from 192.0.2.9 port 40000 ssh2\n";
        var text = string.Concat(Enumerable.Repeat(line, 50)) + log;
        using var sent = await sender.PostAsync(new Uri("/ingest/raw?source=web", UriKind.Relative), new StringContent(text));
        Assert.True(sent.IsSuccessStatusCode, await sent.Content.ReadAsStringAsync());

        await AssertStepsAsync(app, tenant.Id, Encoding.UTF8.GetByteCount(text) - 51);
        await AssertMetricsAsync(app, port);

        // One span a batch, one a stored range, of our service, with their figures.
        foreach (var word in new[] { "palisade.stream.batch", "palisade.stream.store", "palisade.records", "palisade.events", "service.name", "POST /ingest/raw" })
            await TestApp.UntilAsync($"the collector got {word}", () => Task.FromResult(collector.Exports.Any(e => e.Path.EndsWith("TraceService/Export") && e.Bytes.Contains(word))));
    }

    private static async Task AssertStepsAsync(TestApp app, uint tenant, long bytes)
    {
        await TestApp.UntilAsync("the alert is there", async () => (await app.Service<AlertQueries>().ListAsync(tenant, new AlertFilter(), null, 1, CancellationToken.None)).Items.Count == 1);
        using var owner = await app.SignedInAsync(new Tenants.Tenant { Slug = "observed", Name = "Observed", Id = tenant });
        var alert = (await app.Service<AlertQueries>().ListAsync(tenant, new AlertFilter(), null, 1, CancellationToken.None)).Items[0];
        using var edit = await owner.PatchAsync(new Uri($"/api/v1/alerts/{alert.Id}", UriKind.Relative), new StringContent("""{"status":"in_progress"}""", Encoding.UTF8, "application/json"));
        Assert.True(edit.IsSuccessStatusCode);
        await TestApp.UntilAsync("usage is written", async () =>
        {
            foreach (var noted in app.Services.GetServices<INoted>()) await noted.FlushAsync(CancellationToken.None);
            await using var db = app.Control.For(tenant);
            return await db.Set<UsageDay>().SumAsync(u => u.Events) == 51 && await db.Set<Host>().AnyAsync();
        });
        // The day's hosts are counted with the next records of the day.
        app.Service<IUsageMeter>().Add(tenant, 0, 0);
        await app.Service<IUsageMeter>().FlushAsync(CancellationToken.None);
        await using var now = app.Control.For(tenant);
        var days = await now.Set<UsageDay>().ToListAsync();
        Assert.Equal((51, bytes, 1, 1), (days.Sum(d => d.Events), days.Sum(d => d.Bytes), days.Max(d => d.ActiveUsers), days.Sum(d => d.AlertsTriaged)));
        Assert.Equal(1, days[^1].Hosts);
        Assert.Equal(Enum.GetValues<FunnelStep>(), await now.Set<FunnelEvent>().OrderBy(f => f.Step).Select(f => f.Step).ToListAsync());
        Assert.NotNull((await now.Set<Source>().SingleAsync()).LastSeen);
        Assert.Equal("gate-01", (await now.Set<Host>().SingleAsync()).Name);
    }

    private static async Task AssertMetricsAsync(TestApp app, int port)
    {
        using var client = app.Stranger();
        var own = new Uri($"http://127.0.0.1:{port}");
        // Meters are the process's: what other servers in it store counts too.
        await TestApp.UntilAsync("the figures have come in", async () => Value(await client.GetStringAsync(new Uri(own, "/metrics")), "palisade_stream_stored_total") >= 51);
        var figures = await client.GetStringAsync(new Uri(own, "/metrics"));
        foreach (var name in new[] { "palisade_stream_records", "palisade_stream_findings", "palisade_journal_bytes", "palisade_stream_lag", "palisade_stream_batch_duration_seconds_bucket", "http_server_request_duration_seconds_bucket" })
            Assert.Contains(name, figures);
        // Nothing else is on that listener, and elsewhere the token is asked for.
        foreach (var path in new[] { "/", "/sign-in", "/healthz", "/api/v1/tenant", "/ingest/elastic/" }) Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri(own, path))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri("/metrics", UriKind.Relative))).StatusCode);
        client.DefaultRequestHeaders.Authorization = new("Bearer", "a wrong token for it");
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri("/metrics", UriKind.Relative))).StatusCode);
        client.DefaultRequestHeaders.Authorization = new("Bearer", "a token for figures");
        Assert.Contains("palisade_stream_stored", await client.GetStringAsync(new Uri("/metrics", UriKind.Relative)));
    }

    private static double Value(string figures, string name) => figures.Split('\n')
        .Where(l => l.StartsWith(name, StringComparison.Ordinal)).Select(l => double.Parse(l.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)).FirstOrDefault(-1);

    [Fact]
    public async Task Without_a_listener_or_a_token_there_are_no_metrics()
    {
        await using var app = await TestApp.StartAsync();
        using var client = app.Stranger();
        client.DefaultRequestHeaders.Authorization = new("Bearer", "");
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri("/metrics", UriKind.Relative))).StatusCode);
        using var health = await client.GetAsync(new Uri("/healthz", UriKind.Relative));
        Assert.Equal("ok", await health.Content.ReadAsStringAsync());
        using var ready = await client.GetAsync(new Uri("/readyz", UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Contains("The event store is not ready", await ready.Content.ReadAsStringAsync());
    }
}
