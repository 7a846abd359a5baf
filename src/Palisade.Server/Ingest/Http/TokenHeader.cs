using System.Text;

namespace Palisade.Server.Ingest;

/// <summary>
/// Reads an ingest token from an Authorization header in each form a sender may use: <c>Bearer T</c>, <c>ApiKey T</c>,
/// <c>ApiKey base64(id:T)</c>, <c>Splunk T</c>, and HTTP Basic with any user and the token as password. Pure.
/// </summary>
public static class TokenHeader
{
    private const int MaxHeader = 1024;

    /// <summary>Up to two readings of the header, the likelier first; none for a header of no known form.</summary>
    public static (string? First, string? Second) Candidates(string? header)
    {
        if (string.IsNullOrEmpty(header) || header.Length > MaxHeader) return default;
        var space = header.IndexOf(' ');
        if (space < 1) return default;
        var scheme = header.AsSpan(0, space);
        var value = header.AsSpan(space + 1).Trim();
        if (value.IsEmpty) return default;
        if (Is(scheme, "Bearer") || Is(scheme, "Splunk")) return (value.ToString(), null);
        if (Is(scheme, "Basic")) return (AfterColon(value), null);
        if (!Is(scheme, "ApiKey")) return default;
        // A token may itself be valid base64: take it as it is first, then as what the Elastic clients make of it.
        return (value.ToString(), AfterColon(value));
    }

    private static bool Is(ReadOnlySpan<char> scheme, string name) => scheme.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static string? AfterColon(ReadOnlySpan<char> base64)
    {
        Span<byte> utf8 = stackalloc byte[MaxHeader];
        if (!Ascii.IsValid(base64) || !Convert.TryFromBase64Chars(base64, utf8, out var n)) return null;
        utf8 = utf8[..n];
        var colon = utf8.IndexOf((byte)':');
        return colon < 0 || colon == n - 1 || !Ascii.IsValid(utf8) ? null : Encoding.ASCII.GetString(utf8[(colon + 1)..]);
    }
}
