using Palisade.Engine.Parse.Targets;
using Palisade.Engine.Parse.Text;

namespace Palisade.Engine.Parse;

/// <summary>An address or host name, with or without a port, to PREFIX.address, .ip or .domain, .port (ECS source, client, destination, server).</summary>
internal static class Endpoint
{
    public static void Add(EventBatch into, Target target, int offset, int length, bool replace)
    {
        var text = into.Bytes(offset, length);
        int port = -1, portLength = 0;
        if (target.Kind == CaptureKind.Endpoint_Port)
        {
            var colon = text.LastIndexOf((byte)':');
            // [2001:db8::1]:443 and 192.0.2.1:443, but not 2001:db8::1
            if (colon > 0 && (text[colon - 1] == ']' || text[..colon].IndexOf((byte)':') < 0 || IsPortBehind(text, colon)))
            {
                (port, portLength) = (offset + colon + 1, PortLength(text[(colon + 1)..]));
                length = colon;
                text = text[..colon];
            }
        }
        if (length == 1 && text[0] == '-') length = 0;                            // none; its port may be known all the same
        if (length > 2 && text[0] == '[' && text[^1] == ']') { offset++; length -= 2; text = text[1..^1]; }
        Put(into, target.Address, offset, length, replace);
        Put(into, IsAddress(text) ? target.Field : target.Domain, offset, length, replace);
        if (port >= 0) Put(into, target.Port, port, portLength, replace);
    }

    // 2001:db8::1:51522, as Apache httpd and HAProxy write it: no address as a whole, one without what stands behind the last colon.
    // Four digits or less after a shortened address could be its last part, and are taken for it: but for the loopback address, which has none.
    private static bool IsPortBehind(ReadOnlySpan<byte> text, int colon) =>
        text.Length - colon is > 1 and < 7 && !text[(colon + 1)..].ContainsAnyExceptInRange((byte)'0', (byte)'9')
        && (text[..colon].SequenceEqual("::1"u8) || (!IsAddress(text) && IsAddress(text[..colon])));

    /// <summary>The client of a list of addresses that proxies wrote (X-Forwarded-For): the first public one, else the first.</summary>
    public static void AddForwarded(EventBatch into, Target target, int offset, int length, bool replace)
    {
        int first = -1, firstLength = 0, at = 0;
        var text = into.Bytes(offset, length);
        while (at < length)
        {
            var skip = text[at..].IndexOfAnyExcept(" ,\""u8);
            if (skip < 0) break;
            at += skip;
            var n = text[at..].IndexOfAny(" ,\""u8);
            if (n < 0) n = length - at;
            var one = Bare(text.Slice(at, n));
            if (first < 0 && one is not [(byte)'-']) (first, firstLength) = (at, n);
            if (IsAddress(one) && !IsPrivate(one)) { Add(into, target, offset + at + (text[at] == '[' ? 1 : 0), one.Length, replace); return; }
            at += n;
        }
        if (first >= 0) Add(into, target, offset + first, firstLength, replace);
    }

    // [2001:db8::1]:443 and 192.0.2.1:443 without brackets and port.
    private static ReadOnlySpan<byte> Bare(ReadOnlySpan<byte> text)
    {
        if (text.Length > 2 && text[0] == '[' && text.IndexOf((byte)']') is > 1 and var close) return text[1..close];
        return text.IndexOf((byte)'.') > 0 && text.IndexOf((byte)':') is > 0 and var colon ? text[..colon] : text;
    }

    // RFC 1918, RFC 6598, loopback and link-local; RFC 4193 and 4291 for IPv6.
    private static bool IsPrivate(ReadOnlySpan<byte> address)
    {
        if (address.StartsWith("10."u8) || address.StartsWith("192.168."u8) || address.StartsWith("127."u8) || address.StartsWith("169.254."u8)) return true;
        if (address.StartsWith("172."u8) || address.StartsWith("100."u8))
        {
            _ = System.Buffers.Text.Utf8Parser.TryParse(address[4..], out byte second, out _);
            return address[0] == '1' && address[1] == '7' ? second is >= 16 and < 32 : second is >= 64 and < 128;
        }
        return address.SequenceEqual("::1"u8) || address.StartsWith("fe80:"u8) || ((address[0] | 32) == 'f' && (address[1] | 32) is 'c' or 'd' && address.IndexOf((byte)':') > 0);
    }

    private static int PortLength(ReadOnlySpan<byte> text)
    {
        var n = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return Math.Min(n < 0 ? text.Length : n, 5);
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
            if (text[0] == '[' && text[^1] == ']') text = text[1..^1];
            return IPv6Text.TryRead(text.IndexOf((byte)'%') is > 0 and var zone ? text[..zone] : text, out _);
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
