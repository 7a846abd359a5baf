namespace Palisade.Server.Ingest;

/// <summary>
/// Finds the ingest token in a message's structured data: <c>[palisade@32473 token="T"]</c> (RFC 5424 section 6.3). Only
/// the structured-data part of an RFC 5424 header is looked at: the same text inside a message is somebody's log line, and must
/// not be able to move that line to another tenant.
/// </summary>
public static class SyslogToken
{
    /// <summary>Longest token looked for, bytes.</summary>
    public const int MaxLength = 256;

    /// <summary>The token's bytes as they stand in the message; false when there is none.</summary>
    public static bool TryFind(ReadOnlySpan<byte> message, out ReadOnlySpan<byte> token) =>
        StructuredData.TryFind(message, "palisade@32473"u8, "token"u8, out token) && !token.IsEmpty && token.Length <= MaxLength && !token.Contains((byte)'\\');
}
