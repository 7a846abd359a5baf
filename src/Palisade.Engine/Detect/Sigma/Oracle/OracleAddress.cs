using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Palisade.Engine.Detect.Sigma.Oracle;

/// <summary>Addresses as lists of bits.</summary>
internal static class OracleAddress
{
    /// <summary>Whether a text is an address whose first bits are those of the network.</summary>
    public static bool Within(string text, string network)
    {
        var parts = network.Split('/');
        if (Bits(parts[0], zone: false) is not { } wanted) throw new OracleException($"'{network}' is no network");
        var length = wanted.Length;
        if (parts.Length > 2 || parts.Length == 2 && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out length)) throw new OracleException($"'{network}' is no network");
        if (parts.Length == 2 && wanted.Length == 32 && parts[0].Contains(':')) length -= 96;
        if (length < 0 || length > wanted.Length) throw new OracleException($"'{network}' is no network");
        return Bits(text, zone: true) is { } bits && bits.Length == wanted.Length && bits.AsSpan(0, length).SequenceEqual(wanted.AsSpan(0, length));
    }

    private static bool[]? Bits(string text, bool zone)
    {
        if (text.Length > 64) return null;
        byte[] bytes;
        if (text.Contains(':'))
        {
            if (!zone && text.Contains('%') || text[0] == '[') return null;
            if (!IPAddress.TryParse(text.Split('%')[0], out var ip) || ip.AddressFamily != AddressFamily.InterNetworkV6) return null;
            bytes = (ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip).GetAddressBytes();
        }
        else
        {
            var parts = text.Split('.');
            if (parts.Length != 4 || !Array.TrueForAll(parts, p => p.Length is > 0 and < 4 && p.All(char.IsAsciiDigit) && int.Parse(p, CultureInfo.InvariantCulture) < 256)) return null;
            bytes = [.. parts.Select(p => byte.Parse(p, CultureInfo.InvariantCulture))];
        }
        return [.. bytes.SelectMany(b => Enumerable.Range(0, 8).Select(i => (b >> (7 - i) & 1) == 1))];
    }
}
