using System.Globalization;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Rules.Pipelines;

/// <summary>One step of a processing pipeline, in the notation of pySigma.</summary>
internal sealed class Transformation
{
    private const int MaxTextLength = 64 << 10;
    private const int MaxItems = 20_000;
    /// <summary>Characters that the placeholders of one value may make of it.</summary>
    private const long MaxFilled = 4 << 20;

    private readonly string? id;
    private readonly PipelineConditions conditions;
    private readonly Action<RuleWork>? onRule;
    private readonly Action<RuleWork, DetectionItem>? onItem;
    /// <summary>The names that a field becomes; null: it stays, and there is no mapping for it.</summary>
    private readonly Func<string, IReadOnlyList<string>?>? onField;

    public Transformation(YamlNode node, int depth = 0)
    {
        id = node["id"]?.Text;
        conditions = new PipelineConditions(node);
        switch (node["type"]?.Text)
        {
            case "field_name_mapping":
                var mapping = Mapping(node, "mapping");
                onField = mapping.GetValueOrDefault;
                break;
            case "field_name_prefix_mapping":
                var prefixes = Mapping(node, "mapping");
                onField = f => prefixes.Keys.Where(p => f.StartsWith(p, StringComparison.Ordinal)).MaxBy(p => p.Length) is { } prefix ? [.. prefixes[prefix].Select(to => to + f[prefix.Length..])] : null;
                break;
            case "field_name_prefix":
                var before = Text(node, "prefix");
                onField = f => [before + f];
                break;
            case "field_name_suffix":
                var behind = Text(node, "suffix");
                onField = f => [f + behind];
                break;
            case "field_name_transform":
                var change = Case(node, Text(node, "transform_func"));
                onField = f => [change(f)];
                break;
            case "drop_detection_item":
                onItem = (_, i) => i.Dropped = true;
                break;
            case "add_condition":
                AddCondition(node, out onRule);
                break;
            case "change_logsource":
                var source = new LogSource(node["category"]?.Text, node["product"]?.Text, node["service"]?.Text);
                onRule = w => w.LogSource = source;
                break;
            case "replace_string":
                var regex = PipelineConditions.Expression(node["regex"] ?? throw Lacks(node, "regex"));
                // groups are \1 in pySigma's notation
                var replacement = System.Text.RegularExpressions.Regex.Replace(Text(node, "replacement").Replace("$", "$$", StringComparison.Ordinal), @"\\([0-9])", "$${$1}", System.Text.RegularExpressions.RegexOptions.NonBacktracking);
                onItem = (w, i) => Each(w, i, v => [Changed(v, regex.Replace(v.Text, replacement))]);
                break;
            case "map_string":
                var map = Mapping(node, "mapping");
                onItem = (w, i) => Each(w, i, v => map.TryGetValue(v.Text, out var to) ? [.. to.Select(t => Changed(v, t))] : [v]);
                break;
            case "set_value":
                var value = node["value"] ?? throw Lacks(node, "value");
                onItem = (_, i) => (i.Values, i.List) = ([value], false);
                break;
            case "convert_type":
                var plain = Text(node, "target_type") is "num" or "int";
                onItem = (w, i) => Each(w, i, v => [new YamlNode(YamlKind.Scalar, v.Line) { Text = v.Text, Plain = plain || v.IsNull }]);
                break;
            case "case_transformation" or "case":
                var cased = Case(node, node["method"]?.Text ?? "lower");
                onItem = (w, i) => Each(w, i, v => [Changed(v, cased(v.Text))]);
                break;
            case "hashes_fields":
                HashFields(node, out onItem);
                break;
            case "value_placeholders" or "wildcard_placeholders":
                Placeholders(node, out onItem);
                break;
            case "regex":
                if (IsCased(node)) onItem = (_, i) => { if (MayBeCased(i)) i.Modifiers = [.. i.Modifiers, "cased"]; };
                else onRule = _ => { };
                break;
            case "strict_field_mapping_failure":
                onRule = Strict;
                break;
            case "query_expression_placeholders":
                throw new RuleException("SIG081", node.Line, "'query_expression_placeholders' writes text of another system's query in the place of values, which rules are not turned into here: give the values, to value_placeholders");
            case "set_state":
                var (key, val) = (Text(node, "key"), Text(node, "val"));
                onRule = w => w.State[key] = val;
                break;
            case "rule_failure":
                var message = Text(node, "message");
                onRule = _ => throw new RuleException("SIG083", 0, message);
                break;
            case "detection_item_failure":
                var itemMessage = Text(node, "message");
                onItem = (_, i) => throw new RuleException("SIG083", i.Line, itemMessage);
                break;
            case "set_custom_attribute":
                var (attribute, given) = (Text(node, "attribute"), node["value"] ?? throw Lacks(node, "value"));
                onRule = w => w.Given[attribute] = given;
                break;
            case { } fetched when fetched.EndsWith("_placeholders", StringComparison.Ordinal):
                throw new RuleException("SIG081", node.Line, $"'{fetched}' fetches values from elsewhere while rules are read, which nothing here does: give the values, to value_placeholders");
            case "add_field" or "remove_field" or "set_field":
                // of the query a rule is turned into elsewhere: nothing here
                onRule = _ => { };
                break;
            case "nest" when depth < 8 && node["items"] is { } nested:
                var inner = nested.Items.Select(n => new Transformation(n, depth + 1)).ToList();
                onRule = w => inner.ForEach(t => t.Apply(w));
                break;
            default:
                throw new RuleException("SIG081", node.Line, $"the transformation '{node["type"]?.Text}' is unknown");
        }
    }

