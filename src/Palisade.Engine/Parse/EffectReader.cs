using System.Text;
using Palisade.Engine.Parse.Effects;
using Palisade.Engine.Parse.Patterns;
using Palisade.Engine.Parse.Targets;
using YamlDotNet.RepresentationModel;

namespace Palisade.Engine.Parse;

/// <summary>Reads what happens after a match: <c>set</c>, <c>parse</c>, <c>lookups</c>, <c>when</c>, and the patterns that carry them.</summary>
internal sealed class EffectReader(Action<string, int, string> error, IReadOnlyDictionary<string, string> parts)
{
    private const string AllValues = ":words";
    private static readonly string[] Tests = [.. Enum.GetNames<ConditionTest>().Select(t => t.ToLowerInvariant())];
    private static readonly string[] PatternKeys = ["id", "match", "set", "parse", "lookups", "when"];
    private static readonly string[] WhenKeys = ["field", "set", "parse", "lookups", .. Tests];

    /// <summary>The effects that stand in a mapping beside other keys.</summary>
    public EffectList Read(YamlMappingNode map)
    {
        var effects = new EffectList(Set(map), Parse(map), Lookups(map), When(map));
        return effects is { Set.Steps: [], Parse: [], Lookups: [], When: [] } ? EffectList.None : effects;
    }

    public SourcePattern[] Patterns(YamlMappingNode map)
    {
        var patterns = new List<SourcePattern>();
        foreach (var item in map.Items("patterns"))
        {
            if (item is not YamlMappingNode one || one.Text("match") is not { } match) { error("SRC005", item.Line(), "a pattern needs 'match'"); continue; }
            Unknown(one, PatternKeys);
            var nodes = PatternCompiler.Compile(match, parts, out var problem);
            if (nodes is null) { error("SRC006", item.Line(), problem!); continue; }
            patterns.Add(new SourcePattern
            {
                Id = one.Text("id") ?? $"{patterns.Count + 1}", Nodes = nodes, Effects = Read(one), Begin = TextBegin.Of(nodes), Anchor = PatternStart.Anchor(nodes), Place = patterns.Count,
            });
        }
        return [.. patterns];
    }

    /// <summary>A target, or several, said by a scalar or a list.</summary>
    public Target[] Targets(YamlNode node)
    {
        var found = new List<Target>();
        foreach (var text in node.Texts())
        {
            if (Target.Read(text, out var problem) is { } target) found.Add(target);
            else error("SRC006", node.Line(), $"'{text}': {problem}");
        }
        return [.. found];
    }

    public Condition? Condition(YamlMappingNode item)
    {
        var test = Tests.FirstOrDefault(t => item.Children.ContainsKey(t));
        if (test is null || item.Text("field") is not { } field) { error("SRC008", item.Line(), $"a condition needs 'field' and one of {string.Join(' ', Tests)}"); return null; }
        var values = item.Children[test].Texts().ToArray();
        return new Condition(FieldNames.GetOrAdd(field), Enum.Parse<ConditionTest>(test, true), [.. values.Select(Encoding.UTF8.GetBytes)], values.Length > 0 && long.TryParse(values[0], out var n) ? n : 0);
    }

    private void Unknown(YamlMappingNode map, string[] known)
    {
        foreach (var key in map.Children.Keys.OfType<YamlScalarNode>())
            if (!known.Contains(key.Value)) error("SRC002", key.Line(), $"unknown key '{key.Value}'; known: {string.Join(' ', known)}");
    }

    private SetList Set(YamlMappingNode map)
    {
        if (!map.Children.TryGetValue("set", out var node) || node is not YamlMappingNode sets) return EffectList.None.Set;
        var found = new List<SetRule>();
        foreach (var (key, value) in sets.Children)
        {
            var target = Target.Read(key.Scalar(), out var problem);
            if (target is null) { error("SRC007", key.Line(), $"'{key}': {problem}"); continue; }
            var append = false;
            foreach (var text in value.Texts())
            {
                found.Add(text.Contains("%{", StringComparison.Ordinal) ? new SetRule(target, null, Parts(text, value.Line()), append) : new SetRule(target, Encoding.UTF8.GetBytes(text), [], append));
                append = true;
            }
        }
        return new SetList(found);
    }

