using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Detect.Sigma.Compile;

/// <summary>Compiles a detection: its search identifiers and its condition.</summary>
internal sealed class DetectionCompiler(ValueCompiler values, Action<string, int, string> warn)
{
    /// <summary>Keys of a mapping that stand for any, or for all, of a list of mappings. Only pipelines write them: no rule's key begins so.</summary>
    public const string AnyOf = "\u001Fany", AllOf = "\u001Fall";

    private const int MaxIdentifiers = 2_000;

    /// <summary>Compiles the mapping below <c>detection</c> or <c>filter</c>; keys in <paramref name="skip"/> are no identifiers.</summary>
    public Node Compile(YamlNode detection, params ReadOnlySpan<string> skip)
    {
        var identifiers = new Dictionary<string, Node>(StringComparer.Ordinal);
        foreach (var (key, value) in detection.Pairs)
        {
            if (key.Text == "condition" || skip.Contains(key.Text)) continue;
            if (key.Text == "timeframe")
            {
                warn("SIG066", key.Line, "'timeframe' is of Sigma 1 and has no effect: write a correlation");
                continue;
            }
            identifiers[key.Text] = Identifier(key, value);
        }
        var condition = detection["condition"]!;
        var texts = condition.Kind == YamlKind.Sequence ? condition.Items : [condition];
        if (texts.Count == 0 || texts.Exists(t => !t.IsText)) throw new RuleException("SIG011", condition.Line, "the condition must be text or a list of texts");
        if (texts.Count > 100) throw new RuleException("SIG011", condition.Line, "a rule has at most 100 conditions");
        if (identifiers.Count > MaxIdentifiers) throw new RuleException("SIG018", detection.Line, $"a rule has at most {MaxIdentifiers} search identifiers");
        var used = new HashSet<string>(StringComparer.Ordinal);
        var names = identifiers.Keys.ToList();
        var parts = new List<Node>();
        foreach (var text in texts)
        {
            try
            {
                parts.Add(ConditionParser.Parse(text.Text, names, n => identifiers[n], used));
            }
            catch (FormatException e)
            {
                throw new RuleException("SIG017", text.Line, $"condition '{text.Text}': {e.Message}");
            }
        }
        foreach (var name in names)
            if (!used.Contains(name)) warn("SIG067", detection.Line, $"the condition never uses '{name}'");
        return Node.Or(parts);
    }

    private Node Identifier(YamlNode key, YamlNode value)
    {
        switch (value.Kind)
        {
            case YamlKind.Mapping:
                return Map(key, value);
            case YamlKind.Scalar:
                return values.Compile("", key.Line, value);
            default:
                if (value.Items.Count == 0) throw new RuleException("SIG018", key.Line, $"'{key.Text}' is empty");
                var parts = new List<Node>();
                foreach (var item in value.Items)
                {
                    if (item.Kind == YamlKind.Sequence) throw new RuleException("SIG018", item.Line, $"'{key.Text}': a list inside a list");
                    parts.Add(item.Kind == YamlKind.Mapping ? Map(key, item) : values.Compile("", item.Line, item));
                }
                return Node.Or(parts);
        }
    }

    private Node Map(YamlNode key, YamlNode map)
    {
        if (map.Pairs.Count == 0) throw new RuleException("SIG018", key.Line, $"'{key.Text}' is empty");
        return Node.And([.. map.Pairs.Select(p => p.Key.Text switch
        {
            AnyOf => Node.Or([.. p.Value.Items.Select(i => Map(p.Key, i))]),
            AllOf when p.Value.Items.Count == 0 => Node.Always,
            AllOf => Node.And([.. p.Value.Items.Select(i => Map(p.Key, i))]),
            _ => values.Compile(p.Key.Text, p.Key.Line, p.Value),
        })]);
    }
}
