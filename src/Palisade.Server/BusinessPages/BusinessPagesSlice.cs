using Palisade.Server.Control;

namespace Palisade.Server.BusinessPages;

/// <summary>What pages of sites are for: guessed, confirmed, changed.</summary>
public static class BusinessPagesSlice
{
    public static IServiceCollection AddBusinessPages(this IServiceCollection services)
    {
        services.AddSingleton<TenantPages>();
        services.AddSingleton<INoted>(s => s.GetRequiredService<TenantPages>());
        services.AddHostedService(s => s.GetRequiredService<TenantPages>());
        return services;
    }

    public static void MapBusinessPagesApi(this RouteGroupBuilder api) => PagesApi.Map(api);
}
