using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Palisade.Engine.Detect.Sigma.Read;

internal enum YamlKind : byte { Scalar, Sequence, Mapping }

/// <summary>A node of a YAML document with its line. Keys keep their order; scalars keep their text.</summary>
internal sealed class YamlNode(YamlKind kind, int line)
{
    // most nodes are scalars, and a rule set has hundreds of thousands
    private static readonly List<YamlNode> NoItems = new(0);
    private static readonly List<KeyValuePair<YamlNode, YamlNode>> NoPairs = new(0);

    public YamlKind Kind { get; } = kind;
    /// <summary>1-based.</summary>
    public int Line { get; } = line;
    public string Text { get; init; } = "";
    /// <summary>A scalar without quotes and tag: may be null, a boolean or a number.</summary>
    public bool Plain { get; init; }
    /// <summary>Of a sequence; nobody adds to another's.</summary>
    public List<YamlNode> Items { get; } = kind == YamlKind.Sequence ? [] : NoItems;
    /// <summary>Of a mapping; nobody adds to another's.</summary>
    public List<KeyValuePair<YamlNode, YamlNode>> Pairs { get; } = kind == YamlKind.Mapping ? [] : NoPairs;
    /// <summary>Nodes below and including this one, aliases counted as often as they are used.</summary>
    public int Size { get; set; } = 1;

    public YamlNode? this[string key]
    {
        get
        {
            foreach (var (k, v) in Pairs)
                if (k.Text == key) return v;
            return null;
        }
    }

    /// <summary>null, ~ or nothing at all (YAML 1.2 core schema).</summary>
    public bool IsNull => Kind == YamlKind.Scalar && Plain && Text is "" or "~" or "null" or "Null" or "NULL";

    public bool IsText => Kind == YamlKind.Scalar && !IsNull;

    public bool? Bool => Kind == YamlKind.Scalar && Plain ? Text switch
    {
        "true" or "True" or "TRUE" => true,
        "false" or "False" or "FALSE" => false,
        _ => null,
    } : null;
}

/// <summary>
/// Reads YAML documents: plain ones line by line (<see cref="YamlLines"/>), others by parser events (no reflection); bounded in size, depth and the growth aliases may cause.
/// Source: YAML 1.2.2, core schema (10.3).
/// </summary>
internal static class YamlTree
{
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private const int MaxDepth = 64;
    private const int MaxNodes = 200_000;

    /// <summary>Documents read before the first mistake; the mistake, if any.</summary>
    /// <param name="parts">The text is of our own writing: keys may be such as pipelines put in, and stand twice.</param>
    public static List<YamlNode> Read(string path, byte[] bytes, int maxBytes, List<Diagnostic> diagnostics, bool parts = false)
    {
        if (bytes.Length > maxBytes)
        {
            diagnostics.Add(new Diagnostic("SIG001", path, 0, $"the file has {bytes.Length} bytes; at most {maxBytes} are read", true));
            return [];
        }
        try
        {
            var text = Utf8.GetString(bytes).TrimStart('\uFEFF');
            return parts ? ReadFully(path, text, diagnostics, parts) : YamlLines.Read(text) ?? ReadFully(path, text, diagnostics);
        }
        catch (DecoderFallbackException e)
        {
            // read with replaced signs a rule would look for what no log holds
            diagnostics.Add(new Diagnostic("SIG002", path, 1 + bytes.AsSpan(0, Math.Max(e.Index, 0)).Count((byte)'\n'), "the file is not UTF-8 (GBK or UTF-16, maybe): save it as UTF-8", true));
            return [];
        }
    }

    /// <summary>Reads any YAML.</summary>
    internal static List<YamlNode> ReadFully(string path, string text, List<Diagnostic> diagnostics, bool parts = false)
    {
        var documents = new List<YamlNode>();
        try
        {
            var parser = new YamlDotNet.Core.Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            while (!parser.Accept<StreamEnd>(out _))
            {
                parser.Consume<DocumentStart>();
                var builder = new Builder(parser, parts);
                documents.Add(builder.Node(0));
                parser.Consume<DocumentEnd>();
            }
        }
        catch (YamlException e)
        {
            diagnostics.Add(new Diagnostic("SIG002", path, (int)e.Start.Line, "not YAML: " + e.Message, true));
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // The reader means to throw YamlException only, but some broken texts trip it.
            diagnostics.Add(new Diagnostic("SIG002", path, 0, "not YAML: " + e.Message, true));
        }
        return documents;
    }

    private sealed class Builder(IParser parser, bool parts)
    {
        private readonly Dictionary<string, YamlNode> anchors = new(StringComparer.Ordinal);
        private int nodes;

        public YamlNode Node(int depth)
        {
            if (depth > MaxDepth) throw Bad($"nested deeper than {MaxDepth}");
            if (++nodes > MaxNodes) throw Bad($"more than {MaxNodes} nodes");
            if (parser.TryConsume<AnchorAlias>(out var alias))
            {
                // An anchor is known only once its node is complete, so a node can never contain itself.
                if (!anchors.TryGetValue(alias.Value.Value, out var known)) throw new YamlException(alias.Start, alias.End, $"alias of nothing: {alias.Value}");
                nodes += known.Size;
                if (nodes > MaxNodes) throw Bad($"aliases grow the document beyond {MaxNodes} nodes");
                return known;
            }
            if (parser.TryConsume<Scalar>(out var scalar))
            {
                var plain = scalar.Style == ScalarStyle.Plain && (scalar.Tag.IsEmpty || scalar.Tag.IsNonSpecific);
                return Keep(scalar, new YamlNode(YamlKind.Scalar, (int)scalar.Start.Line) { Text = scalar.Value, Plain = plain });
            }
            if (parser.TryConsume<SequenceStart>(out var sequence))
            {
                var node = new YamlNode(YamlKind.Sequence, (int)sequence.Start.Line);
                while (!parser.TryConsume<SequenceEnd>(out _))
                {
                    var item = Node(depth + 1);
                    node.Items.Add(item);
                    node.Size += item.Size;
                }
                return Keep(sequence, node);
            }
            var mapping = parser.Consume<MappingStart>();
            var map = new YamlNode(YamlKind.Mapping, (int)mapping.Start.Line);
            var seen = new HashSet<string>(StringComparer.Ordinal);
            while (!parser.TryConsume<MappingEnd>(out var end))
            {
                var at = parser.Current!;
                var key = Node(depth + 1);
                if (!parts && key.Text.StartsWith('\u001F')) throw new YamlException(at.Start, at.End, "a key must not begin with a control sign");
                if (key.Kind != YamlKind.Scalar) throw new YamlException(at.Start, at.End, "a key must be a plain word");
                if (!seen.Add(key.Text) && !parts) throw new YamlException(at.Start, at.End, $"the key '{key.Text}' is given twice");
                var value = Node(depth + 1);
                map.Pairs.Add(new(key, value));
                map.Size += 1 + value.Size;
            }
            return Keep(mapping, map);
        }

        private YamlNode Keep(NodeEvent e, YamlNode node)
        {
            if (!e.Anchor.IsEmpty) anchors[e.Anchor.Value] = node;
            return node;
        }

        private YamlException Bad(string message) => new(parser.Current?.Start ?? Mark.Empty, parser.Current?.End ?? Mark.Empty, message);
    }
}
