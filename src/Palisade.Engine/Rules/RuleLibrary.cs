namespace Palisade.Engine.Rules;

/// <summary>The rule files of a content as people read them, beside the set they were compiled to. Immutable.</summary>
public sealed class RuleLibrary
{
    private readonly Lazy<IReadOnlyList<RuleText>> texts;
    private readonly Lazy<Dictionary<string, RuleText>> byName;
    private readonly Dictionary<string, byte[]> files = new(StringComparer.Ordinal), samples = new(StringComparer.Ordinal);

    private RuleLibrary(IReadOnlyList<(string path, byte[] bytes)> lookups, IEnumerable<(string path, byte[] bytes)> rules)
    {
        Lookups = lookups;
        foreach (var (path, bytes) in rules) (path.EndsWith(RuleSamples.Suffix, StringComparison.Ordinal) ? samples : files)[path] = bytes;
        texts = new(() => [.. files.OrderBy(f => f.Key, StringComparer.Ordinal).SelectMany(f => RuleTexts.Read(f.Key, f.Value))]);
        byName = new(() =>
        {
            var names = new Dictionary<string, RuleText>(StringComparer.Ordinal);
            foreach (var text in texts.Value)
                foreach (var name in text.Names.Prepend(text.Id)) names.TryAdd(name, text);
            return names;
        });
    }

    public static RuleLibrary Empty { get; } = new([], []);

    /// <summary>Look-ups of log sources and field names, as loading takes them.</summary>
    public IReadOnlyList<(string path, byte[] bytes)> Lookups { get; }

    /// <summary>All documents, in the order of their files.</summary>
    public IReadOnlyList<RuleText> Texts => texts.Value;

    /// <summary>The rule files, by path.</summary>
    public IReadOnlyList<(string path, byte[] bytes)> Files => [.. files.Select(f => (f.Key, f.Value))];

    internal static RuleLibrary Of(IEnumerable<(string path, byte[] bytes)> lookups, IEnumerable<(string path, byte[] bytes)> rules) => new([.. lookups], rules);

    /// <summary>A document by its id or name; null: none.</summary>
    public RuleText? Find(string name) => byName.Value.GetValueOrDefault(name);

    /// <summary>The samples beside the file of a rule.</summary>
    public IReadOnlyList<RuleSample> SamplesOf(RuleText rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        if (!rule.File.EndsWith(".yml", StringComparison.Ordinal)) return [];
        var path = rule.File[..^".yml".Length] + RuleSamples.Suffix;
        return samples.TryGetValue(path, out var bytes) ? RuleSamples.Read(path, bytes, out _) : [];
    }

    /// <summary>The look-ups, and the files of all rules that these refer to, through correlations of correlations.</summary>
    public IReadOnlyList<(string path, byte[] bytes)> SharedWith(IEnumerable<RuleText> rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        var wanted = new SortedSet<string>(StringComparer.Ordinal);
        var waiting = new Queue<RuleText>(rules);
        while (waiting.TryDequeue(out var rule))
        {
            foreach (var name in rule.Refers)
            {
                if (Find(name) is not { } found || !wanted.Add(found.File)) continue;
                foreach (var text in Texts.Where(t => t.File == found.File)) waiting.Enqueue(text);
            }
        }
        return [.. Lookups, .. wanted.Select(path => (path, files[path]))];
    }
}