    public void Apply(RuleWork work)
    {
        work.Budget.Visit(0);
        if (!conditions.Rule(work)) return;
        if (work.Correlation is { } correlation && onRule is null)
        {
            // what is about detections finds none in a correlation
            if (onField is not null && correlation.Rename(f => Named(work, f)) && id is not null) work.Applied.Add(id);
            return;
        }
        if (onRule is not null)
        {
            onRule(work);
            if (id is not null) work.Applied.Add(id);
            return;
        }
        var n = 0;
        foreach (var item in work.Model.Items)
        {
            if (++n > MaxItems) throw new RuleException("SIG082", item.Line, "the pipeline makes the rule too large");
            work.Budget.Visit(item.Line);
            if (!conditions.Item(work, item)) continue;
            var (field, values, parts, dropped, modifiers) = (item.Field, item.Values, item.Parts, item.Dropped, item.Modifiers);
            if (onField is null) onItem!(work, item);
            else if (item.Field.Length > 0 && onField(item.Field) is { } names)
            {
                Note(work, item.Field, names);
                if (id is not null) work.Named(id, item.Field, names);
                Rename(work, item, names);
            }
            var changed = item.Field != field || item.Parts != parts || item.Dropped != dropped || item.Modifiers != modifiers || !item.Values.SequenceEqual(values);
            if (id is null || !changed) continue;
            work.Applied.Add(id);
            foreach (var leaf in item.Leaves) leaf.Applied.Add(id);
        }
    }

    private IReadOnlyList<string>? Named(RuleWork work, string field)
    {
        work.Budget.Visit(0);
        if (!conditions.Field(work, field) || onField!(field) is not { } names) return null;
        Note(work, field, names);
        if (id is not null) work.Named(id, field, names);
        return names;
    }

    private static void Note(RuleWork work, string field, IReadOnlyList<string> names)
    {
        work.Mapped.Add(field);
        work.Mapped.UnionWith(names);
    }

