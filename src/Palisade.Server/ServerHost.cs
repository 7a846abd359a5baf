using System.Net;
using Microsoft.AspNetCore.Hosting;
using Palisade.Server.Alerts;
using Palisade.Server.Analysis;
using Palisade.Server.Api;
using Palisade.Server.BusinessPages;
using Palisade.Server.Configuration;
using Palisade.Server.Console;
using Palisade.Server.Control;
using Palisade.Server.Dashboard;
using Palisade.Server.Health;
using Palisade.Server.Identity;
using Palisade.Server.Incidents;
using Palisade.Server.Ingest;
using Palisade.Server.Mutes;
using Palisade.Server.Rules;
using Palisade.Server.Search;
using Palisade.Server.Sources;
using Palisade.Server.Storage;
using Palisade.Server.Streaming;
using Palisade.Server.Tenants;
using Palisade.Server.Tokens;
using Palisade.Server.Unparsed;
using Palisade.Server.Usage;
using Palisade.Server.Watch;

namespace Palisade.Server;

/// <summary>The table of contents: what the server is made of, in the order of its start.</summary>
public static class ServerHost
{
    /// <summary>Puts the server together. Nothing runs until the application is started.</summary>
    /// <param name="options">Configuration, already bound and checked.</param>
    /// <param name="adjust">A last word on the services, for tests.</param>
    public static WebApplication Build(ServerOptions options, Action<IServiceCollection>? adjust = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        if (options.Logging.Format == LogFormat.Json) builder.Logging.AddJsonConsole(o => { o.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"; o.UseUtcTimestamp = true; });
        else builder.Logging.AddSimpleConsole(o => { o.SingleLine = true; o.TimestampFormat = "HH:mm:ss "; o.UseUtcTimestamp = true; });
        builder.Logging.SetMinimumLevel(options.Logging.Level).AddFilter("Microsoft", options.Logging.Framework).AddFilter("System", options.Logging.Framework);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.Ingest.MaxBodyBytes;
            kestrel.Listen(IPEndPoint.Parse(options.Http.Listen));
            if (options.Health.MetricsListen.Length > 0) kestrel.Listen(IPEndPoint.Parse(options.Health.MetricsListen));
        });
        builder.WebHost.UseStaticWebAssets();
        AddSlices(builder.Services, options);
        adjust?.Invoke(builder.Services);
        var app = builder.Build();
        MapSlices(app);
        return app;
    }

    /// <summary>The control store's services alone, for work on the data directory without a server.</summary>
    public static ServiceProvider ControlOnly(ServerOptions options)
    {
        var services = new ServiceCollection();
        services.AddLogging(l => l.SetMinimumLevel(LogLevel.Warning));
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddControl();
        services.AddUsage();
        services.AddTenants();
        services.AddPalisadeIdentity(options);
        services.AddTokens();
        return services.BuildServiceProvider();
    }

    /// <summary>Brings the control store up to date; refuses one of a newer version.</summary>
    public static Task MigrateControlAsync(ServiceProvider services, ServerOptions options, CancellationToken stop) =>
        ControlMigrator.MigrateAsync(services.GetRequiredService<ControlDbFactory>(), options, stop);

    private static void AddSlices(IServiceCollection services, ServerOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddControl();
        services.AddUsage();
        services.AddTenants();
        services.AddPalisadeIdentity(options);
        services.AddApi();
        services.AddTokens();
        services.AddSources();
        services.AddAlerts();
        services.AddIncidents();
        services.AddStorage(options.Storage, options.Data.PathOf(""));
        services.AddIngest(options);
        services.AddStream(options);
        services.AddWatch(options);
        services.AddUnparsed();
        services.AddRules();
        services.AddMutes();
        services.AddBusinessPages();
        services.AddHealth(options);
        services.AddDashboard();
        services.AddAnalysis();
        services.AddConsole();
    }

    private static void MapSlices(WebApplication app)
    {
        app.UseProxies();
        app.UseMetricsAlone();
        app.UseSecurityHeaders();
        app.UseApiProblems();
        app.UseConsoleNotFound();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseRateLimiter();
        app.UseAntiforgery();
        var api = app.MapApi();
        api.MapAlertsApi();
        api.MapIncidentsApi();
        api.MapAttackersApi();
        api.MapAnalysisApi();
        api.MapSourcesApi();
        api.MapTokensApi();
        api.MapTenantsApi();
        api.MapSearchApi();
        api.MapUnparsedApi();
        api.MapRulesApi();
        api.MapMutesApi();
        api.MapBusinessPagesApi();
        app.MapIdentity();
        app.MapIngest();
        app.MapHealth();
        app.MapConsole();
    }
}