    private (byte[], ushort, bool)[] Parts(string text, int line)
    {
        var found = new List<(byte[], ushort, bool)>();
        var at = 0;
        while (true)
        {
            var open = text.IndexOf("%{", at, StringComparison.Ordinal);
            if (open < 0) { found.Add((Encoding.UTF8.GetBytes(text[at..]), 0, false)); return [.. found]; }
            var close = text.IndexOf('}', open);
            var name = close < 0 ? "" : text[(open + 2)..close];
            var all = name.EndsWith(AllValues, StringComparison.Ordinal);
            var field = name.Length == 0 ? (ushort)0 : FieldNames.GetOrAdd(all ? name[..^AllValues.Length] : name);
            if (field == 0) { error("SRC007", line, $"'{text}' does not name a field after '%{{'"); return [.. found]; }
            found.Add((Encoding.UTF8.GetBytes(text[at..open]), field, all));
            at = close + 1;
        }
    }

    private ParseRule[] Parse(YamlMappingNode map)
    {
        var found = new List<ParseRule>();
        foreach (var item in map.Items("parse"))
        {
            if (item is not YamlMappingNode one || one.Text("field") is not { } field || (one.Text("with") is null) == !one.Children.ContainsKey("patterns"))
            {
                error("SRC010", item.Line(), "'parse' needs 'field', and either 'with' (kv, json, xml, auto or a source's name) or 'patterns'");
                continue;
            }
            var kind = one.Text("with") switch { null => ParseKind.Patterns, "kv" => ParseKind.Kv, "json" => ParseKind.Json, "xml" => ParseKind.Xml, "auto" => ParseKind.Auto, _ => ParseKind.Source };
            found.Add(new ParseRule(FieldNames.GetOrAdd(field), kind, Patterns(one), one.Text("with") ?? ""));
        }
        return [.. found];
    }

    private LookupRule[] Lookups(YamlMappingNode map)
    {
        var found = new List<LookupRule>();
        foreach (var item in map.Items("lookups"))
        {
            if (item is not YamlMappingNode one || one.Text("field") is not { } field || one.Text("to") is not { } to || !one.Children.TryGetValue("values", out var node) || node is not YamlMappingNode values)
            {
                error("SRC011", item.Line(), "a lookup needs 'field', 'to' and a mapping 'values'; 'default' is optional");
                continue;
            }
            var table = new Dictionary<string, byte[][]>(StringComparer.OrdinalIgnoreCase);
            foreach (var (key, value) in values.Children) table[key.Scalar()] = [.. value.Texts().Select(Encoding.UTF8.GetBytes)];
            var rest = one.Children.TryGetValue("default", out var d) ? d.Texts().Select(Encoding.UTF8.GetBytes).ToArray() : [];
            found.Add(new LookupRule(FieldNames.GetOrAdd(field), FieldNames.GetOrAdd(to), table, rest));
        }
        return [.. found];
    }

    private WhenRule[] When(YamlMappingNode map)
    {
        var rules = new List<WhenRule>();
        foreach (var item in map.Items("when"))
        {
            if (item is not YamlMappingNode one) { error("SRC008", item.Line(), "'when' is a list of mappings"); continue; }
            Unknown(one, WhenKeys);
            if (Condition(one) is { } condition) rules.Add(new WhenRule(condition, Read(one)));
        }
        return [.. rules];
    }
}

/// <summary>Short ways to look into YAML.</summary>
internal static class YamlLooks
{
    public static int Line(this YamlNode node) => (int)node.Start.Line;

    /// <summary>Text of a scalar; "" for what is none.</summary>
    public static string Scalar(this YamlNode node) => (node as YamlScalarNode)?.Value ?? "";

    public static string? Text(this YamlMappingNode map, string key) => map.Children.TryGetValue(key, out var node) ? (node as YamlScalarNode)?.Value : null;

    /// <summary>A scalar, or the scalars of a list.</summary>
    public static IEnumerable<string> Texts(this YamlNode node) => node switch
    {
        YamlSequenceNode many => many.Children.OfType<YamlScalarNode>().Select(c => c.Value ?? ""),
        YamlScalarNode one => [one.Value ?? ""],
        _ => [],
    };

    public static IEnumerable<string> Texts(this YamlMappingNode map, string key) => map.Children.TryGetValue(key, out var node) ? node.Texts() : [];

    public static IEnumerable<YamlNode> Items(this YamlMappingNode map, string key) => map.Children.TryGetValue(key, out var node) && node is YamlSequenceNode list ? list.Children : [];
}