    /// <summary>Refuses a rule with a field that no mapping before it was for. Of a correlation nothing is asked, as in pySigma.</summary>
    private static void Strict(RuleWork work)
    {
        string[] unmapped = [.. work.Model.Items.Select(i => i.Field).Where(f => f.Length > 0 && !work.Mapped.Contains(f)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (unmapped.Length > 0) throw new RuleException("SIG083", 0, $"no mapping of the pipeline is for {string.Join(", ", unmapped)}");
    }

    /// <summary>
    /// Whether values become expressions that keep letter case. There are two more methods, by which systems that keep it are made to fold it: that is done here as it is.
    /// </summary>
    private static bool IsCased(YamlNode node) => (node["method"]?.Text ?? "ignore_case_brackets") switch
    {
        "plain" => true,
        "ignore_case_flag" or "ignore_case_brackets" => false,
        var other => throw new RuleException("SIG081", node.Line, $"the method '{other}' of 'regex' is unknown: plain, ignore_case_flag, ignore_case_brackets"),
    };

    private static bool MayBeCased(DetectionItem item) => item.Field.Length > 0
        && item.Modifiers.All(m => m is "contains" or "startswith" or "endswith" or "all" or "neq" or "windash" or "expand") && item.Values.TrueForAll(v => v.Kind == YamlKind.Scalar && !v.IsNull);

    private static void Rename(RuleWork work, DetectionItem item, IReadOnlyList<string> to)
    {
        work.Budget.Grow((to.Count - 1L) * (1 + item.Values.Count), item.Line);
        if (to.Count == 1) item.Field = to[0];
        else item.Parts = [.. to.Select(t => item.With(t))];
    }

    private static void Each(RuleWork work, DetectionItem item, Func<YamlNode, List<YamlNode>> change)
    {
        var values = new List<YamlNode>(item.Values.Count);
        foreach (var v in item.Values)
        {
            if (v.Kind != YamlKind.Scalar || v.IsNull)
            {
                values.Add(v);
                continue;
            }
            var changed = change(v);
            work.Budget.Grow(changed.Count - 1 + (changed.Sum(c => (long)c.Text.Length) - v.Text.Length) / 64, v.Line);
            values.AddRange(changed);
        }
        item.Values = values;
        if (item.Values.Count != 1) item.List = true;
    }

    private static YamlNode Changed(YamlNode value, string text)
    {
        if (text.Length > MaxTextLength) throw new RuleException("SIG082", value.Line, "the pipeline makes a value too long");
        return text == value.Text ? value : new YamlNode(YamlKind.Scalar, value.Line) { Text = text };
    }

    private static Func<string, string> Case(YamlNode node, string method) => method switch
    {
        "lower" => t => t.ToLowerInvariant(),
        "upper" => t => t.ToUpperInvariant(),
        "title" => CultureInfo.InvariantCulture.TextInfo.ToTitleCase,
        "snake_case" => t => string.Concat(t.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c.ToString())),
        "camel_case" => t => string.Concat(t.Split('_', '-').Select((w, i) => i == 0 || w.Length == 0 ? w : char.ToUpperInvariant(w[0]) + w[1..])),
        _ => throw new RuleException("SIG081", node.Line, $"'{method}' is no change of case: lower, upper, title, snake_case, camel_case"),
    };

    private static void AddCondition(YamlNode node, out Action<RuleWork> action)
    {
        var added = node["conditions"] is { Kind: YamlKind.Mapping } c ? c : throw Lacks(node, "conditions");
        var (template, negated) = (node["template"]?.Bool ?? false, node["negated"]?.Bool ?? false);
        var name = node["name"]?.Text;
        action = w =>
        {
            if (w.Correlation is not null) return;
            var items = added.Pairs.Select(p => new DetectionItem
            {
                Field = p.Key.Text.Split('|')[0], Modifiers = p.Key.Text.Split('|')[1..], List = p.Value.Kind == YamlKind.Sequence, Line = p.Key.Line,
                Values = [.. (p.Value.Kind == YamlKind.Sequence ? p.Value.Items : [p.Value]).Select(v => template ? Changed(v, Filled(v.Text, w.LogSource)) : v)],
            }).ToList();
            w.Budget.Grow(items.Sum(i => 1L + i.Values.Count), node.Line);
            w.Model.Require(name ?? $"_cond_{w.Model.Searches.Count}", items, negated);
        };
    }

    private static string Filled(string text, LogSource source) => text
        .Replace("${category}", source.Category ?? "", StringComparison.Ordinal).Replace("$category", source.Category ?? "", StringComparison.Ordinal)
        .Replace("${product}", source.Product ?? "", StringComparison.Ordinal).Replace("$product", source.Product ?? "", StringComparison.Ordinal)
        .Replace("${service}", source.Service ?? "", StringComparison.Ordinal).Replace("$service", source.Service ?? "", StringComparison.Ordinal);

    /// <summary>Hashes|contains: 'MD5=…' to a field for each algorithm.</summary>
    private static void HashFields(YamlNode node, out Action<RuleWork, DetectionItem> action)
    {
        var algorithms = (node["valid_hash_algos"]?.Items.Select(i => i.Text) ?? ["MD5", "SHA1", "SHA256", "SHA512", "IMPHASH"]).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var (prefix, bare) = (node["field_prefix"]?.Text ?? "File", node["drop_algo_prefix"]?.Bool ?? false);
        action = (_, item) =>
        {
            if (item.Field is not ("Hashes" or "Hash")) return;
            var parts = new List<DetectionItem>();
            foreach (var value in item.Values)
            {
                var pair = value.Text.Trim('*').Split('=', '|');
                var algorithm = pair.Length == 2 ? pair[0] : pair[0].Length switch { 32 => "MD5", 40 => "SHA1", 64 => "SHA256", 128 => "SHA512", _ => "" };
                if (!algorithms.Contains(algorithm)) throw new RuleException("SIG083", value.Line, $"'{value.Text}' is no hash of a known kind");
                var part = new DetectionItem
                {
                    Field = bare ? prefix : prefix + algorithm.ToUpperInvariant(), Modifiers = [.. item.Modifiers.Where(m => m is "neq")], List = false, Line = item.Line,
                    Values = [new YamlNode(YamlKind.Scalar, value.Line) { Text = pair[^1] }],
                };
                parts.Add(part);
            }
            if (parts.Count > 0) item.Parts = parts;
        };
    }

    private static void Placeholders(YamlNode node, out Action<RuleWork, DetectionItem> action)
    {
        var wild = node["type"]!.Text == "wildcard_placeholders";
        var include = Names("include");
        var exclude = Names("exclude");
        action = (w, item) =>
        {
            if (!item.Modifiers.Contains("expand")) return;
            Each(w, item, v =>
            {
                var results = new List<string> { v.Text };
                foreach (var name in Named(v.Text))
                {
                    if (include is not null && !include.Contains(name) || exclude is not null && exclude.Contains(name)) continue;
                    IReadOnlyList<string>? values = wild ? ["*"] : w.Placeholders.GetValueOrDefault(name);
                    if (values is null) continue;
                    if ((long)results.Count * values.Count > 10_000 || results.Sum(r => (long)r.Length) * values.Count + values.Sum(x => (long)x.Length) * results.Count > MaxFilled) throw new RuleException("SIG082", v.Line, "placeholders make the rule too large");
                    results = [.. results.SelectMany(r => values.Select(x => r.Replace($"%{name}%", x, StringComparison.Ordinal)))];
                }
                return [.. results.Select(r => Changed(v, r))];
            });
        };

        HashSet<string>? Names(string key) => node[key] is { } list ? (list.Kind == YamlKind.Sequence ? list.Items : [list]).Select(i => i.Text).ToHashSet(StringComparer.Ordinal) : null;

        static IEnumerable<string> Named(string text)
        {
            var parts = text.Split('%');
            for (var i = 1; i + 1 < parts.Length; i += 2)
                if (parts[i].Length > 0) yield return parts[i];
        }
    }

    private static string Text(YamlNode node, string key) => node[key] is { Kind: YamlKind.Scalar } v ? v.Text : throw Lacks(node, key);

    private static Dictionary<string, IReadOnlyList<string>> Mapping(YamlNode node, string key)
    {
        if (node[key] is not { Kind: YamlKind.Mapping } map) throw Lacks(node, key);
        return map.Pairs.ToDictionary(p => p.Key.Text, p => (IReadOnlyList<string>)(p.Value.Kind == YamlKind.Sequence ? [.. p.Value.Items.Select(i => i.Text)] : [p.Value.Text]), StringComparer.Ordinal);
    }

    private static RuleException Lacks(YamlNode node, string key) => new("SIG081", node.Line, $"the transformation '{node["type"]?.Text}' needs '{key}'");
}
