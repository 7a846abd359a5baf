using System.Text;
using Palisade.Engine.Parse.Patterns;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Palisade.Engine.Parse.Own;

/// <summary>
/// A source that a tenant wrote, compiled: tried before the shipped ones, on that tenant's records alone. It comes from a person's
/// keyboard and runs beside everybody's records: what it may cost is bounded here.
/// </summary>
public sealed class OwnSource
{
    /// <summary>Longest text, bytes.</summary>
    public const int MaxBytes = 64 << 10;
    /// <summary>Patterns of one source, those under <c>parse</c> included.</summary>
    public const int MaxPatterns = 20;
    private const int MaxDepth = 12, MaxScalar = 4000, MaxOptional = 32;

    private OwnSource(SourceDefinition definition) => Definition = definition;

    internal SourceDefinition Definition { get; }

    public string Name => Definition.Name;

    /// <summary>Ids of its patterns, in the order they are tried.</summary>
    public IEnumerable<string> Patterns => Definition.Patterns.Select(p => p.Id);

    /// <summary>Compiles a source.yml. Unlike a shipped one it must be right as a whole.</summary>
    /// <returns>Null when anything is wrong with it.</returns>
    public static OwnSource? Compile(string yaml, out IReadOnlyList<Diagnostic> diagnostics)
    {
        var found = new List<Diagnostic>();
        diagnostics = found;
        Check(yaml, found);
        if (found.Count > 0) return null;
        var source = new SourceReader("source.yml", found).Read(Encoding.UTF8.GetBytes(yaml));
        if (source is null) return null;
        if (source.Format is not (SourceFormat.Pattern or SourceFormat.Kv or SourceFormat.Delimited))
            Add(found, "SRC018", 1, "a source of one's own has the format pattern, kv or delimited");
        else if (source is { Format: SourceFormat.Pattern, Patterns: [] }) Add(found, "SRC015", 1, "a source of patterns needs one at least");
        else if (source is { Format: SourceFormat.Kv, Has: [] }) Add(found, "SRC015", 1, "a source of key=value pairs needs 'has': which keys tell its records from others");
        else if (source is { Format: SourceFormat.Delimited, Columns.Lists: [] }) Add(found, "SRC015", 1, "a source of columns needs 'columns'");
        foreach (var pattern in source.Patterns)
            if (!pattern.Nodes.Any(n => n.Kind == NodeKind.Literal && n.Literal.AsSpan().Trim(" \t"u8).Length > 0) && !pattern.Nodes.Any(n => n.Kind == NodeKind.Capture && n.Target.Kind == Targets.CaptureKind.Time))
                Add(found, "SRC016", 1, $"pattern '{pattern.Id}' would read any line: it needs literal text or a time");
        return found.Exists(d => d.IsError) ? null : new OwnSource(source);
    }

    /// <summary>The source.yml of one pattern.</summary>
    /// <param name="pattern">Any text; it is quoted as YAML needs it.</param>
    public static string Write(string name, string pattern) =>
        $"name: {name}\ndetect: 40\nset:\n  event.dataset: {name}\npatterns:\n  - id: line\n    match: {Quote(pattern)}\n";

    private static string Quote(string text)
    {
        if (!text.Any(char.IsControl)) return "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is '"' or '\\') quoted.Append('\\').Append(c);
            else if (char.IsControl(c)) quoted.Append("\\x").Append(((int)c).ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
            else quoted.Append(c);
        }
        return quoted.Append('"').ToString();
    }

    // Before anything is built of it: no references, which can make a small text large or endless, no depths, no long values.
    private static void Check(string yaml, List<Diagnostic> found)
    {
        if (Encoding.UTF8.GetByteCount(yaml) > MaxBytes) { Add(found, "SRC017", 0, $"a source has {MaxBytes >> 10} KiB at most"); return; }
        int depth = 0, patterns = 0;
        try
        {
            var parser = new YamlDotNet.Core.Parser(new StringReader(yaml));
            while (parser.MoveNext())
            {
                var line = (int)parser.Current!.Start.Line;
                switch (parser.Current)
                {
                    case AnchorAlias: Add(found, "SRC017", line, "anchors and references are not taken here"); return;
                    case NodeEvent { Anchor.IsEmpty: false }: Add(found, "SRC017", line, "anchors and references are not taken here"); return;
                    case MappingStart or SequenceStart when ++depth > MaxDepth: Add(found, "SRC017", line, $"nested deeper than {MaxDepth}"); return;
                    case MappingEnd or SequenceEnd: depth--; break;
                    case Scalar { Value: "match" } when ++patterns > MaxPatterns: Add(found, "SRC017", line, $"more than {MaxPatterns} patterns"); return;
                    case Scalar s when s.Value.Length > MaxScalar: Add(found, "SRC017", line, $"a value is longer than {MaxScalar} characters"); return;
                    case Scalar s when s.Value.AsSpan().Count("[?") > MaxOptional: Add(found, "SRC017", line, $"more than {MaxOptional} optional parts"); return;
                    case Scalar s when s.Value.Contains("%{&", StringComparison.Ordinal): Add(found, "SRC017", line, "named parts ('define') are not taken here"); return;
                }
            }
        }
        catch (YamlException e)
        {
            Add(found, "SRC001", (int)e.Start.Line, "no YAML: " + e.Message);
        }
    }

    private static void Add(List<Diagnostic> found, string code, int line, string message) => found.Add(new Diagnostic(code, "source.yml", line, message, true));
}
