using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Palisade.Engine.Detect.Sigma.Compile;

/// <summary>An address prefix. IPv4-mapped IPv6 addresses count as IPv4; the families never mix.</summary>
internal readonly record struct Network(UInt128 Prefix, UInt128 Mask, bool V4)
{
    public static bool TryParse(string text, out Network network, out bool hostBits)
    {
        network = default;
        hostBits = false;
        var slash = text.IndexOf('/');
        var address = slash < 0 ? text : text[..slash];
        // no zone, and no notation but the dotted one: "10.1" and "010.0.0.1" are addresses to the platform, not to a reader of rules
        if (address.Contains('%') || !TryReadAddress(Encoding.UTF8.GetBytes(address), out var value, out var v4)) return false;
        var mapped = v4 && address.Contains(':');
        var width = v4 && !mapped ? 32 : 128;
        var length = width;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > width)) return false;
        if (mapped)
        {
            // ::ffff:10.0.0.0/104 is 10.0.0.0/8
            if (length < 96) return false;
            (length, width) = (length - 96, 32);
        }
        var mask = length == 0 ? UInt128.Zero : UInt128.MaxValue << (width - length);
        if (v4) mask &= uint.MaxValue;
        hostBits = (value & mask) != value;
        network = new Network(value & mask, mask, v4);
        return true;
    }

    /// <summary>Reads an address out of a log value; false when it is none.</summary>
    public static bool TryReadAddress(ReadOnlySpan<byte> text, out UInt128 value, out bool v4)
    {
        value = default;
        v4 = false;
        if (text.Length is < 2 or > 64) return false;
        if (text.Contains((byte)':'))
        {
            Span<char> chars = stackalloc char[64];
            // a zone says on which link, not which address; brackets and ports belong to another notation
            var zone = text.IndexOf((byte)'%');
            if (zone >= 0) text = text[..zone];
            if (text.Length == 0 || text[0] == '[' || !Encoding.UTF8.TryGetChars(text, chars, out var n) || !IPAddress.TryParse(chars[..n], out var ip)) return false;
            if (ip.IsIPv4MappedToIPv6) { v4 = true; value = Value(ip, false) & uint.MaxValue; return true; }
            value = Value(ip, false);
            return ip.AddressFamily == AddressFamily.InterNetworkV6;
        }
        var parts = 0;
        uint all = 0, part = 0;
        var digits = 0;
        foreach (var b in text)
        {
            if (b == '.')
            {
                if (digits == 0 || ++parts > 3) return false;
                all = all << 8 | part;
                part = 0;
                digits = 0;
                continue;
            }
            if (b is < (byte)'0' or > (byte)'9' || ++digits > 3) return false;
            part = part * 10 + (uint)(b - '0');
            if (part > 255) return false;
        }
        if (parts != 3 || digits == 0) return false;
        value = all << 8 | part;
        v4 = true;
        return true;
    }

    public bool Contains(UInt128 address, bool isV4) => isV4 == V4 && (address & Mask) == Prefix;

    private static UInt128 Value(IPAddress ip, bool v4)
    {
        Span<byte> bytes = stackalloc byte[16];
        ip.TryWriteBytes(bytes, out var n);
        UInt128 value = 0;
        foreach (var b in bytes[..n]) value = value << 8 | b;
        return v4 ? value & uint.MaxValue : value;
    }
}
