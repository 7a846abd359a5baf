namespace Palisade.Server.Tenants;

public static class TenantsSlice
{
    public static IServiceCollection AddTenants(this IServiceCollection services) => services.AddSingleton<TenantService>();
}
