using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Server.Control;
using Palisade.Server.Storage;
using Palisade.Server.Streaming;

namespace Palisade.Server.Rules;

/// <summary>Rules as each tenant has them, and the workbench where they are written and tried.</summary>
public static class RulesSlice
{
    public static IServiceCollection AddRules(this IServiceCollection services)
    {
        services.AddSingleton<TenantRules>();
        services.AddHostedService(s => s.GetRequiredService<TenantRules>());
        services.AddSingleton<TenantPipelines>();
        services.AddSingleton<TenantData>();
        services.AddSingleton(s => new RuleWorkbench(
            s.GetRequiredService<TenantRules>(), s.GetRequiredService<TenantData>(), s.GetRequiredService<LiveParsers>(), s.GetRequiredService<IGeoLookup>(), s.GetRequiredService<EngineSnapshot>(),
            s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ReachMemory>();
        services.AddSingleton<RuleDesk>();
        services.AddSingleton(s => new Backtests(
            s.GetRequiredService<TenantRules>(), s.GetRequiredService<EventQueries>(), s.GetRequiredService<ControlDbFactory>(), s.GetRequiredService<TenantData>(),
            s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<Backtests>>()));
        services.AddHostedService(s => s.GetRequiredService<Backtests>());
        return services;
    }

    public static void MapRulesApi(this RouteGroupBuilder api)
    {
        RulesApi.Map(api);
        PipelinesApi.Map(api);
        WorkbenchApi.Map(api);
        BacktestsApi.Map(api);
    }
}
