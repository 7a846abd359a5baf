using Microsoft.AspNetCore.Http.HttpResults;

namespace Palisade.Server.Api;

/// <summary>The page that shows the API. The scripts come from the Scalar package, served by us; none is inline.</summary>
internal static class ApiPage
{
    private const string Page = """
        <!doctype html>
        <html lang="en">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Palisade API</title></head>
        <body><div id="app"></div><script src="/api/reference/scalar.js"></script><script src="/api/start.js"></script></body>
        </html>
        """;

    private const string Start = """
        Scalar.createApiReference('#app', { url: '/openapi/v1.json', withDefaultFonts: false, telemetry: false, hideClientButton: true });
        """;

    public static ContentHttpResult Get() => TypedResults.Content(Page, "text/html; charset=utf-8");

    public static ContentHttpResult Script() => TypedResults.Content(Start, "text/javascript; charset=utf-8");
}
