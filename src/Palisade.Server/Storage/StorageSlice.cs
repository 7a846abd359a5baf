using Palisade.Server.Storage.Schema;

namespace Palisade.Server.Storage;

/// <summary>The event store: write blocks with <see cref="EventStore"/>, ask with <see cref="EventQueries"/>, see <see cref="StoreState"/>.</summary>
public static class StorageSlice
{
    /// <summary>A client for the store that a server runs, or that stands elsewhere; for checks from outside.</summary>
    public static StoreClient Connect(StorageOptions options, string dataDirectory) => new(options, new StoreFolder(options, dataDirectory).Socket);

    /// <param name="dataDirectory">The server's data directory; <see cref="StorageOptions.DataPath"/> lies below it.</param>
    /// <param name="program">How to start the embedded store; null: this executable's store verb.</param>
    public static IServiceCollection AddStorage(this IServiceCollection services, StorageOptions options, string dataDirectory, StoreProgram? program = null)
    {
        var folder = new StoreFolder(options, dataDirectory);
        return services
            .AddSingleton(options)
            .AddSingleton(folder)
            .AddSingleton(program ?? StoreProgram.OfThisProcess)
            .AddSingleton<StoreState>()
            .AddSingleton(_ => new StoreClient(options, folder.Socket))
            .AddSingleton<SchemaMigrator>()
            .AddSingleton<EventStore>()
            .AddSingleton<EventQueries>()
            .AddHostedService<StoreSupervisor>();
    }
}
