using System.Globalization;
using System.Text;
using Palisade.Protocol;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Palisade.Engine.Detect.Web;

/// <summary>Reads the classes and signatures of the request classifier; says everything that is wrong with them at once.</summary>
internal sealed class SignatureReader(bool trusted)
{
    private readonly List<Diagnostic> diagnostics = [];
    private readonly List<WebClass> classes = [];
    private readonly List<Signature> signatures = [];
    private readonly Dictionary<string, int> literalIds = new(StringComparer.Ordinal);
    private readonly List<List<Signature>> byLiteral = [];
    private readonly List<string> sqlPatterns = [];
    private readonly HashSet<string> ids = new(StringComparer.Ordinal);

    /// <summary>Reads all files; a file's path is only used in diagnostics. Expressions of trusted files are compiled when first needed, others at once.</summary>
    public static SignatureSet Read(IEnumerable<(string path, byte[] bytes)> files, bool trusted, out IReadOnlyList<Diagnostic> diagnostics)
    {
        var reader = new SignatureReader(trusted);
        var documents = new List<(string Path, YamlMappingNode Root)>();
        WebModel? model = null;
        foreach (var (path, bytes) in files.OrderBy(f => f.path, StringComparer.Ordinal))
        {
            if (path.EndsWith(".bin", StringComparison.Ordinal))
            {
                model = WebModel.Read(bytes, out var problem);
                if (model is null) reader.Say("WEB020", path, 0, problem);
                continue;
            }
            try
            {
                var yaml = new YamlStream();
                yaml.Load(new StringReader(Encoding.UTF8.GetString(bytes)));
                foreach (var document in yaml.Documents)
                    if (document.RootNode is YamlMappingNode root) documents.Add((path, root));
            }
            catch (YamlException e)
            {
                reader.Say("WEB001", path, (int)e.Start.Line, "not YAML: " + e.Message);
            }
        }
        foreach (var (path, root) in documents) reader.ReadClasses(path, root);
        foreach (var (path, root) in documents) reader.ReadSignatures(path, root);
        foreach (var (path, root) in documents) reader.ReadKnown(path, root);
        var families = model is null ? [] : model.Families.Select(name => reader.classes.FindIndex(c => c.Key == name)).ToArray();
        if (families.Contains(-1))
        {
            reader.Say("WEB021", "", 0, $"the model knows a class that is none: {model!.Families[Array.IndexOf(families, -1)]}");
            model = null;
        }
        diagnostics = reader.diagnostics;
        var literals = reader.literalIds.OrderBy(p => p.Value).Select(p => Encoding.Latin1.GetBytes(p.Key)).ToArray();
        return new SignatureSet
        {
            Classes = reader.classes,
            Signatures = [.. reader.signatures],
            Literals = new LiteralScan(literals),
            LiteralBytes = literals,
            ByLiteral = [.. reader.byLiteral.Select(l => l.ToArray())],
            Used = [.. reader.literalIds.Where(p => reader.byLiteral[p.Value].Exists(s => s.IsUsed)).Select(p => Encoding.Latin1.GetBytes(p.Key))],
            Sql = [.. reader.signatures.Where(s => s.View == WebView.Sql)],
            AnySql = reader.sqlPatterns.Count == 0 ? null : new LazyPattern(string.Join('|', reader.sqlPatterns.Select(p => $"(?:{p})")), linear: true),
            Model = model,
            FamilyClass = families,
        };
    }

    private void Say(string code, string file, long line, string message) => diagnostics.Add(new Diagnostic(code, file, (int)line, message, true));

    private void ReadClasses(string path, YamlMappingNode root)
    {
        if (!Try(root, "classes", out YamlSequenceNode list)) return;
        foreach (var node in list.OfType<YamlMappingNode>())
        {
            var key = Text(node, "class");
            if (key is null || classes.Exists(c => c.Key == key)) { Say("WEB002", path, node.Start.Line, $"class missing or said twice: {key}"); continue; }
            if (!Enum.TryParse<FindingLevel>(Text(node, "level"), true, out var level)) { Say("WEB003", path, node.Start.Line, $"{key}: level is unknown"); continue; }
            var tags = Strings(node, "tags");
            classes.Add(new WebClass(key, new RuleInfo(
                "web." + key, Text(node, "title") ?? key, Text(node, "title_zh") ?? key, level, key.Split('.')[0], tags,
                Text(node, "happened") ?? "", Text(node, "happened_zh") ?? "", Text(node, "todo") ?? "", Text(node, "todo_zh") ?? "")
            {
                Kind = "web",
                Techniques = [.. tags.Where(t => t.StartsWith("attack.t1", StringComparison.Ordinal)).Select(t => t["attack.".Length..].ToUpperInvariant())],
            }, classes.Count, Text(node, "payload") != "false"));
        }
    }

    private void ReadSignatures(string path, YamlMappingNode root)
    {
        if (!Try(root, "signatures", out YamlSequenceNode list)) return;
        foreach (var node in list.OfType<YamlMappingNode>()) ReadSignature(path, node);
    }

