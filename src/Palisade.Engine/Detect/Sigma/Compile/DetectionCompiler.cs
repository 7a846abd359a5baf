using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Detect.Sigma.Compile;

/// <summary>Compiles a detection: its search identifiers and its condition.</summary>
internal sealed class DetectionCompiler(ValueCompiler values, Action<string, int, string> warn)
{
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
        return Node.And([.. map.Pairs.Select(p => values.Compile(p.Key.Text, p.Key.Line, p.Value))]);
    }
}
