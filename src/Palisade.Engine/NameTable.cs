using System.Collections.Concurrent;

namespace Palisade.Engine;

/// <summary>Names and their ids, each kept for good; bounded. Thread-safe.</summary>
/// <param name="first">Id of the first name.</param>
/// <param name="max">Most names; each further one gets id 0.</param>
/// <param name="reserved">Those of them that names of records may not take.</param>
/// <param name="perTenant">Names that the content of one tenant may take, for good: those it took are counted, whatever became of the content.</param>
internal sealed class NameTable(int first, int max, int reserved, int perTenant)
{
    private readonly ConcurrentDictionary<string, ushort> ids = new(StringComparer.Ordinal);
    private readonly string?[] names = new string?[max];
    // of each tenant whose content took any
    private readonly Dictionary<uint, int> taken = [];
    private readonly Lock gate = new();
    private int next;

    public ushort OfRecord(ReadOnlySpan<char> name) =>
        ids.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var id) ? id : next >= max - reserved ? (ushort)0 : Add(name.ToString(), max - reserved);

    /// <param name="tenant">Whose content it is; 0: the platform's.</param>
    public ushort OfContent(string name, uint tenant) => ids.TryGetValue(name, out var id) ? id : Add(name, max, tenant);

    /// <summary>Empty for an id that was not given.</summary>
    public string Name(ushort id) => names[id - first] ?? "";

    private ushort Add(string name, int most, uint tenant = 0)
    {
        lock (gate)
        {
            if (ids.TryGetValue(name, out var known)) return known;
            if (next >= most || tenant != 0 && taken.GetValueOrDefault(tenant) >= perTenant) return 0;
            if (tenant != 0) taken[tenant] = taken.GetValueOrDefault(tenant) + 1;
            var id = (ushort)(first + next);
            names[next++] = name;
            ids[name] = id;
            return id;
        }
    }
}
