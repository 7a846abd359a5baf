using Palisade.Engine.Detect.Sigma.Read;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Detect.Sigma.Oracle;

/// <summary>
/// A second reading of the specification, deliberately naive: every rule is tried on every event, nothing is indexed, folded in advance or shared with
/// the engine but the reading of YAML. It exists to contradict the engine (<c>palisade rules match --oracle</c>, the differential tests).
/// Evaluates rules with their filters and log sources; correlations are left out. Thousands of times slower than the engine.
/// </summary>
/// <remarks>Source: Sigma rules specification 2.1, modifiers appendix 2.1, filters specification 2.1; decisions as in docs/reference/sigma.md.</remarks>
public sealed class SigmaOracle
{
    private sealed record Rule(string File, int Line, string Id, Func<OracleEvent, bool> Matches);

    private readonly List<Rule> rules = [];

    private SigmaOracle() { }

    /// <summary>Rules it could read.</summary>
    public int RuleCount => rules.Count;

    /// <summary>Reads the same files as <see cref="RuleSet.Load"/>. What it cannot read it leaves out.</summary>
    public static SigmaOracle Load(IEnumerable<(string path, byte[] bytes)> files, RuleLoadOptions options)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(options);
        var documents = files.Where(f => !f.path.EndsWith(".test.yml", StringComparison.Ordinal)).OrderBy(f => f.path, StringComparer.Ordinal)
            .SelectMany(f => YamlTree.Read(f.path, f.bytes, options.MaxFileBytes, []).Select(root => (f.path, root))).Where(d => d.root.Kind == YamlKind.Mapping).ToList();
        var sources = new OracleSources(documents.Select(d => d.root));
        var field = new OracleField(sources.Fields, options.Placeholders);
        var filters = documents.Where(d => d.root["filter"] is not null && d.root["correlation"] is null).Select(d => (d.root, matches: Try(() => Detection(d.root["filter"]!, field))))
            .Where(f => f.matches is not null).ToList();
        var oracle = new SigmaOracle();
        foreach (var (path, root) in documents)
        {
            if (root["detection"] is null || root["filter"] is not null || root["correlation"] is not null || root["title"] is null) continue;
            if (Try(() => Detection(root["detection"]!, field)) is not { } matches) continue;
            var joined = filters.Where(f => Applies(f.root, root)).Select(f => f.matches!).ToList();
            var routed = options.AnyLogSource ? _ => true : sources.Route(root["logsource"], field);
            var polarity = options.Polarity == FilterPolarity.And;
            oracle.rules.Add(new Rule(path, root.Line, Name(root), e => routed(e) && matches(e) && joined.TrueForAll(f => f(e) == polarity)));
        }
        return oracle;
    }

    /// <summary>Rules, by file and line, that match an event of a batch.</summary>
    internal HashSet<(string File, int Line)> Matches(EventBatch batch, int index)
    {
        var e = OracleEvent.Of(batch, index);
        return [.. rules.Where(r => r.Matches(e)).Select(r => (r.File, r.Line))];
    }

    /// <summary>Rules it could read, by file and line, with their id.</summary>
    internal Dictionary<(string File, int Line), string> Known => rules.GroupBy(r => (r.File, r.Line)).ToDictionary(g => g.Key, g => g.First().Id);

    private static string Name(YamlNode root) => (root["id"] ?? root["name"] ?? root["title"])!.Text;

    private static Func<OracleEvent, bool>? Try(Func<Func<OracleEvent, bool>> read)
    {
        try
        {
            return read();
        }
        catch (OracleException)
        {
            return null;
        }
    }

    private static bool Applies(YamlNode filter, YamlNode rule)
    {
        var targets = filter["filter"]!["rules"];
        if (targets is null) return false;
        var any = targets.Kind == YamlKind.Scalar && targets.Text == "any";
        var names = targets.Kind == YamlKind.Sequence ? targets.Items.Select(i => i.Text).ToList() : [targets.Text];
        if (!any && !names.Contains(rule["id"]?.Text ?? "") && !names.Contains(rule["name"]?.Text ?? "")) return false;
        return new[] { "category", "product", "service" }.All(d =>
            filter["logsource"]?[d]?.Text is not { } a || rule["logsource"]?[d]?.Text is not { } b || a.Equals(b, StringComparison.OrdinalIgnoreCase));
    }

    private static Func<OracleEvent, bool> Detection(YamlNode detection, OracleField field)
    {
        var searches = new Dictionary<string, Func<OracleEvent, bool>>(StringComparer.Ordinal);
        foreach (var (key, value) in detection.Pairs)
            if (key.Text is not ("condition" or "timeframe" or "rules")) searches[key.Text] = Search(value, field);
        var condition = detection["condition"] ?? throw new OracleException("there is no condition");
        var texts = condition.Kind == YamlKind.Sequence ? condition.Items : [condition];
        var queries = texts.Select(t => new OracleCondition(searches).Read(t.Text)).ToList();
        return e => queries.Exists(q => q(e));
    }

    /// <summary>A map is AND, a list is OR, a scalar is a keyword.</summary>
    internal static Func<OracleEvent, bool> Search(YamlNode value, OracleField field)
    {
        switch (value.Kind)
        {
            case YamlKind.Scalar when !value.IsNull:
                return field.Read("", value);
            case YamlKind.Mapping when value.Pairs.Count > 0:
                var all = value.Pairs.Select(p => field.Read(p.Key.Text, p.Value)).ToList();
                return e => all.TrueForAll(t => t(e));
            case YamlKind.Sequence when value.Items.Count > 0 && !value.Items.Exists(i => i.Kind == YamlKind.Sequence):
                var any = value.Items.Select(i => Search(i, field)).ToList();
                return e => any.Exists(t => t(e));
            default:
                throw new OracleException("nothing is searched for");
        }
    }
}
