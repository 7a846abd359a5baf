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
    public static bool TryFind(ReadOnlySpan<byte> message, out ReadOnlySpan<byte> token)
    {
        token = default;
        if (!SkipHeader(ref message)) return false;
        while (!message.IsEmpty && message[0] == '[')
        {
            message = message[1..];
            var nameEnd = message.IndexOfAny((byte)' ', (byte)']');
            if (nameEnd < 0) return false;
            var ours = message[..nameEnd].SequenceEqual("palisade@32473"u8);
            message = message[nameEnd..];
            while (!message.IsEmpty && message[0] == ' ')
            {
                if (!ReadParameter(ref message, out var name, out var value)) return false;
                if (!ours || !name.SequenceEqual("token"u8)) continue;
                if (value.IsEmpty || value.Length > MaxLength || value.Contains((byte)'\\')) return false;
                token = value;
                return true;
            }
            if (message.IsEmpty || message[0] != ']') return false;
            message = message[1..];
        }
        return false;
    }

    /// <summary>PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP.</summary>
    private static bool SkipHeader(scoped ref ReadOnlySpan<byte> message)
    {
        if (message.Length < 8 || message[0] != '<') return false;
        var close = message[..Math.Min(message.Length, 6)].IndexOf((byte)'>');
        if (close < 2) return false;
        message = message[(close + 1)..];
        if (!message.StartsWith("1 "u8)) return false;
        for (var field = 0; field < 6; field++)
        {
            var space = message.IndexOf((byte)' ');
            if (space < 1) return false;
            message = message[(space + 1)..];
        }
        return true;
    }

    /// <summary>SP NAME "=" QUOTE VALUE QUOTE; a quote, backslash or bracket in the value is escaped by a backslash.</summary>
    private static bool ReadParameter(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        name = value = default;
        rest = rest[1..];
        var equals = rest.IndexOf((byte)'=');
        if (equals < 1 || equals > 32 || equals + 1 >= rest.Length || rest[equals + 1] != '"') return false;
        name = rest[..equals];
        rest = rest[(equals + 2)..];
        for (var i = 0; i < rest.Length; i++)
        {
            if (rest[i] == '\\') { i++; continue; }
            if (rest[i] != '"') continue;
            value = rest[..i];
            rest = rest[(i + 1)..];
            return true;
        }
        return false;
    }
}
