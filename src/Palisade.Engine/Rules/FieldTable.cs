namespace Palisade.Engine.Rules;

/// <summary>
/// The fields rules name, numbered from 1 (0 is "any value"), each with the event fields it stands for: the name itself and what the
/// taxonomy maps it to. A value of any of them counts.
/// </summary>
/// <param name="tenant">Whose rules they are; 0: the platform's.</param>
internal sealed class FieldTable(IReadOnlyDictionary<string, IReadOnlyList<string>> taxonomy, uint tenant)
{
    private readonly Dictionary<string, int> indexes = new(StringComparer.Ordinal);
    private readonly List<string> names = ["*"];
    private readonly List<ushort[]> ids = [[]];

    public int Count => names.Count;
    public string Name(int field) => names[field];
    public ushort[] Ids(int field) => ids[field];

    /// <summary>Index of a field by its name in a rule; -1 when there is no room for its name.</summary>
    public int IndexOf(string name)
    {
        if (indexes.TryGetValue(name, out var index)) return index;
        var found = new List<ushort>();
        if (FieldNames.GetOrAdd(name, tenant) is var own and not 0) found.Add(own);
        if (taxonomy.TryGetValue(name, out var mapped))
        {
            foreach (var target in mapped)
                if (FieldNames.GetOrAdd(target, tenant) is var id and not 0 && !found.Contains(id)) found.Add(id);
        }
        if (found.Count == 0) return -1;
        index = names.Count;
        names.Add(name);
        ids.Add([.. found]);
        indexes[name] = index;
        return index;
    }
}
