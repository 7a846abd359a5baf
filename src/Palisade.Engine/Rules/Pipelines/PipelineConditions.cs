using System.Globalization;
using System.Text.RegularExpressions;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Rules.Pipelines;

/// <summary>What a transformation is bound to: conditions on the rule, on the detection item, on the field name, each set joined by and, or, or an expression.</summary>
internal sealed class PipelineConditions
{
    private readonly Func<RuleWork, bool> rule;
    private readonly Func<RuleWork, DetectionItem, bool> item;
    private readonly Func<RuleWork, DetectionItem?, string, bool> field;
    private readonly bool ofItems;

    public bool Rule(RuleWork work) => rule(work);
    public bool Item(RuleWork work, DetectionItem i) => item(work, i) && field(work, i, i.Field);
    /// <summary>Of a field that a correlation names: what is bound to detection items does not hold for it.</summary>
    public bool Field(RuleWork work, string name) => !ofItems && field(work, null, name);

    public PipelineConditions(YamlNode transformation)
    {
        rule = Join(transformation, "rule", OfRule);
        ofItems = transformation["detection_item_conditions"] is not null;
        var items = Join(transformation, "detection_item", OfItem);
        item = (work, i) => items((work, i));
        var fields = Join(transformation, "field_name", OfField);
        field = (work, i, name) => fields((work, i, name));
    }

    private static Func<T, bool> Join<T>(YamlNode node, string kind, Func<YamlNode, Func<T, bool>> read)
    {
        var list = node[$"{kind}_conditions"];
        if (list is null) return _ => true;
        var negated = node[$"{kind}_cond_not"]?.Bool ?? false;
        var any = (node[$"{kind}_cond_op"]?.Text ?? "and") switch
        {
            "or" => true,
            "and" => false,
            var other => throw new RuleException("SIG081", node.Line, $"'{kind}_cond_op' is and or or, not '{other}'"),
        };
        var named = list.Kind == YamlKind.Mapping
            ? list.Pairs.Select(p => (p.Key.Text, Test: read(p.Value))).ToList()
            : list.Items.Select((n, i) => ((n["id"]?.Text ?? $"c{i}"), Test: read(n))).ToList();
        if (node[$"{kind}_cond_expr"] is { } expression) return Expression(expression, named);
        return x => negated != (any ? named.Exists(n => n.Test(x)) : named.TrueForAll(n => n.Test(x)));
    }

    private static Func<T, bool> Expression<T>(YamlNode expression, List<(string Name, Func<T, bool> Test)> named)
    {
        var names = named.Select(n => n.Name).ToList();
        try
        {
            var tree = ConditionParser.Parse(expression.Text, names, n => Node.Of(new Atom { Kind = AtomKind.Exists, Field = names.IndexOf(n) }), []);
            return x => True(tree, x);
        }
        catch (FormatException e)
        {
            throw new RuleException("SIG081", expression.Line, e.Message);
        }

        bool True(Node node, T x) => node.Kind switch
        {
            NodeKind.Atom => named[node.Atom!.Field].Test(x),
            NodeKind.And => Array.TrueForAll(node.Children, c => True(c, x)),
            NodeKind.Or => Array.Exists(node.Children, c => True(c, x)),
            NodeKind.Not => !True(node.Children[0], x),
            _ => true,
        };
    }

    private static Func<RuleWork, bool> OfRule(YamlNode c)
    {
        switch (c["type"]?.Text)
        {
            case "logsource":
                var wanted = new LogSource(c["category"]?.Text, c["product"]?.Text, c["service"]?.Text);
                return w => w.LogSources.Any(s => Within(wanted.Category, s.Category) && Within(wanted.Product, s.Product) && Within(wanted.Service, s.Service));
            case "contains_field" when c["field"] is { } field:
                return w => w.Model.Items.Any(i => i.Field == field.Text);
            case "contains_detection_item" when c["field"] is { } itemField && c["value"] is { Kind: YamlKind.Scalar, IsNull: false } value:
                var looked = PipelineValue.Of(value);
                return w => w.Model.Items.Any(i => i.Field == itemField.Text && i.Values.Exists(v => PipelineValue.Of(i, v) == looked));
            case "tag" when c["tag"] is { } tag:
                return w => w.Info.Tags.Contains(tag.Text, StringComparer.OrdinalIgnoreCase);
            case "rule_attribute" when c["attribute"] is { } attribute && c["value"] is { } said:
                return RuleAttributes.Read(c, attribute.Text, said);
            case "processing_item_applied" when c["processing_item_id"] is { } id:
                return w => w.Applied.Contains(id.Text);
            case "processing_state" when c["key"] is { } key && c["val"] is { } val:
                return OfState(c, key.Text, val.Text);
            case "is_sigma_rule":
                return w => w.Correlation is null;
            case "is_sigma_correlation_rule":
                return w => w.Correlation is not null;
            default:
                throw Unknown(c, "rule condition");
        }
    }

