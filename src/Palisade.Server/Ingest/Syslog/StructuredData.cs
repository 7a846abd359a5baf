namespace Palisade.Server.Ingest;

/// <summary>Reads the structured data of an RFC 5424 message (section 6.3), and nothing of its text. Pure.</summary>
public static class StructuredData
{
    private const int HeaderFields = 6, HostField = 1;

    /// <summary>The first value of a parameter of an element, as it stands in the message; false when there is none.</summary>
    public static bool TryFind(ReadOnlySpan<byte> message, ReadOnlySpan<byte> element, ReadOnlySpan<byte> parameter, out ReadOnlySpan<byte> found)
    {
        found = default;
        if (!Skip(ref message, HeaderFields)) return false;
        while (!message.IsEmpty && message[0] == '[')
        {
            message = message[1..];
            var nameEnd = message.IndexOfAny((byte)' ', (byte)']');
            if (nameEnd < 0) return false;
            var ours = message[..nameEnd].SequenceEqual(element);
            message = message[nameEnd..];
            while (!message.IsEmpty && message[0] == ' ')
            {
                if (!ReadParameter(ref message, out var name, out var value)) return false;
                if (!ours || !name.SequenceEqual(parameter)) continue;
                found = value;
                return true;
            }
            if (message.IsEmpty || message[0] != ']') return false;
            message = message[1..];
        }
        return false;
    }

    /// <summary>HOSTNAME of the header; empty when the message is not RFC 5424.</summary>
    public static ReadOnlySpan<byte> HostName(ReadOnlySpan<byte> message) =>
        Skip(ref message, HostField + 1) && message.IndexOf((byte)' ') is > 0 and var end ? message[..end] : default;

    /// <summary>PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP, or the first of these fields.</summary>
    private static bool Skip(scoped ref ReadOnlySpan<byte> message, int fields)
    {
        if (message.Length < 8 || message[0] != '<') return false;
        var close = message[..Math.Min(message.Length, 6)].IndexOf((byte)'>');
        if (close < 2) return false;
        message = message[(close + 1)..];
        if (!message.StartsWith("1 "u8)) return false;
        for (var field = 0; field < fields; field++)
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
