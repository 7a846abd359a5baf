using Microsoft.Extensions.DependencyInjection.Extensions;
using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Server.Alerts;
using Palisade.Server.Configuration;
using Palisade.Server.Geo;
using Palisade.Server.Sources;
using Palisade.Server.Storage;

namespace Palisade.Server.Streaming;

/// <summary>From the journal through the engine to the event store and the alerts.</summary>
public static class StreamSlice
{
    public static IServiceCollection AddStream(this IServiceCollection services, ServerOptions options)
    {
        services.AddSingleton(options.Stream);
        services.TryAddSingleton<IGeoLookup>(_ => GeoFiles.Find());
        services.TryAddSingleton(provider => StreamContent.Load(StreamContent.Folder, provider.GetRequiredService<ILogger<StreamWorker>>()));
        services.AddSingleton<LiveParsers>();
        services.AddSingleton<LiveRules>();
        services.AddSingleton<LiveBusiness>();
        services.AddSingleton<IStreamEngine, PipelineEngine>();
        services.TryAddSingleton<IStreamStore>(provider => new StreamStore(
            provider.GetRequiredService<EventStore>(), provider.GetRequiredService<EngineSnapshot>(), provider.GetRequiredService<LiveParsers>(), options.Storage, options.Stream.NodeId));
        services.AddSingleton<IStreamAlerts>(provider => new StreamAlerts(provider.GetRequiredService<IAlertSink>(), FieldNames.Name, options.Stream.NodeId));
        services.AddSingleton(provider => new StreamIncidents(provider.GetRequiredService<EngineSnapshot>().Incidents, FieldNames.Name, options.Stream.NodeId, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IParserChoice, SourceParsers>();
        services.AddSingleton(provider => new SourceStats(
            provider.GetRequiredService<TimeProvider>(), parser => provider.GetRequiredService<LiveParsers>().Current.NameOf(parser)));
        services.AddSingleton<ISourceStats>(provider => provider.GetRequiredService<SourceStats>());
        services.AddSingleton<Sightings>();
        services.AddSingleton<StreamMeters>();
        services.AddSingleton(_ => new StreamFiles(options.Data.PathOf("stream")));
        services.AddSingleton<StreamWorker>();
        services.AddHostedService(provider => provider.GetRequiredService<StreamWorker>());
        return services;
    }
}
