using System.Text;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Rules;

/// <summary>A document of a rule file as people read it: its YAML, and what it says beside the logic.</summary>
/// <param name="Id">Its id, else its name, else its title: as findings say it.</param>
/// <param name="Names">Id and name, by which others refer to it.</param>
/// <param name="Kind">sigma | correlation | filter.</param>
/// <param name="Line">First line of the document in its file, 1-based.</param>
/// <param name="Yaml">The document alone.</param>
/// <param name="Refers">Rules a correlation or filter names.</param>
public sealed record RuleText(string Id, IReadOnlyList<string> Names, string Title, string Kind, string File, int Line, string Yaml, IReadOnlyList<string> Refers)
{
    public string Status { get; init; } = "";
    public string Level { get; init; } = "";
    public string Description { get; init; } = "";
    public string Author { get; init; } = "";
    public string Category { get; init; } = "";
    public string Product { get; init; } = "";
    public string Service { get; init; } = "";
    public IReadOnlyList<string> References { get; init; } = [];
    public IReadOnlyList<string> FalsePositives { get; init; } = [];
    /// <summary>Names of the fields its detection asks for, and those a correlation groups by or counts.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];
    /// <summary>Its condition as written; of several, one of which must hold, joined by or.</summary>
    public string Condition { get; init; } = "";
    /// <summary>What a correlation counts; null for all others.</summary>
    public CorrelationText? Correlation { get; init; }

    /// <summary>product/category/service, as far as the rule says them.</summary>
    public string LogSource => string.Join('/', new[] { Product, Category, Service }.Where(p => p.Length > 0));
}

/// <summary>What a correlation counts, as written.</summary>
/// <param name="Type">event_count, value_count, temporal and so on.</param>
/// <param name="Span">Such as 10m.</param>
/// <param name="Counted">Field whose values are counted; empty: none.</param>
/// <param name="Bounds">gte, lt and so on, with their numbers; empty for the temporal types.</param>
public sealed record CorrelationText(string Type, string Span, IReadOnlyList<string> GroupBy, string Counted, IReadOnlyList<(string Test, string Number)> Bounds);

/// <summary>Splits rule files into documents.</summary>
public static class RuleTexts
{
    /// <summary>Largest file read; bytes.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>The rules, correlations and filters of a file, in order; what is no YAML or none of them is left out: loading says why.</summary>
    public static IReadOnlyList<RuleText> Read(string path, byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(bytes);
        if (bytes.Length > MaxBytes || path.EndsWith(RuleSamples.Suffix, StringComparison.Ordinal)) return [];
        var texts = new List<RuleText>();
        foreach (var (line, yaml) in Split(new UTF8Encoding(false).GetString(bytes).TrimStart('\uFEFF')))
        {
            var roots = YamlTree.Read(path, Encoding.UTF8.GetBytes(yaml), MaxBytes, []);
            if (roots is [{ Kind: YamlKind.Mapping } root] && Text(path, line, yaml, root) is { } text) texts.Add(text);
        }
        return texts;
    }

    /// <summary>Documents begin at lines of three hyphens; a scalar can never hold such a line at its first column.</summary>
    private static IEnumerable<(int Line, string Yaml)> Split(string text)
    {
        var lines = text.Split('\n');
        var from = 0;
        for (var i = 0; i <= lines.Length; i++)
        {
            if (i < lines.Length && !IsMark(lines[i])) continue;
            var yaml = string.Join('\n', lines[from..i]);
            if (yaml.AsSpan().Trim().Length > 0) yield return (from + 1, yaml.Trim('\n', '\r') + "\n");
            from = i + 1;
        }
    }

    private static bool IsMark(string line) => line.StartsWith("---", StringComparison.Ordinal) && (line.Length == 3 || char.IsWhiteSpace(line[3])) || line.TrimEnd() == "...";

    private static RuleText? Text(string path, int line, string yaml, YamlNode root)
    {
        var kind = root["correlation"] is not null ? "correlation" : root["filter"] is not null ? "filter" : root["detection"] is not null ? "sigma" : null;
        if (kind is null) return null;
        string[] names = [.. new[] { Value(root, "id"), Value(root, "name") }.Where(n => n.Length > 0).Distinct(StringComparer.Ordinal)];
        var title = Value(root, "title");
        var refers = kind == "correlation" ? root["correlation"]!["rules"] : kind == "filter" ? root["filter"]!["rules"] : null;
        var source = root["logsource"];
        return new RuleText(names.FirstOrDefault() ?? title, names, title, kind, path, line, yaml, List(refers))
        {
            Status = Value(root, "status"),
            Level = Value(root, "level"),
            Description = Value(root, "description"),
            Author = Value(root, "author"),
            Category = Value(source, "category"),
            Product = Value(source, "product"),
            Service = Value(source, "service"),
            References = List(root["references"]),
            FalsePositives = List(root["falsepositives"]),
            Fields = [.. Fields(root).Distinct(StringComparer.Ordinal)],
            Condition = root["detection"] is { Kind: YamlKind.Mapping } detection ? string.Join(" or ", List(detection["condition"])) : "",
            Correlation = kind == "correlation" ? Correlation(root["correlation"]!) : null,
        };
    }

    private static CorrelationText? Correlation(YamlNode node)
    {
        if (node.Kind != YamlKind.Mapping) return null;
        var condition = node["condition"] is { Kind: YamlKind.Mapping } found ? found : null;
        return new CorrelationText(Value(node, "type"), Value(node, "timespan"), List(node["group-by"]), condition is null ? "" : string.Join(", ", List(condition["field"])),
            condition is null ? [] : [.. condition.Pairs.Where(p => p.Key.Text != "field" && p.Value.Kind == YamlKind.Scalar).Select(p => (p.Key.Text, p.Value.Text))]);
    }

    private static string Value(YamlNode? node, string key) => node is { Kind: YamlKind.Mapping } && node[key] is { IsText: true } value ? value.Text : "";

    private static IReadOnlyList<string> List(YamlNode? node) => node?.Kind switch
    {
        YamlKind.Sequence => [.. node.Items.Where(i => i.IsText).Select(i => i.Text)],
        YamlKind.Scalar when node.IsText => [node.Text],
        _ => [],
    };

    private static IEnumerable<string> Fields(YamlNode root)
    {
        if (root["correlation"] is { Kind: YamlKind.Mapping } c)
            return List(c["group-by"]).Concat(c["condition"] is { Kind: YamlKind.Mapping } condition ? List(condition["field"]) : []);
        var detection = root["detection"] ?? root["filter"];
        return detection is { Kind: YamlKind.Mapping } ? detection.Pairs.Where(p => p.Key.Text is not ("condition" or "rules")).SelectMany(p => Maps(p.Value)).SelectMany(m => m.Pairs)
            .Select(p => p.Key.Text.Split('|')[0]).Where(f => f.Length > 0) : [];
    }

    private static IEnumerable<YamlNode> Maps(YamlNode node) => node.Kind switch
    {
        YamlKind.Mapping => [node],
        YamlKind.Sequence => node.Items.Where(i => i.Kind == YamlKind.Mapping),
        _ => [],
    };
}
