using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Palisade.Engine.Parse.Delimited;
using Palisade.Engine.Parse.Effects;
using Palisade.Engine.Parse.Joining;
using Palisade.Engine.Parse.KeyValue;
using Palisade.Engine.Parse.Patterns;
using Palisade.Engine.Parse.Targets;
using Palisade.Engine.Parse.Times;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Palisade.Engine.Parse;

/// <summary>Reads a source.yml. Every mistake becomes a diagnostic with its line; what is right is used all the same.</summary>
internal sealed class SourceReader(string file, List<Diagnostic> diagnostics)
{
    private static readonly string[] Keys =
    [
        "name", "title", "description", "format", "detect", "programs", "also", "zone", "define", "fields", "has", "where", "nothing", "pairs", "delimited", "columns", "layouts", "join",
        "patterns", "set", "parse", "lookups", "when",
    ];

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
        // The reader means to throw YamlException only, but some broken texts trip it.
        catch (Exception e) when (e is InvalidOperationException or ArgumentException) { Error("SRC001", 1, "no YAML: " + e.Message); return null; }

        foreach (var key in root.Children.Keys.OfType<YamlScalarNode>())
            if (!Keys.Contains(key.Value)) Error("SRC002", key.Line(), $"unknown key '{key.Value}'; known: {string.Join(' ', Keys)}");
        var name = root.Text("name");
        if (string.IsNullOrEmpty(name)) { Error("SRC003", 1, "a source needs a name"); return null; }
        var format = root.Text("format") ?? "pattern";
        if (!Enum.TryParse<SourceFormat>(format, true, out var kind))
        {
            Error("SRC004", 1, $"unknown format '{format}'; known: {string.Join(' ', Enum.GetNames<SourceFormat>()).ToLowerInvariant()}");
            return null;
        }
        var reader = new EffectReader(Error, Parts(root));
        var fields = Fields(root, reader);
        return new SourceDefinition
        {
            Name = name, Format = kind,
            Detect = int.TryParse(root.Text("detect"), out var d) ? d : 0,
            Zone = Zone(root), ZoneIsFixed = root.Text("zone") == "utc",
            Programs = [.. root.Texts("programs")], Also = [.. root.Texts("also")],
            Fields = fields.ToFrozenDictionary(f => FieldNames.GetOrAdd(f.Key), f => f.Value),
            Has = [.. root.Texts("has").Select(FieldNames.GetOrAdd)],
            Where = [.. root.Items("where").OfType<YamlMappingNode>().Select(reader.Condition).OfType<Condition>()],
            Nothing = [.. root.Texts("nothing").Select(Encoding.UTF8.GetBytes)],
            Pairs = Pairs(root), Columns = Columns(root, fields, reader),
            Join = Join(root), Patterns = reader.Patterns(root), Effects = reader.Read(root),
        };
    }

    private ZoneTable Zone(YamlMappingNode root)
    {
        if (root.Text("zone") is not { } text || text == "utc") return ZoneTable.Utc;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var minutes) && Math.Abs(minutes) <= 14 * 60) return ZoneTable.Fixed(text, minutes);
        Error("SRC014", root.Children["zone"].Line(), $"'{text}' is no zone; write minutes east of UTC, or utc where the format says so");
        return ZoneTable.Utc;
    }

    private static Dictionary<string, string> Parts(YamlMappingNode root)
    {
        var parts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (root.Children.TryGetValue("define", out var node) && node is YamlMappingNode map)
            foreach (var (key, value) in map.Children) parts[key.Scalar()] = value.Scalar();
        return parts;
    }

    private Dictionary<string, Target[]> Fields(YamlMappingNode root, EffectReader reader)
    {
        var fields = new Dictionary<string, Target[]>(StringComparer.Ordinal);
        if (!root.Children.TryGetValue("fields", out var node) || node is not YamlMappingNode map) return fields;
        foreach (var (key, value) in map.Children)
        {
            var name = key.Scalar();
            if (FieldNames.GetOrAdd(name) == 0) Error("SRC007", key.Line(), $"'{name}' cannot be a name in a record");
            else fields[name] = reader.Targets(value);
        }
        return fields;
    }

    private PairSyntax Pairs(YamlMappingNode root)
    {
        if (!root.Children.TryGetValue("pairs", out var node) || node is not YamlMappingNode map) return PairSyntax.Default;
        return new PairSyntax(Byte(map, "separator", ' '), Byte(map, "assign", '='), map.Text("open") == "true", Least(map));
    }

    private int Least(YamlMappingNode map)
    {
        if (map.Text("least") is not { } text) return 0;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var least) && least is >= 1 and <= PairSyntax.MaxLeast) return least;
        Error("SRC012", map.Line(), $"'least' is a number from 1 to {PairSyntax.MaxLeast}");
        return 0;
    }

    private ColumnSyntax Columns(YamlMappingNode root, Dictionary<string, Target[]> fields, EffectReader reader)
    {
        var map = root.Children.TryGetValue("delimited", out var node) && node is YamlMappingNode m ? m : [];
        var lists = root.Items("layouts").OfType<YamlSequenceNode>().ToList();
        if (root.Children.TryGetValue("columns", out var only) && only is YamlSequenceNode one) lists.Add(one);
        Target[] Column(YamlNode item) => item is YamlScalarNode { Value: { } text } && fields.TryGetValue(text, out var known) ? known : reader.Targets(item);
        return new ColumnSyntax(
            Byte(map, "separator", ','), map.Text("quoted") != "false", map.Text("bracketed") == "true", map.Text("more") == "true",
            [.. lists.Select(l => l.Children.Select(Column).ToArray())],
            Encoding.UTF8.GetBytes(map.Text("header") ?? ""), Encoding.UTF8.GetBytes(map.Text("comment") ?? ""), map.Text("named") == "true");
    }

    private JoinRule? Join(YamlMappingNode root)
    {
        if (!root.Children.TryGetValue("join", out var node) || node is not YamlMappingNode map) return null;
        var (key, part, tag) = (map.Text("key"), map.Text("part"), map.Text("tag"));
        var kind = key is not null ? JoinKind.Key : part is not null ? JoinKind.Part : JoinKind.Start;
        var texts = (key ?? part) is { } only ? [only] : map.Children.TryGetValue("start", out var start) && start is YamlSequenceNode several ? [.. several.Children.Select(c => c.Scalar())] : new[] { map.Text("start") ?? "" };
        var patterns = new List<PatternNode[]>();
        string? problem = null;
        foreach (var text in texts)
        {
            if (PatternCompiler.Compile(text, Parts(root), out var wrong) is [_, ..] nodes && (kind == JoinKind.Start || Array.Exists(nodes, n => n.Kind == NodeKind.Capture))) patterns.Add(nodes);
            problem ??= wrong;
        }
        if (part is not null && tag is null) problem = "'part' needs 'tag', the last capture of a line that goes on";
        if (problem is null && patterns.Count == texts.Length && patterns is [var first, .. var others])
            return new JoinRule(first, kind, Encoding.UTF8.GetBytes((kind == JoinKind.Start ? map.Text("more") : tag) ?? ""), Encoding.UTF8.GetBytes(map.Text("later") ?? ""), [.. others]);
        Error("SRC013", map.Line(), problem ?? "'join' needs 'start' (what a record begins with), 'key' (what lines of one record share) or 'part' with 'tag' (lines that go on)");
        return null;
    }

    private byte Byte(YamlMappingNode map, string key, char otherwise)
    {
        var text = map.Text(key);
        if (text is null) return (byte)otherwise;
        if (text.Length == 1 && char.IsAscii(text[0])) return (byte)text[0];
        Error("SRC012", map.Line(), $"'{key}' is one ASCII character");
        return (byte)otherwise;
    }

    private void Error(string code, int line, string message) => diagnostics.Add(new Diagnostic(code, file, line, message, true));
}
