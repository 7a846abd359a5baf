using Palisade.Server.Configuration;

namespace Palisade.Server.Watch;

public static class WatchSlice
{
    public static IServiceCollection AddWatch(this IServiceCollection services, ServerOptions options)
    {
        services.AddSingleton(options.Watch);
        services.AddSingleton<SourceWatch>();
        services.AddHostedService<WatchService>();
        return services;
    }
}
