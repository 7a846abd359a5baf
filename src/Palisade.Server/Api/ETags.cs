using System.Globalization;

namespace Palisade.Server.Api;

/// <summary>A row's version as ETag and If-Match.</summary>
internal static class ETags
{
    public static void Set(HttpContext http, long version) => http.Response.Headers.ETag = $"\"{version.ToString(CultureInfo.InvariantCulture)}\"";

    /// <summary>The version asked for. False when If-Match is there and is none of ours; absent or * gives null.</summary>
    public static bool TryMatch(HttpContext http, out long? version)
    {
        version = null;
        var text = http.Request.Headers.IfMatch.ToString();
        if (text is "" or "*") return true;
        if (!long.TryParse(text.Trim().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return false;
        version = number;
        return true;
    }
}
