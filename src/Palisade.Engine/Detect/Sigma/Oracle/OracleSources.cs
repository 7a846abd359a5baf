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

    public Func<OracleEvent, bool> Route(YamlNode? source, OracleField field) =>
        entries.Count == 0 ? _ => true : Route(Dimensions.Where(d => Said(source, d) is not null).ToDictionary(d => d, d => Said(source, d)!), field) ?? (_ => false);

    private Func<OracleEvent, bool>? Route(Dictionary<string, string> said, OracleField field)
    {
        var fitting = entries.Where(e => Dimensions.All(d => Said(e.Match, d) is not { } own || said.GetValueOrDefault(d) == own)).ToList();
        if (said.Keys.FirstOrDefault(d => !fitting.Exists(e => Said(e.Match, d) is not null)) is { } unknown)
        {
            // entries that know it but say more: of any of those
            var alternatives = entries.Where(e => Said(e.Match, unknown) == said[unknown] && Dimensions.All(d => Said(e.Match, d) is not { } own || !said.ContainsKey(d) || said[d] == own))
                .Select(e => Dimensions.Where(d => said.ContainsKey(d) || Said(e.Match, d) is not null).ToDictionary(d => d, d => said.GetValueOrDefault(d) ?? Said(e.Match, d)!))
                .Where(more => more.Count > said.Count).Select(more => Route(more, field)).OfType<Func<OracleEvent, bool>>().ToList();
            return alternatives.Count == 0 ? null : e => alternatives.Exists(a => a(e));
        }
        // an entry another one refines does not count
        var narrowest = fitting.Where(a => !fitting.Exists(b => !Same(a.Match, b.Match) && Dimensions.All(d => Said(a.Match, d) is not { } own || Said(b.Match, d) == own)));
        var groups = narrowest.GroupBy(e => string.Join('|', Dimensions.Select(d => Said(e.Match, d)))).Select(g => g.Select(e => SigmaOracle.Search(e.When, field)).ToList()).ToList();
        return e => groups.TrueForAll(g => g.Exists(w => w(e)));
    }

    private static bool Same(YamlNode a, YamlNode b) => Dimensions.All(d => Said(a, d) == Said(b, d));

    private static string? Said(YamlNode? source, string dimension) => source?[dimension] is { IsText: true } said ? said.Text.ToLowerInvariant() : null;
}
