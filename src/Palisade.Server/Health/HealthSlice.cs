using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Palisade.Server.Configuration;
using Palisade.Server.Ingest;
using Palisade.Server.Streaming;

namespace Palisade.Server.Health;

/// <summary>Answer of /readyz.</summary>
/// <param name="Status">ready, or not_ready.</param>
/// <param name="Checks">Name of each check: "ok" or what is wrong.</param>
public sealed record Readiness(string Status, IReadOnlyDictionary<string, string> Checks);

/// <summary>/healthz, /readyz, /metrics, traces.</summary>
public static class HealthSlice
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static IServiceCollection AddHealth(this IServiceCollection services, ServerOptions options)
    {
        services.AddSingleton(options.Health);
        services.AddSingleton<IReadinessCheck, JournalCheck>();
        services.AddSingleton<IReadinessCheck, StreamCheck>();
        services.AddSingleton<IReadinessCheck, ControlCheck>();
        services.AddSingleton<IReadinessCheck, StoreCheck>();
        services.AddSingleton<ServerGauges>();
        services.AddOpenTelemetry()
            .ConfigureResource(r => r.AddService("palisade", serviceVersion: typeof(HealthSlice).Assembly.GetName().Version?.ToString(3)))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(IngestMeters.Name, StreamMeters.Name, ServerGauges.Name, "Microsoft.AspNetCore.Hosting", "System.Runtime").AddPrometheusExporter();
                if (options.Health.OtlpEndpoint.Length > 0) metrics.AddOtlpExporter(o => o.Endpoint = new Uri(options.Health.OtlpEndpoint));
            })
            .WithTracing(traces =>
            {
                if (options.Health.OtlpEndpoint.Length == 0) return;
                traces.AddSource(StreamMeters.Name).AddAspNetCoreInstrumentation().AddOtlpExporter(o => o.Endpoint = new Uri(options.Health.OtlpEndpoint));
            });
        return services;
    }

    /// <summary>On the metrics' own listener there is nothing else: no console, no API.</summary>
    public static void UseMetricsAlone(this WebApplication app)
    {
        var listen = app.Services.GetRequiredService<HealthOptions>().MetricsListen;
        if (listen.Length == 0) return;
        var port = System.Net.IPEndPoint.Parse(listen).Port;
        app.Use((http, next) =>
        {
            if (http.Connection.LocalPort != port || http.Request.Path == "/metrics") return next(http);
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }

    public static WebApplication MapHealth(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<HealthOptions>();
        // Made now, so that its gauges are there before the first scrape.
        app.Services.GetRequiredService<ServerGauges>();
        app.MapGet("/healthz", () => TypedResults.Text("ok")).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/readyz", ReadyAsync).AllowAnonymous().ExcludeFromDescription();
        if (options.MetricsListen.Length > 0)
        {
            var port = System.Net.IPEndPoint.Parse(options.MetricsListen).Port;
            app.UseOpenTelemetryPrometheusScrapingEndpoint(http => http.Request.Path == "/metrics" && http.Connection.LocalPort == port);
        }
        if (options.MetricsToken.Length > 0)
            app.UseOpenTelemetryPrometheusScrapingEndpoint(http => http.Request.Path == "/metrics" && HasToken(http, options.MetricsToken));
        return app;
    }

    private static bool HasToken(HttpContext http, string token) => CryptographicOperations.FixedTimeEquals(
        SHA256.HashData(Encoding.UTF8.GetBytes(http.Request.Headers.Authorization.ToString())), SHA256.HashData(Encoding.UTF8.GetBytes("Bearer " + token)));

    private static async Task<Results<Ok<Readiness>, JsonHttpResult<Readiness>>> ReadyAsync(
        IEnumerable<IReadinessCheck> checks, TimeProvider clock, ILoggerFactory logs, HttpContext http)
    {
        var log = logs.CreateLogger(typeof(HealthSlice).FullName!);
        using var patience = new CancellationTokenSource(Patience, clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, http.RequestAborted);
        var answers = new Dictionary<string, string>();
        var ready = true;
        foreach (var check in checks)
        {
            var problem = await AskAsync(check, log, stop.Token);
            answers[check.Name] = problem ?? "ok";
            ready &= problem is null;
        }
        return ready
            ? TypedResults.Ok(new Readiness("ready", answers))
            : TypedResults.Json(new Readiness("not_ready", answers), statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<string?> AskAsync(IReadinessCheck check, ILogger log, CancellationToken stop)
    {
        try
        {
            return await check.ProblemAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return "No answer in time.";
        }
        catch (Exception e)
        {
            log.CheckFailed(e, check.Name);
            return e.Message;
        }
    }
}

/// <summary>Levels read at each scrape: journal fill, lag, positions.</summary>
public sealed class ServerGauges
{
    public const string Name = "Palisade.Server";

    public ServerGauges(IMeterFactory factory, Journal.Journal journal, Backlog backlog, StreamWorker worker)
    {
        var meter = factory.Create(Name);
        meter.CreateObservableGauge("palisade.journal.bytes", () => journal.Usage.Bytes, "By", "Disk the journal uses");
        meter.CreateObservableGauge("palisade.journal.budget", () => journal.Usage.BudgetBytes, "By", "Disk the journal may use");
        meter.CreateObservableGauge("palisade.ingest.backlog", () => backlog.Bytes, "By", "Records not judged yet, with what each costs beside its bytes");
        meter.CreateObservableGauge("palisade.ingest.backlog_limit", () => backlog.Limit, "By", "Backlog at which senders are slowed");
        meter.CreateObservableGauge("palisade.stream.lag", () => (long)worker.Lag, "{record}", "Durable records not stored yet");
        meter.CreateObservableGauge("palisade.stream.stored_sequence", () => (long)worker.Stored, "{record}", "Last journal sequence stored");
    }
}
