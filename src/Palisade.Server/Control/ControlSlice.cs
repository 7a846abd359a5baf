namespace Palisade.Server.Control;

public static class ControlSlice
{
    /// <summary>The control store's contexts.</summary>
    public static IServiceCollection AddControl(this IServiceCollection services)
    {
        services.AddSingleton<ControlDbFactory>();
        return services;
    }
}
