using Palisade.Server.Alerts;
using Palisade.Server.Control;

namespace Palisade.Server.Mutes;

/// <summary>What people need not hear of.</summary>
public static class MutesSlice
{
    public static IServiceCollection AddMutes(this IServiceCollection services)
    {
        services.AddSingleton<TenantMutes>();
        services.AddSingleton<IMutedCounter>(s => s.GetRequiredService<TenantMutes>());
        services.AddSingleton<INoted>(s => s.GetRequiredService<TenantMutes>());
        services.AddHostedService(s => s.GetRequiredService<TenantMutes>());
        services.AddSingleton<MutePreview>();
        return services;
    }

    public static void MapMutesApi(this RouteGroupBuilder api) => MutesApi.Map(api);
}
