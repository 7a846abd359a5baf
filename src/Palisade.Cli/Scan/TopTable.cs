namespace Palisade.Cli.Scan;

/// <summary>Counts by key in bounded memory: when full, the rarer half goes (a key may come back, counted from then on).</summary>
internal sealed class TopTable<TValue>(int capacity) where TValue : class, TopTable<TValue>.ICounted, new()
{
    /// <summary>What the table keeps of a key.</summary>
    public interface ICounted
    {
        long Count { get; }
    }

    private readonly Dictionary<string, TValue> rows = new(StringComparer.Ordinal);

    /// <summary>Distinct keys seen, at least: keys that went and came back count again.</summary>
    public long Distinct { get; private set; }
    /// <summary>True when keys had to go, so that small counts are not exact.</summary>
    public bool Approximate { get; private set; }

    public TValue this[string key]
    {
        get
        {
            if (rows.TryGetValue(key, out var row)) return row;
            if (rows.Count >= capacity) Shrink();
            Distinct++;
            return rows[key] = new TValue();
        }
    }

    public IReadOnlyList<KeyValuePair<string, TValue>> Top(int count) =>
        [.. rows.OrderByDescending(r => r.Value.Count).ThenBy(r => r.Key, StringComparer.Ordinal).Take(count)];

    private void Shrink()
    {
        Approximate = true;
        foreach (var key in rows.OrderBy(r => r.Value.Count).Take(rows.Count / 2).Select(r => r.Key).ToArray()) rows.Remove(key);
    }
}
