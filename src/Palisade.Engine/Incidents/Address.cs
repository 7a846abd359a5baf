using System.Buffers.Binary;
using System.Net;
using Palisade.Engine.Parse.Text;

namespace Palisade.Engine.Incidents;

/// <summary>An IP address as a number: IPv4 as its 32 bits, IPv6 as its 128 with the highest of the upper half kept; 0 is none.</summary>
internal static class Address
{
    // ::ffff:0:0/96, so that no IPv6 address equals an IPv4 one.
    private static readonly UInt128 V4 = (UInt128)0xFFFFUL << 32;

    /// <summary>Reads an address; false where the text is none. Allocates nothing.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out UInt128 address)
    {
        if (TryParseV4(text, out var v4)) { address = V4 | v4; return true; }
        address = default;
        if (text.IndexOf((byte)':') < 0 || text.Length > 64) return false;
        var zone = text.IndexOf((byte)'%');
        if (!IPv6Text.TryRead(zone >= 0 ? text[..zone] : text, out address)) return false;
        return address != 0;
    }

    /// <summary>The /24 of an IPv4 address, the /64 of an IPv6 one.</summary>
    public static UInt128 NetworkOf(UInt128 address) => address >> 32 == V4 >> 32 ? address >> 8 : address >> 64;

    public static string Text(UInt128 address)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, address);
        return (address >> 32 == V4 >> 32 ? new IPAddress(bytes[12..]) : new IPAddress(bytes)).ToString();
    }

    private static bool TryParseV4(ReadOnlySpan<byte> text, out uint address)
    {
        address = 0;
        uint part = 0;
        int digits = 0, parts = 1;
        foreach (var c in text)
        {
            if (c is >= (byte)'0' and <= (byte)'9')
            {
                part = part * 10 + (uint)(c - '0');
                if (++digits > 3 || part > 255) return false;
            }
            else if (c == '.' && digits > 0 && parts < 4)
            {
                address = address << 8 | part;
                (part, digits) = (0, 0);
                parts++;
            }
            else
            {
                return false;
            }
        }
        address = address << 8 | part;
        return parts == 4 && digits > 0;
    }
}
