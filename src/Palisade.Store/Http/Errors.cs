using Microsoft.AspNetCore.Http;
using Palisade.Store.Native;

namespace Palisade.Store.Http;

/// <summary>Errors as ClickHouse's HTTP interface gives them.</summary>
internal static class Errors
{
    public const string CodeHeader = "X-ClickHouse-Exception-Code";

    public static int Status(int code) => code switch
    {
        62 or 36 or 27 or 53 or 70 or 115 or 117 or 271 or 456 or 457 => StatusCodes.Status400BadRequest,
        46 or 60 or 81 => StatusCodes.Status404NotFound,
        164 or 497 => StatusCodes.Status403Forbidden,
        202 or 373 => StatusCodes.Status429TooManyRequests,
        _ => StatusCodes.Status500InternalServerError,
    };

    public static async Task WriteAsync(HttpContext http, ChdbException error, string version)
    {
        if (http.Response.HasStarted)
        {
            http.Abort(); // half an answer must not look like a whole one
            return;
        }
        http.Response.StatusCode = Status(error.Code);
        http.Response.Headers[CodeHeader] = error.Code.ToString();
        http.Response.ContentType = "text/plain; charset=UTF-8";
        await http.Response.WriteAsync($"{error.Message} (version {version})\n", http.RequestAborted);
    }
}
