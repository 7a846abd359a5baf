namespace Palisade.Server.Incidents;

/// <summary>Stories that findings and requests make together.</summary>
public static class IncidentsSlice
{
    public static IServiceCollection AddIncidents(this IServiceCollection services)
    {
        services.AddSingleton<IncidentQueries>();
        services.AddSingleton<IncidentEdits>();
        services.AddSingleton<IncidentMerges>();
        services.AddSingleton<IncidentSplits>();
        services.AddSingleton<AttackerQueries>();
        services.AddSingleton<IncidentLinks>();
        services.AddSingleton<IIncidentSink, IncidentSink>();
        return services;
    }
}
