using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;

namespace Palisade.Server.Storage.Native;

/// <summary>Text to the 16 bytes of ClickHouse's IPv6. The common case, IPv4, allocates nothing.</summary>
internal static class Addresses
{
    public static bool TryParse(ReadOnlySpan<byte> text, out UInt128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (TryV4(text, bytes[12..]))
        {
            bytes[10] = bytes[11] = 0xFF;
        }
        else
        {
            value = 0;
            if (text.Length is < 2 or > 45 || text.IndexOf((byte)':') < 0 || text.IndexOf((byte)'%') >= 0) return false;
            if (!IPAddress.TryParse(text, out var address) || !address.MapToIPv6().TryWriteBytes(bytes, out _)) return false;
        }
        value = BinaryPrimitives.ReadUInt128LittleEndian(bytes); // memory order is kept
        return true;
    }

    private static bool TryV4(ReadOnlySpan<byte> text, Span<byte> into)
    {
        if (text.Length is < 7 or > 15) return false;
        int part = 0, digits = 0, value = 0;
        foreach (var c in text)
        {
            if (c == (byte)'.')
            {
                if (digits == 0 || part == 3) return false;
                into[part++] = (byte)value;
                digits = value = 0;
                continue;
            }
            if (c is < (byte)'0' or > (byte)'9' || ++digits > 3) return false;
            value = value * 10 + (c - '0');
            if (value > 255) return false;
        }
        if (part != 3 || digits == 0) return false;
        into[3] = (byte)value;
        return true;
    }

    /// <summary>Whether text is an address as we store them. Stricter than the framework, which also takes 203.0, 1 and zones.</summary>
    public static bool IsAddress(string text) => TryParse(Encoding.UTF8.GetBytes(text), out _);

    /// <summary>Whether text is an address, a slash, and a number of bits: 192.0.2.0/24. Bits after the prefix may be set.</summary>
    public static bool IsNetwork(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IsAddress(text[..slash])) return false;
        var most = text.Contains(':', StringComparison.Ordinal) ? 128 : 32;
        return int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var bits) && bits <= most;
    }

    /// <summary>Text for people: IPv4 as IPv4, none as empty.</summary>
    public static string Show(IPAddress address) =>
        address.Equals(IPAddress.IPv6Any) ? "" : address.IsIPv4MappedToIPv6 ? address.MapToIPv4().ToString() : address.ToString();
}
