using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.Options;
using Palisade.Server.Tenants;

namespace Palisade.Server.Control;

public static class ControlSlice
{
    /// <summary>The control store's contexts, Data Protection with its keys in it, and the writer of notes.</summary>
    public static IServiceCollection AddControl(this IServiceCollection services)
    {
        services.AddSingleton<ControlDbFactory>();
        services.AddSingleton<ChangeFeed>();
        services.AddScoped(_ => TenantContext.None);
        services.AddDataProtection().SetApplicationName("palisade");
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(s => new ConfigureOptions<KeyManagementOptions>(
            o => o.XmlRepository = new ControlKeys(s.GetRequiredService<ControlDbFactory>())));
        services.AddHostedService<ControlStart>();
        services.AddHostedService<ControlFlush>();
        return services;
    }
}
