using MudBlazor;
using MudBlazor.Services;
using Palisade.Server.Sources;

namespace Palisade.Server.Console;

/// <summary>The web console: shell, theme, words, and the way to the pages that the slices keep.</summary>
public static class ConsoleSlice
{
    /// <summary>Components, dialogs, texts and what pages share.</summary>
    public static IServiceCollection AddConsole(this IServiceCollection services)
    {
        services.AddRazorComponents().AddInteractiveServerComponents();
        services.AddMudServices(c =>
        {
            c.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomLeft;
            c.SnackbarConfiguration.VisibleStateDuration = 8000;
            c.SnackbarConfiguration.ShowTransitionDuration = 90;
            c.SnackbarConfiguration.HideTransitionDuration = 160;
            c.SnackbarConfiguration.MaxDisplayedSnackbars = 3;
        });
        services.AddCascadingAuthenticationState();
        services.AddHttpContextAccessor();
        services.AddSingleton<TextCatalogue>();
        services.AddSingleton<RegionNames>();
        services.AddScoped<Ui>();
        services.AddSingleton<IConsoleAccess, MemberAccess>();
        services.AddSingleton<SourceOverview>();
        return services;
    }

    /// <summary>A browser that asks for a page that is not there gets one that says so. Call before routing.</summary>
    public static void UseConsoleNotFound(this WebApplication app) => app.UseWhen(
        http => HttpMethods.IsGet(http.Request.Method) && http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal)
            && !http.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal) && !http.Request.Path.StartsWithSegments("/ingest", StringComparison.Ordinal),
        pages => pages.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true));

    /// <summary>Static files, the pages, and the headers they go out with. Call after authentication and anti-forgery.</summary>
    public static WebApplication MapConsole(this WebApplication app)
    {
        // Where the server runs inside another program (a test), there is no list of static files.
        var assets = Path.Combine(AppContext.BaseDirectory, app.Environment.ApplicationName + ".staticwebassets.endpoints.json");
        if (File.Exists(assets)) app.MapStaticAssets(assets);
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(o => o.ContentSecurityFrameAncestorsPolicy = "'none'");
        return app;
    }
}
