using System.Net;
using System.Text;

namespace Palisade.Server.Geo;

/// <summary>
/// Autonomous systems by address range: sorted arrays and a binary search. Read from lines "first,last,number,name" in
/// ascending order (the name may be quoted), as the ip-location-db project publishes them.
/// </summary>
internal sealed class AsnTable
{
    private readonly UInt128[] first, last;
    private readonly uint[] number;
    private readonly int[] name;
    private readonly string[] names;

    private AsnTable(UInt128[] first, UInt128[] last, uint[] number, int[] name, string[] names) =>
        (this.first, this.last, this.number, this.name, this.names) = (first, last, number, name, names);

    public int Count => first.Length;

    public static AsnTable Read(string path)
    {
        List<UInt128> first = [], last = [];
        List<uint> number = [];
        List<int> name = [];
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(path, Encoding.UTF8))
        {
            var one = line.IndexOf(',');
            var two = one < 0 ? -1 : line.IndexOf(',', one + 1);
            var three = two < 0 ? -1 : line.IndexOf(',', two + 1);
            if (three < 0) continue;
            if (!IPAddress.TryParse(line.AsSpan(0, one), out var from) || !IPAddress.TryParse(line.AsSpan(one + 1, two - one - 1), out var to)) continue;
            if (!uint.TryParse(line.AsSpan(two + 1, three - two - 1), out var asn)) continue;
            var low = Number(from);
            if (first.Count > 0 && low < first[^1]) throw new InvalidDataException($"{path}: ranges must ascend; {from} comes too late");
            var text = line[(three + 1)..].Trim('"').Replace("\"\"", "\"", StringComparison.Ordinal);
            if (!known.TryGetValue(text, out var at)) known[text] = at = known.Count;
            first.Add(low);
            last.Add(Number(to));
            number.Add(asn);
            name.Add(at);
        }
        return new AsnTable([.. first], [.. last], [.. number], [.. name], [.. known.OrderBy(k => k.Value).Select(k => k.Key)]);
    }

    public bool TryFind(IPAddress address, out uint asn, out string organization)
    {
        var wanted = Number(address);
        var at = Array.BinarySearch(first, wanted);
        if (at < 0) at = ~at - 1;
        if (at < 0 || wanted > last[at]) { asn = 0; organization = ""; return false; }
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
