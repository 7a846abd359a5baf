using System.Net;
using System.Text;
using Palisade.Engine.Parse.Targets;

namespace Palisade.Engine.Parse;

/// <summary>An address or host name, with or without a port, to PREFIX.address, .ip or .domain, .port (ECS source, client, destination, server).</summary>
internal static class Endpoint
{
    public static void Add(EventBatch into, Target target, int offset, int length, bool replace)
    {
        var text = into.Bytes(offset, length);
        var port = -1;
        if (target.Kind == CaptureKind.Endpoint_Port)
        {
            var colon = text.LastIndexOf((byte)':');
            // [2001:db8::1]:443 and 192.0.2.1:443, but not 2001:db8::1
            if (colon > 0 && (text[colon - 1] == ']' || text[..colon].IndexOf((byte)':') < 0)) { port = offset + colon + 1; length = colon; text = text[..colon]; }
        }
        if (length > 2 && text[0] == '[' && text[^1] == ']') { offset++; length -= 2; text = text[1..^1]; }
        Put(into, target.Address, offset, length, replace);
        Put(into, IsAddress(text) ? target.Field : target.Domain, offset, length, replace);
        if (port >= 0) Put(into, target.Port, port, PortLength(into, port), replace);
    }

    private static int PortLength(EventBatch into, int at)
    {
        var n = 0;
        while (n < 5 && at + n < into.ArenaUsed && (uint)(into.Bytes(at + n, 1)[0] - '0') < 10) n++;
        return n;
    }

    private static void Put(EventBatch into, ushort field, int offset, int length, bool replace)
    {
        if (length == 0) return;
        if (replace) into.SetRange(field, offset, length); else into.AddSlice(field, offset, length);
    }

    /// <summary>True for an IPv4 address in four decimal parts and for any IPv6 address.</summary>
    public static bool IsAddress(ReadOnlySpan<byte> text)
    {
        if (text.Length is < 2 or > 45) return false;
        if (text.IndexOf((byte)':') >= 0)
        {
            Span<char> chars = stackalloc char[45];
            return Encoding.UTF8.TryGetChars(text, chars, out var n) && IPAddress.TryParse(chars[..n], out _);
        }
        int parts = 0, digits = 0, value = 0;
        foreach (var b in text)
        {
            if (b == '.') { if (digits == 0) return false; parts++; digits = value = 0; continue; }
            if ((uint)(b - '0') > 9) return false;
            value = value * 10 + b - '0';
            if (++digits > 3 || value > 255) return false;
        }
        return parts == 3 && digits > 0;
    }
}
