using Microsoft.Extensions.DependencyInjection.Extensions;
using Palisade.Journal;
using Palisade.Server.Configuration;
using Palisade.Server.Streaming;

namespace Palisade.Server.Ingest;

/// <summary>Everything that receives records.</summary>
public static class IngestSlice
{
    public static IServiceCollection AddIngest(this IServiceCollection services, ServerOptions options)
    {
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IIngestDirectory, ControlDirectory>();
        services.AddSingleton<LossLedger>();
        services.TryAddSingleton<ILossLedger>(provider => provider.GetRequiredService<LossLedger>());
        services.TryAddSingleton<ILedgerStore>(provider => provider.GetRequiredService<LossLedger>());
        services.AddSingleton(options.Ingest);
        services.AddSingleton(provider => OpenJournal(options, provider));
        services.AddSingleton<Backlog>();
        services.TryAddSingleton<IQuotaBook, QuotaBook>();
        services.AddSingleton<Quotas>();
        services.AddSingleton<IngestMeters>();
        services.AddSingleton<IngestGate>();
        services.AddSingleton(new BodyBudget(options.Ingest.MaxBodiesInMemory));
        services.AddSingleton<IngestHttp>();
        services.AddSingleton<ResendMemory>();
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<ResendService>(provider, options.Data.PathOf("")));
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<SyslogService>(provider, options.Data.PathOf("")));
        services.AddHostedService(provider => provider.GetRequiredService<SyslogService>());
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<FileService>(provider, options.Data.PathOf("files")));
        return services;
    }

    /// <summary>Records that wait for the disk, bytes, twice: some tenths of a second at the speed a disk takes.</summary>
    private const int JournalBuffer = 8 << 20;

    private static Journal.Journal OpenJournal(ServerOptions options, IServiceProvider provider)
    {
        var journal = Journal.Journal.Open(
            new JournalOptions { Directory = options.Data.PathOf("journal"), KeyFile = options.Data.JournalKey, Node = options.Stream.NodeId, BudgetBytes = options.Ingest.JournalBudgetBytes, BufferBytes = JournalBuffer },
            provider.GetRequiredService<TimeProvider>());
        var usage = journal.Usage;
        provider.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(IngestSlice).FullName!)
            .JournalOpened(options.Data.PathOf("journal"), usage.Bytes, usage.BudgetBytes, usage.NextSequence);
        return journal;
    }

    public static IEndpointRouteBuilder MapIngest(this IEndpointRouteBuilder routes)
    {
        ElasticApi.Map(routes);
        SplunkApi.Map(routes);
        OtlpApi.Map(routes);
        routes.MapPost("/ingest/raw", (HttpContext http, IngestHttp ingest) => RawApi.PostAsync(http, ingest)).ExcludeFromDescription().DisableAntiforgery().AllowAnonymous();
        return routes;
    }
}
