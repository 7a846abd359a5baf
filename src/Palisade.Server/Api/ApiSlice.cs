using System.Text.Json;
using System.Text.Json.Serialization;
using Palisade.Server.Identity;
using Palisade.Server.Tokens;
using Scalar.AspNetCore;

namespace Palisade.Server.Api;

public static class ApiSlice
{
    /// <summary>JSON as the contract has it, problem details, OpenAPI.</summary>
    public static IServiceCollection AddApi(this IServiceCollection services)
    {
        services.AddSingleton<ApiGate>();
        services.ConfigureHttpJsonOptions(o =>
        {
            o.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            o.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
            o.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            o.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
        });
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        services.AddProblemDetails(o => o.CustomizeProblemDetails = context =>
        {
            context.ProblemDetails.Extensions.TryAdd("code", Problem.CodeOf(context.ProblemDetails.Status ?? context.HttpContext.Response.StatusCode));
            if (context.Exception is BadHttpRequestException { InnerException: JsonException mistake }) context.ProblemDetails.Detail = Problem.Place(mistake);
            else context.ProblemDetails.Detail ??= Problem.Unread(context.ProblemDetails.Status ?? context.HttpContext.Response.StatusCode);
        });
        services.AddAuthorizationBuilder().AddPolicy(ApiPolicy, p => p.AddAuthenticationSchemes(TokenScheme.Name, Access.People).RequireAuthenticatedUser());
        services.AddOpenApi("v1", o => o.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Palisade";
            document.Info.Description = "Alerts, sources, tokens, people and events of one tenant. Send an API token as a bearer token.";
            return Task.CompletedTask;
        }));
        return services;
    }

    private const string ApiPolicy = "Api";

    /// <summary>The group every slice maps its part of the REST API on.</summary>
    public static RouteGroupBuilder MapApi(this IEndpointRouteBuilder app)
    {
        app.MapOpenApi("/openapi/{documentName}.json");
        app.MapScalarApiReference("/api/reference", o => o.DisableTelemetry().DisableDefaultFonts()).ExcludeFromDescription();
        app.MapGet("/api", ApiPage.Get).ExcludeFromDescription();
        app.MapGet("/api/start.js", ApiPage.Script).ExcludeFromDescription();
        var gate = app.ServiceProvider.GetRequiredService<ApiGate>();
        return app.MapGroup("/api/v1").RequireAuthorization(ApiPolicy).AddEndpointFilter((context, next) => gate.InvokeAsync(context, next));
    }

    /// <summary>Asks for a role other than viewer.</summary>
    internal static RouteHandlerBuilder Needs(this RouteHandlerBuilder builder, Role role) => builder.WithMetadata(new NeedsRole(role));

    /// <summary>Answers below /api and /openapi that carry nothing yet become problem details.</summary>
    public static void UseApiProblems(this WebApplication app) => app.UseWhen(
        http => http.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal),
        api => api.UseExceptionHandler(new ExceptionHandlerOptions
        {
            StatusCodeSelector = e => e is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError,
            // It is the caller's mistake, who is told of it.
            SuppressDiagnosticsCallback = c => c.Exception is BadHttpRequestException,
        }).UseStatusCodePages());
}
