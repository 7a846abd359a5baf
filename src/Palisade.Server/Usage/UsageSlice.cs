using Palisade.Server.Control;

namespace Palisade.Server.Usage;

public static class UsageSlice
{
    /// <summary>Counting of what tenants use, and of their first steps.</summary>
    public static IServiceCollection AddUsage(this IServiceCollection services)
    {
        services.AddSingleton<Funnel>();
        services.AddSingleton<UsageMeter>();
        services.AddSingleton<IUsageMeter>(s => s.GetRequiredService<UsageMeter>());
        services.AddSingleton<INoted>(s => s.GetRequiredService<UsageMeter>());
        return services;
    }
}
