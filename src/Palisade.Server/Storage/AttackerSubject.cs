using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Palisade.Server.Storage.Native;

namespace Palisade.Server.Storage;

/// <summary>What an attacker is told by. Fingerprint: everybody who sends one user agent.</summary>
public enum AttackerKind { Address, Range, Fingerprint }

/// <summary>An attacker that can be asked for: an address, a range of addresses (203.0.113.0/24), or the fingerprint of a user agent (ua- and 16 hexadecimal digits).</summary>
public sealed class AttackerSubject
{
    /// <summary>A range holds no more than a /8, or a /32 of IPv6.</summary>
    private const int LeastBits4 = 8, LeastBits6 = 32;
    private const string Prefix = "ua-";

    private AttackerSubject(AttackerKind kind, string key) => (Kind, Key) = (kind, key);

    public AttackerKind Kind { get; }
    /// <summary>As it stands in addresses of pages and of the API: the same for every spelling.</summary>
    public string Key { get; }
    public IPAddress First { get; private init; } = IPAddress.None;
    public IPAddress Last { get; private init; } = IPAddress.None;
    private ulong Agent { get; init; }

    /// <summary>Null where the text is none of the three.</summary>
    public static AttackerSubject? Parse(string text)
    {
        if (text.StartsWith(Prefix, StringComparison.Ordinal))
            return text.Length == Prefix.Length + 16 && ulong.TryParse(text.AsSpan(Prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var agent) ? OfAgent(agent) : null;
        if (Addresses.IsAddress(text))
        {
            var one = Plain(IPAddress.Parse(text));
            return new(AttackerKind.Address, one.ToString()) { First = one, Last = one };
        }
        if (!Addresses.IsNetwork(text)) return null;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return OfRange(IPAddress.Parse(text.AsSpan(0, slash)), int.Parse(text.AsSpan(slash + 1), CultureInfo.InvariantCulture));
    }

    public static AttackerSubject OfAgent(ulong hash) => new(AttackerKind.Fingerprint, Prefix + hash.ToString("x16", CultureInfo.InvariantCulture)) { Agent = hash };

    /// <summary>The range around an address that is told as one actor: the /24, or the /48 of IPv6.</summary>
    public static AttackerSubject Around(IPAddress address) => OfRange(Plain(address), Plain(address).AddressFamily == AddressFamily.InterNetwork ? 24 : 48)!;

    private static AttackerSubject? OfRange(IPAddress address, int bits)
    {
        var four = address.AddressFamily == AddressFamily.InterNetwork;
        if (bits < (four ? LeastBits4 : LeastBits6)) return null;
        var size = four ? 32 : 128;
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        if (!address.TryWriteBytes(four ? bytes[12..] : bytes, out _)) return null;
        var number = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        var rest = bits == 0 ? UInt128.MaxValue : bits == size ? UInt128.Zero : (UInt128.One << (size - bits)) - 1;
        var (first, last) = (Address(number & ~rest, four), Address(number | rest, four));
        return new(AttackerKind.Range, $"{first}/{bits}") { First = first, Last = last };
    }

    private static IPAddress Address(UInt128 number, bool four)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(four ? bytes[12..] : bytes);
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    public bool Holds(string address) => Kind != AttackerKind.Fingerprint && Addresses.IsAddress(address) && Order(IPAddress.Parse(address)) is var at && at >= Order(First) && at <= Order(Last);

    private static UInt128 Order(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.MapToIPv6().TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>Condition on rows of the table events.</summary>
    internal string OnEvents => Kind switch
    {
        AttackerKind.Address => "source_ip = toIPv6({who:String})",
        AttackerKind.Range => "source_ip >= toIPv6({who:String}) AND source_ip <= toIPv6({wholast:String})",
        _ => "sipHash64(CAST(user_agent_original AS String)) = {who:UInt64}",
    };

    internal IEnumerable<Bound> Values => Kind switch
    {
        AttackerKind.Address => [new("who", "String", First.ToString())],
        AttackerKind.Range => [new("who", "String", First.ToString()), new("wholast", "String", Last.ToString())],
        _ => [new("who", "UInt64", Agent)],
    };
}
