using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Rules.Pipelines;

/// <summary>One <c>field|modifiers: values</c> of a rule while pipelines work on it.</summary>
internal sealed class DetectionItem
{
    public required string Field { get; set; }
    public required string[] Modifiers { get; set; }
    public required List<YamlNode> Values { get; set; }
    public required bool List { get; set; }
    public required int Line { get; init; }
    /// <summary>Transformations with an id that changed it.</summary>
    public HashSet<string> Applied { get; } = new(StringComparer.Ordinal);
    /// <summary>Set: the item stands for any (or, negated, all) of these.</summary>
    public List<DetectionItem>? Parts { get; set; }
    public bool Dropped { get; set; }

    public bool Negated => Modifiers.Contains("neq");

    public DetectionItem With(string field, List<YamlNode>? values = null)
    {
        var copy = new DetectionItem { Field = field, Modifiers = Modifiers, Values = values ?? [.. Values], List = values is null ? List : values.Count != 1, Line = Line };
        copy.Applied.UnionWith(Applied);
        return copy;
    }

    /// <summary>The items a transformation sees: the parts where there are some.</summary>
    public IEnumerable<DetectionItem> Leaves => Dropped ? [] : Parts is null ? [this] : Parts.SelectMany(p => p.Leaves);
}

/// <summary>A rule's detection as lists that can be changed, and back to YAML for the compiler.</summary>
internal sealed class DetectionModel
{
    private readonly YamlNode source;

    /// <summary>Nothing is looked for.</summary>
    public DetectionModel() => (source, Conditions) = (new YamlNode(YamlKind.Mapping, 0), []);

    /// <summary>Identifier → its maps; each map is AND, several are OR.</summary>
    public List<(string Name, int Line, List<List<DetectionItem>> Maps)> Searches { get; } = [];
    public List<YamlNode> Conditions { get; }

    public DetectionModel(YamlNode detection)
    {
        source = detection;
        foreach (var (key, value) in detection.Pairs)
            if (key.Text is not ("condition" or "timeframe")) Searches.Add((key.Text, key.Line, [.. Maps(value)]));
        var condition = detection["condition"]!;
        Conditions = condition.Kind == YamlKind.Sequence ? [.. condition.Items] : [condition];
    }

    public IEnumerable<DetectionItem> Items => Searches.SelectMany(s => s.Maps).SelectMany(m => m).SelectMany(i => i.Leaves).ToList();

    /// <summary>Adds an identifier that every condition must fulfil besides, or must not where it is negated.</summary>
    public void Require(string name, List<DetectionItem> map, bool negated)
    {
        Searches.Add((name, source.Line, [map]));
        for (var i = 0; i < Conditions.Count; i++)
        {
            var text = $"{(negated ? "not " : "")}{name} and ({Conditions[i].Text})";
            Conditions[i] = new YamlNode(YamlKind.Scalar, Conditions[i].Line) { Text = text };
        }
    }

    public YamlNode ToYaml()
    {
        var node = new YamlNode(YamlKind.Mapping, source.Line);
        foreach (var (name, line, maps) in Searches)
        {
            var list = new YamlNode(YamlKind.Sequence, line);
            foreach (var map in maps) list.Items.Add(ToYaml(map, line));
            node.Pairs.Add(new(Key(name, line), list));
        }
        var conditions = new YamlNode(YamlKind.Sequence, Conditions[0].Line);
        conditions.Items.AddRange(Conditions);
        node.Pairs.Add(new(Key("condition", conditions.Line), conditions));
        return node;
    }

    private static IEnumerable<List<DetectionItem>> Maps(YamlNode value) => value.Kind switch
    {
        YamlKind.Mapping => [[.. value.Pairs.Select(p => Item(p.Key.Text, p.Key.Line, p.Value))]],
        YamlKind.Scalar => [[Item("", value.Line, value)]],
        _ => value.Items.SelectMany(Maps),
    };

    private static DetectionItem Item(string key, int line, YamlNode value)
    {
        var words = key.Split('|');
        if (value.Kind == YamlKind.Mapping) throw new RuleException("SIG021", line, $"'{key}' takes a value or a list of values");
        return new DetectionItem
        {
            Field = words[0], Modifiers = words[1..], Values = value.Kind == YamlKind.Sequence ? [.. value.Items] : [value], List = value.Kind == YamlKind.Sequence, Line = line,
        };
    }

    private static YamlNode ToYaml(List<DetectionItem> map, int line)
    {
        var node = new YamlNode(YamlKind.Mapping, line);
        foreach (var item in map)
        {
            if (item.Dropped) continue;
            if (item.Parts is { } parts)
            {
                var list = new YamlNode(YamlKind.Sequence, item.Line);
                foreach (var part in parts) list.Items.Add(ToYaml([part], item.Line));
                node.Pairs.Add(new(Key(item.Negated ? DetectionCompiler.AllOf : DetectionCompiler.AnyOf, item.Line), list));
                continue;
            }
            YamlNode value;
            if (!item.List && item.Values.Count == 1) value = item.Values[0];
            else
            {
                value = new YamlNode(YamlKind.Sequence, item.Line);
                value.Items.AddRange(item.Values);
            }
            node.Pairs.Add(new(Key(string.Join('|', [item.Field, .. item.Modifiers]), item.Line), value));
        }
        // an AND of nothing: what was asked for was dropped
        if (node.Pairs.Count == 0) node.Pairs.Add(new(Key(DetectionCompiler.AllOf, line), new YamlNode(YamlKind.Sequence, line)));
        return node;
    }

    private static YamlNode Key(string text, int line) => new(YamlKind.Scalar, line) { Text = text };
}
