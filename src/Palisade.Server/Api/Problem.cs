using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Palisade.Server.Api;

/// <summary>RFC 9457 problem details with a stable code.</summary>
internal static class Problem
{
    public static ProblemHttpResult Of(int status, string code, string detail) =>
        TypedResults.Problem(detail, statusCode: status, extensions: new Dictionary<string, object?> { ["code"] = code });

    public static ProblemHttpResult NotFound(string code, string detail) => Of(StatusCodes.Status404NotFound, code, detail);

    public static ProblemHttpResult Invalid(string code, string detail) => Of(StatusCodes.Status400BadRequest, code, detail);

    /// <summary>A mistake in a text, with the place, counted from 1.</summary>
    public static ProblemHttpResult AtColumn(string code, string detail, int column) =>
        TypedResults.Problem(detail, statusCode: StatusCodes.Status400BadRequest, extensions: new Dictionary<string, object?> { ["code"] = code, ["column"] = column });

    /// <summary>Where a body is not what the endpoint takes; names nothing of ours.</summary>
    public static string Place(JsonException mistake) =>
        $"the body has a name that is not known here, a value of another type or broken JSON at {mistake.Path ?? "$"}, line {mistake.LineNumber + 1}, byte {mistake.BytePositionInLine + 1}";

    /// <summary>A request that does not get as far as its endpoint; names nothing of ours.</summary>
    public static string? Unread(int status) => status switch
    {
        StatusCodes.Status400BadRequest => "the body is missing, or a value in the address is not of its type",
        StatusCodes.Status415UnsupportedMediaType => "send the body as application/json",
        _ => null,
    };

    /// <summary>The code of an answer that the framework makes.</summary>
    public static string CodeOf(int status) => status switch
    {
        StatusCodes.Status400BadRequest => "bad_request",
        StatusCodes.Status401Unauthorized => "unauthenticated",
        StatusCodes.Status403Forbidden => "forbidden",
        StatusCodes.Status404NotFound => "not_found",
        StatusCodes.Status405MethodNotAllowed => "method_not_allowed",
        StatusCodes.Status413PayloadTooLarge => "too_large",
        StatusCodes.Status415UnsupportedMediaType => "media_type",
        StatusCodes.Status429TooManyRequests => "too_many",
        _ => "internal",
    };
}
