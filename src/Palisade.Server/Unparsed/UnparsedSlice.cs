using Palisade.Server.Control;
using Palisade.Server.Streaming;

namespace Palisade.Server.Unparsed;

/// <summary>What no source could read, and the sources that tenants write for it.</summary>
public static class UnparsedSlice
{
    public static IServiceCollection AddUnparsed(this IServiceCollection services)
    {
        services.AddSingleton<UnparsedGroups>();
        services.AddSingleton<INoted>(s => s.GetRequiredService<UnparsedGroups>());
        services.AddSingleton<UnparsedFeed>();
        services.AddSingleton<IUnparsedSink>(s => s.GetRequiredService<UnparsedFeed>());
        services.AddHostedService(s => s.GetRequiredService<UnparsedFeed>());
        services.AddSingleton<OwnParsers>();
        services.AddHostedService(s => s.GetRequiredService<OwnParsers>());
        services.AddSingleton<ReparseDesk>();
        services.AddHostedService<ReparseService>();
        return services;
    }

    public static void MapUnparsedApi(this RouteGroupBuilder api)
    {
        UnparsedApi.Map(api);
        ParsersApi.Map(api);
        ReparseApi.Map(api);
    }
}