    /// <summary>Known paths: a piece of a path each, with the product and the hole that make scans ask for it.</summary>
    private void ReadKnown(string path, YamlMappingNode root)
    {
        if (!Try(root, "known", out YamlSequenceNode list)) return;
        foreach (var node in list.OfType<YamlMappingNode>())
        {
            var line = node.Start.Line;
            var name = Text(node, "name");
            var at = classes.FindIndex(c => c.Key == (Text(node, "class") ?? "probe"));
            var pieces = Strings(node, "path");
            if (name is null || at < 0 || pieces.Count == 0) { Say("WEB018", path, line, "a known path needs name and path, and its class has to exist"); continue; }
            if (pieces.Any(l => l.Length < 4 || l.Any(c => c is >= 'A' and <= 'Z' or > '\x7f'))) { Say("WEB017", path, line, $"{name}: paths are lower case ASCII of at least 4 characters"); continue; }
            Add(new Signature
            {
                Index = signatures.Count, Id = "known-" + line.ToString(CultureInfo.InvariantCulture), Class = at,
                Technique = Text(node, "cve") is { } cve ? $"{name} ({cve})" : name, Where = WebPart.Path, Score = WebDetector.Threshold, IsUsed = Text(node, "used") == "true",
            }, pieces);
        }
    }

    private void ReadSignature(string path, YamlMappingNode node)
    {
        var line = node.Start.Line;
        var id = Text(node, "id");
        if (id is null || !ids.Add(id)) { Say("WEB010", path, line, $"id missing or used twice: {id}"); return; }
        var at = classes.FindIndex(c => c.Key == Text(node, "class"));
        if (at < 0) { Say("WEB011", path, line, $"{id}: class is unknown: {Text(node, "class")}"); return; }
        var view = WebView.Text;
        if (Text(node, "view") is { } v && !Enum.TryParse(v, true, out view)) { Say("WEB012", path, line, $"{id}: view is unknown: {v}"); return; }
        if (!Where(Strings(node, "where"), out var where)) { Say("WEB013", path, line, $"{id}: where is unknown"); return; }
        if (!Pattern(node, "match", out var match, out var bad) || !Pattern(node, "unless", out var unless, out bad)) { Say("WEB014", path, line, $"{id}: {bad}"); return; }
        if (!int.TryParse(Text(node, "score") ?? "5", NumberStyles.None, CultureInfo.InvariantCulture, out var score) || score is < 1 or > 10) { Say("WEB015", path, line, $"{id}: score is 1 to 10"); return; }
        var any = Strings(node, "any");
        if (view == WebView.Sql ? match is null : any.Count == 0) { Say("WEB016", path, line, $"{id}: needs {(view == WebView.Sql ? "match" : "any")}"); return; }
        if (any.Any(l => l.Length == 0 || l.Any(c => c is >= 'A' and <= 'Z' or > '\x7f'))) { Say("WEB017", path, line, $"{id}: literals are lower case ASCII"); return; }
        var signature = new Signature
        {
            Index = signatures.Count, Id = id, Class = at, Technique = Text(node, "technique") ?? classes[at].Rule.Name,
            Where = where, View = view, Word = Text(node, "word") == "true", Score = score, Match = match, Unless = unless, IsStatement = Text(node, "statement") == "true",
        };
        Add(signature, any);
        if (view == WebView.Sql) sqlPatterns.Add(Text(node, "match")!);
    }

    private void Add(Signature signature, List<string> literals)
    {
        signatures.Add(signature);
        foreach (var literal in literals)
        {
            if (!literalIds.TryGetValue(literal, out var l))
            {
                literalIds[literal] = l = byLiteral.Count;
                byLiteral.Add([]);
            }
            byLiteral[l].Add(signature);
        }
    }

    private static bool Where(List<string> words, out WebPart where)
    {
        where = words.Count == 0 ? WebPart.Any : WebPart.None;
        foreach (var word in words)
        {
            var part = word switch
            {
                "path" => WebPart.Path,
                "param" => WebPart.Values,
                "ua" => WebPart.UserAgent,
                "referer" => WebPart.Referrer,
                "any" => WebPart.Any,
                _ => WebPart.None,
            };
            if (part == WebPart.None) return false;
            where |= part;
        }
        return true;
    }

    private bool Pattern(YamlMappingNode node, string key, out LazyPattern? pattern, out string? bad)
    {
        pattern = null;
        bad = null;
        if (Text(node, key) is not { } text) return true;
        pattern = new LazyPattern(text);
        if (!trusted && pattern.Fault() is { } fault) bad = $"{key}: {fault}";
        return bad is null;
    }

    private static bool Try<T>(YamlMappingNode node, string key, out T child) where T : YamlNode
    {
        child = node.Children.TryGetValue(new YamlScalarNode(key), out var found) && found is T t ? t : null!;
        return child is not null;
    }

    private static string? Text(YamlMappingNode node, string key) => Try(node, key, out YamlScalarNode scalar) ? scalar.Value : null;

    private static List<string> Strings(YamlMappingNode node, string key)
    {
        if (Try(node, key, out YamlSequenceNode list)) return [.. list.OfType<YamlScalarNode>().Select(s => s.Value ?? "")];
        return Text(node, key) is { } one ? [one] : [];
    }
}
