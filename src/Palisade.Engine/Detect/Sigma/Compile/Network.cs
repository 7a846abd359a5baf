using System.Globalization;
using System.Text;
using Palisade.Engine.Parse.Text;

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
            // a zone says on which link, not which address; brackets and ports belong to another notation
            var zone = text.IndexOf((byte)'%');
            if (!IPv6Text.TryRead(zone >= 0 ? text[..zone] : text, out value)) return false;
            v4 = value >> 32 == 0xFFFF;
            if (v4) value &= uint.MaxValue;
            return true;
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
}
