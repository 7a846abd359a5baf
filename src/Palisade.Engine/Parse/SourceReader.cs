using System.Text;
using Palisade.Engine.Parse.Patterns;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Palisade.Engine.Parse;

/// <summary>Reads a source.yml. Every mistake becomes a diagnostic with its line; what is right is used all the same.</summary>
internal sealed class SourceReader(string file, List<Diagnostic> diagnostics)
{
    private static readonly string[] Keys = ["name", "title", "format", "detect", "programs", "also", "zone", "set", "when", "patterns", "aliases", "description"];
    private static readonly string[] Tests = ["eq", "starts", "contains", "gte", "lt", "exists"];

    public SourceDefinition? Read(byte[] bytes)
    {
        YamlMappingNode root;
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(Encoding.UTF8.GetString(bytes)));
            if (stream.Documents.Count != 1 || stream.Documents[0].RootNode is not YamlMappingNode map) { Error("SRC001", 1, "a source is one YAML mapping"); return null; }
            root = map;
        }
        catch (YamlException e) { Error("SRC001", (int)e.Start.Line, "no YAML: " + e.Message); return null; }

        foreach (var key in root.Children.Keys.OfType<YamlScalarNode>())
            if (!Keys.Contains(key.Value)) Error("SRC002", Line(key), $"unknown key '{key.Value}'; known: {string.Join(' ', Keys)}");
        var name = Text(root, "name");
        if (string.IsNullOrEmpty(name)) { Error("SRC003", 1, "a source needs a name"); return null; }
        var format = Text(root, "format") ?? "pattern";
        if (!Enum.TryParse<SourceFormat>(format, true, out var kind)) { Error("SRC004", 1, $"unknown format '{format}'; known: pattern syslog json"); return null; }
        return new SourceDefinition
        {
            Name = name, Format = kind,
            Detect = int.TryParse(Text(root, "detect"), out var d) ? d : 0,
            ZoneMinutes = int.TryParse(Text(root, "zone"), out var z) ? z : 0,
            Programs = [.. List(root, "programs").Select(n => n.Value!)],
            Also = [.. List(root, "also").Select(n => n.Value!)],
            Set = Set(root), When = When(root), Patterns = Patterns(root), Aliases = Aliases(root),
        };
    }

    private SourcePattern[] Patterns(YamlMappingNode root)
    {
        if (!root.Children.TryGetValue("patterns", out var node) || node is not YamlSequenceNode list) return [];
        var patterns = new List<SourcePattern>();
        foreach (var item in list)
        {
            if (item is not YamlMappingNode map || Text(map, "match") is not { } match) { Error("SRC005", Line(item), "a pattern needs 'match'"); continue; }
            var nodes = PatternCompiler.Compile(match, out var error);
            if (nodes is null) { Error("SRC006", Line(item), error!); continue; }
            patterns.Add(new SourcePattern
            {
                Id = Text(map, "id") ?? $"{patterns.Count + 1}", Nodes = nodes, Set = Set(map), When = When(map),
                Prefix = nodes is [{ Kind: NodeKind.Literal } first, ..] ? first.Literal : [],
            });
        }
        return [.. patterns];
    }

    private (ushort, byte[])[] Set(YamlMappingNode map)
    {
        if (!map.Children.TryGetValue("set", out var node) || node is not YamlMappingNode sets) return [];
        var found = new List<(ushort, byte[])>();
        foreach (var (key, value) in sets.Children)
        {
            var id = FieldNames.GetOrAdd(((YamlScalarNode)key).Value ?? "");
            if (id == 0) { Error("SRC007", Line(key), $"'{key}' cannot be a field name"); continue; }
            foreach (var v in value is YamlSequenceNode many ? many.Children : [value]) found.Add((id, Encoding.UTF8.GetBytes(((YamlScalarNode)v).Value ?? "")));
        }
        return [.. found];
    }

    private WhenRule[] When(YamlMappingNode map)
    {
        if (!map.Children.TryGetValue("when", out var node) || node is not YamlSequenceNode list) return [];
        var rules = new List<WhenRule>();
        foreach (var item in list.OfType<YamlMappingNode>())
        {
            var test = Tests.FirstOrDefault(t => item.Children.ContainsKey(t));
            if (test is null || Text(item, "field") is not { } field) { Error("SRC008", Line(item), $"'when' needs a field and one of {string.Join(' ', Tests)}"); continue; }
            var value = item.Children[test];
            string[] values = value is YamlSequenceNode many ? [.. many.Children.Select(c => ((YamlScalarNode)c).Value ?? "")] : [((YamlScalarNode)value).Value ?? ""];
            rules.Add(new WhenRule
            {
                Field = FieldNames.GetOrAdd(field), Test = test, Values = [.. values.Select(Encoding.UTF8.GetBytes)],
                Number = long.TryParse(values[0], out var n) ? n : 0, Set = Set(item),
            });
        }
        return [.. rules];
    }

    private static Dictionary<string, ushort> Aliases(YamlMappingNode root)
    {
        var aliases = new Dictionary<string, ushort>(StringComparer.Ordinal);
        if (root.Children.TryGetValue("aliases", out var node) && node is YamlMappingNode map)
            foreach (var (key, value) in map.Children) aliases[((YamlScalarNode)key).Value!] = FieldNames.GetOrAdd(((YamlScalarNode)value).Value!);
        return aliases;
    }

    private static string? Text(YamlMappingNode map, string key) => map.Children.TryGetValue(key, out var node) ? (node as YamlScalarNode)?.Value : null;

    private static IEnumerable<YamlScalarNode> List(YamlMappingNode map, string key) => map.Children.TryGetValue(key, out var node) ? node switch
    {
        YamlSequenceNode many => many.Children.OfType<YamlScalarNode>(),
        YamlScalarNode one => [one],
        _ => [],
    } : [];

    private static int Line(YamlNode node) => (int)node.Start.Line;

    private void Error(string code, int line, string message) => diagnostics.Add(new Diagnostic(code, file, line, message, true));
}
