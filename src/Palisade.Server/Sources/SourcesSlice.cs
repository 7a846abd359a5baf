using Palisade.Server.Control;

namespace Palisade.Server.Sources;

public static class SourcesSlice
{
    public static IServiceCollection AddSources(this IServiceCollection services)
    {
        services.AddSingleton<SourceRegistry>();
        services.AddSingleton<ISourceRegistry>(s => s.GetRequiredService<SourceRegistry>());
        services.AddSingleton<INoted>(s => s.GetRequiredService<SourceRegistry>());
        services.AddSingleton<SenderCatalogue>();
        services.AddSingleton<SourceEdits>();
        return services;
    }
}
