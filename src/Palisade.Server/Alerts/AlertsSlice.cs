namespace Palisade.Server.Alerts;

public static class AlertsSlice
{
    public static IServiceCollection AddAlerts(this IServiceCollection services)
    {
        services.AddSingleton<AlertQueries>();
        services.AddSingleton<EvidenceReader>();
        services.AddSingleton<AlertEdits>();
        services.AddSingleton<ConditionAlerts>();
        services.AddSingleton<IAlertSink, AlertSink>();
        return services;
    }
}
