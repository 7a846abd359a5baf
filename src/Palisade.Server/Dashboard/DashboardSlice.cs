namespace Palisade.Server.Dashboard;

/// <summary>The first page: what attacks came to, what needs somebody, and whether silence can be believed.</summary>
public static class DashboardSlice
{
    public static IServiceCollection AddDashboard(this IServiceCollection services) => services.AddSingleton<IDashboardData, DashboardData>();
}