    private static Func<(RuleWork Work, DetectionItem Item), bool> OfItem(YamlNode c)
    {
        switch (c["type"]?.Text)
        {
            case "match_string" when c["pattern"] is { } pattern:
                var regex = FromStart(pattern);
                var negate = c["negate"]?.Bool ?? false;
                return OfValues(c, v => negate != (v.Text is not null && regex.IsMatch(v.Text)));
            case "match_value" when c["value"] is { Kind: YamlKind.Scalar, IsNull: false } value:
                var looked = PipelineValue.Of(value);
                return OfValues(c, v => v == looked);
            case "contains_wildcard":
                return OfValues(c, v => v.HasWildcards);
            case "is_null":
                return OfValues(c, v => v.IsNull);
            case "processing_item_applied" when c["processing_item_id"] is { } id:
                return x => x.Item.Applied.Contains(id.Text);
            case "processing_state" when c["key"] is { } key && c["val"] is { } val:
                var state = OfState(c, key.Text, val.Text);
                return x => state(x.Work);
            default:
                throw Unknown(c, "detection item condition");
        }
    }

    private static Func<(RuleWork Work, DetectionItem? Item, string Field), bool> OfField(YamlNode c)
    {
        switch (c["type"]?.Text)
        {
            case "include_fields" or "exclude_fields" when c["fields"] is { } fields:
                var include = c["type"]!.Text == "include_fields";
                var texts = fields.Kind == YamlKind.Sequence ? fields.Items : [fields];
                if ((c["mode"] ?? c["match"])?.Text is not "re")
                {
                    var names = texts.Select(t => t.Text).ToHashSet(StringComparer.Ordinal);
                    return x => names.Contains(x.Field) == include;
                }
                var expressions = texts.Select(FromStart).ToList();
                return x => expressions.Exists(e => e.IsMatch(x.Field)) == include;
            case "processing_state" when c["key"] is { } key && c["val"] is { } val:
                var state = OfState(c, key.Text, val.Text);
                return x => state(x.Work);
            case "processing_item_applied" when c["processing_item_id"] is { } id:
                return x => x.Item?.Applied.Contains(id.Text) ?? x.Work.IsNamedBy(id.Text, x.Field);
            default:
                throw Unknown(c, "field name condition");
        }
    }

    /// <summary>What a condition says of one value, asked of any or, with <c>cond: all</c>, of every value of an item.</summary>
    private static Func<(RuleWork Work, DetectionItem Item), bool> OfValues(YamlNode c, Func<PipelineValue, bool> holds) => (c["cond"]?.Text ?? "any") switch
    {
        "any" => x => x.Item.Values.Exists(v => holds(PipelineValue.Of(x.Item, v))),
        "all" => x => x.Item.Values.TrueForAll(v => holds(PipelineValue.Of(x.Item, v))),
        var other => throw new RuleException("SIG081", c.Line, $"'cond' is any or all, not '{other}'"),
    };

    /// <summary>What was set under a key; numbers are compared as such. Nothing holds for a key that nobody set.</summary>
    private static Func<RuleWork, bool> OfState(YamlNode c, string key, string wanted)
    {
        var op = c["op"]?.Text ?? "eq";
        if (op is not ("eq" or "ne" or "gte" or "gt" or "lte" or "lt")) throw new RuleException("SIG081", c.Line, $"'op' is eq, ne, gte, gt, lte or lt, not '{op}'");
        return w => w.State.TryGetValue(key, out var held) && RuleAttributes.Compared(
            double.TryParse(held, NumberStyles.Float, CultureInfo.InvariantCulture, out var a) && double.TryParse(wanted, NumberStyles.Float, CultureInfo.InvariantCulture, out var b) ? a.CompareTo(b) : string.CompareOrdinal(held, wanted), op);
    }

    /// <summary>An expression that must fit from the first sign on, as those of conditions do.</summary>
    private static Regex FromStart(YamlNode node) => Expression(new YamlNode(YamlKind.Scalar, node.Line) { Text = $"\\A(?:{node.Text})" });

    /// <summary>An expression of a pipeline, as bounded as those of rules.</summary>
    public static Regex Expression(YamlNode node)
    {
        try
        {
            return new Regex(RegexText.Translate(node.Text), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException or FormatException)
        {
            throw new RuleException("SIG028", node.Line, "the expression is broken, too large or needs backtracking: " + e.Message);
        }
    }

    private static bool Within(string? wanted, string? said) => wanted is null || wanted.Equals(said, StringComparison.OrdinalIgnoreCase);

    private static RuleException Unknown(YamlNode c, string what) => new("SIG081", c.Line, $"the {what} '{c["type"]?.Text}' is unknown or lacks what it needs");
}
