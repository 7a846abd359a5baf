using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Palisade.Server.Geo;

/// <summary>
/// Autonomous systems by address range: sorted arrays and a binary search. Read from lines "first,last,number,name" in
/// ascending order (the name may be quoted), as the ip-location-db project publishes them.
/// </summary>
internal sealed class AsnTable
{
    /// <summary>Bytes of a line at least: what the lists are made for, so that they do not grow by copying.</summary>
    private const int LineBytes = 40;
    // IPv4 ranges fit into 32 bits: half a million of them must not take four times the memory.
    private readonly List<uint> first4 = [], last4 = [];
    private readonly List<UInt128> first6 = [], last6 = [];
    private readonly List<uint> number;
    private readonly List<int> name;
    private readonly List<string> names = [];

    private AsnTable(int lines) => (number, name) = (new(lines), new(lines));

    public int Count => number.Count;

    /// <summary>Reads a file of one address family.</summary>
    public static AsnTable Read(string path)
    {
        var table = new AsnTable((int)(new FileInfo(path).Length / LineBytes));
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        var before = (UInt128)0;
        foreach (var line in File.ReadLines(path, Encoding.UTF8))
        {
            var one = line.IndexOf(',');
            var two = one < 0 ? -1 : line.IndexOf(',', one + 1);
            var three = two < 0 ? -1 : line.IndexOf(',', two + 1);
            if (three < 0) continue;
            if (!IPAddress.TryParse(line.AsSpan(0, one), out var from) || !IPAddress.TryParse(line.AsSpan(one + 1, two - one - 1), out var to)) continue;
            if (from.AddressFamily != to.AddressFamily || !uint.TryParse(line.AsSpan(two + 1, three - two - 1), out var asn)) continue;
            var low = Number(from);
            if (low < before) throw new InvalidDataException($"{path}: ranges must ascend; {from} comes too late");
            before = low;
            var text = line.AsSpan(three + 1).Trim('"');
            if (!known.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out var at))
            {
                known[text.ToString()] = at = known.Count;
                table.names.Add(text.ToString().Replace("\"\"", "\"", StringComparison.Ordinal));
            }
            table.Add(from.AddressFamily == AddressFamily.InterNetwork, low, Number(to));
            table.number.Add(asn);
            table.name.Add(at);
        }
        return table;
    }

    private void Add(bool four, UInt128 from, UInt128 to)
    {
        if (number.Count != (four ? first4.Count : first6.Count)) throw new InvalidDataException("a table of networks holds one address family");
        if (number.Count == 0) (first4.Capacity, last4.Capacity, first6.Capacity, last6.Capacity) = four ? (number.Capacity, number.Capacity, 0, 0) : (0, 0, number.Capacity, number.Capacity);
        if (four) { first4.Add((uint)from); last4.Add((uint)to); }
        else { first6.Add(from); last6.Add(to); }
    }

    public bool TryFind(IPAddress address, out uint asn, out string organization)
    {
        (asn, organization) = (0, "");
        var wanted = Number(address);
        var four = address.AddressFamily == AddressFamily.InterNetwork;
        var at = four ? first4.BinarySearch((uint)wanted) : first6.BinarySearch(wanted);
        if (at < 0) at = ~at - 1;
        if (at < 0 || wanted > (four ? last4[at] : last6[at])) return false;
        asn = number[at];
        organization = names[name[at]];
        return true;
    }

    private static UInt128 Number(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        UInt128 value = 0;
        foreach (var b in bytes[..length]) value = (value << 8) | b;
        return value;
    }
}
