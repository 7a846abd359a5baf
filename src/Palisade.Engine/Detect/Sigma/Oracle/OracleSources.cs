using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Detect.Sigma.Oracle;

/// <summary>Log sources and field names as the look-ups say them: the most specific entries that say nothing the rule does not must all hold.</summary>
internal sealed class OracleSources
{
    private static readonly string[] Dimensions = ["category", "product", "service"];
    private readonly List<(YamlNode Match, YamlNode When)> entries = [];

    public Dictionary<string, IReadOnlyList<string>> Fields { get; } = new(StringComparer.Ordinal);

    public OracleSources(IEnumerable<YamlNode> documents)
    {
        foreach (var sigma in documents.Select(d => d["sigma"]).OfType<YamlNode>())
        {
            foreach (var (name, targets) in sigma["fields"]?.Pairs ?? []) Fields[name.Text] = targets.Kind == YamlKind.Sequence ? [.. targets.Items.Select(t => t.Text)] : [targets.Text];
            foreach (var entry in sigma["logsources"]?.Items ?? [])
                if (entry["match"] is { } match && entry["when"] is { } when) entries.Add((match, when));
        }
    }

    public Func<OracleEvent, bool> Route(YamlNode? source, OracleField field)
    {
        if (entries.Count == 0) return _ => true;
        var fitting = entries.Where(e => Dimensions.All(d => Said(e.Match, d) is not { } said || Said(source, d) == said)).ToList();
        if (Dimensions.Any(d => Said(source, d) is not null && !fitting.Exists(e => Said(e.Match, d) is not null))) return _ => false;
        // an entry another one refines does not count
        var narrowest = fitting.Where(a => !fitting.Exists(b => !Same(a.Match, b.Match) && Dimensions.All(d => Said(a.Match, d) is not { } said || Said(b.Match, d) == said)));
        var groups = narrowest.GroupBy(e => string.Join('|', Dimensions.Select(d => Said(e.Match, d)))).Select(g => g.Select(e => SigmaOracle.Search(e.When, field)).ToList()).ToList();
        return e => groups.TrueForAll(g => g.Exists(w => w(e)));
    }

    private static bool Same(YamlNode a, YamlNode b) => Dimensions.All(d => Said(a, d) == Said(b, d));

    private static string? Said(YamlNode? source, string dimension) => source?[dimension] is { IsText: true } said ? said.Text.ToLowerInvariant() : null;
}
