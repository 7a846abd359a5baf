using System.Text;

namespace Palisade.Engine.Parse.Patterns;

/// <summary>
/// Compiles <c>literal %{field} %{field:kind} [? optional ?]</c> to nodes. <c>%{-}</c> skips. Reference: docs/reference/sources.md.
/// </summary>
internal static class PatternCompiler
{
    private static readonly Dictionary<string, CaptureKind> Kinds = new(StringComparer.Ordinal)
    {
        [""] = CaptureKind.Text, ["word"] = CaptureKind.Word, ["rest"] = CaptureKind.Rest, ["last"] = CaptureKind.Last, ["int"] = CaptureKind.Int,
        ["num"] = CaptureKind.Number, ["seconds"] = CaptureKind.Seconds, ["quoted"] = CaptureKind.Quoted, ["endpoint"] = CaptureKind.Endpoint,
        ["endpoint_port"] = CaptureKind.EndpointPort, ["request"] = CaptureKind.Request, ["url"] = CaptureKind.Url,
    };

    /// <summary>Compiles; on a mistake <paramref name="error"/> says what is wrong and at which character.</summary>
    public static PatternNode[]? Compile(string pattern, out string? error)
    {
        var at = 0;
        var nodes = Sequence(pattern, ref at, false, out error);
        if (error is not null) return null;
        Link(nodes!, [], true);
        return nodes;
    }

    private static PatternNode[]? Sequence(string p, ref int at, bool inside, out string? error)
    {
        error = null;
        var nodes = new List<PatternNode>();
        var literal = new StringBuilder();
        void Flush()
        {
            if (literal.Length == 0) return;
            nodes.Add(new PatternNode { Kind = NodeKind.Literal, Literal = Encoding.UTF8.GetBytes(literal.ToString()) });
            literal.Clear();
        }
        while (at < p.Length)
        {
            if (string.CompareOrdinal(p, at, "%{", 0, 2) == 0)
            {
                var end = p.IndexOf('}', at);
                if (end < 0) { error = $"'%{{' at character {at + 1} is not closed"; return null; }
                Flush();
                var node = Capture(p[(at + 2)..end], at, out error);
                if (node is null) return null;
                nodes.Add(node);
                at = end + 1;
            }
            else if (string.CompareOrdinal(p, at, "[?", 0, 2) == 0)
            {
                Flush();
                at += 2;
                var children = Sequence(p, ref at, true, out error);
                if (children is null) return null;
                nodes.Add(new PatternNode { Kind = NodeKind.Optional, Children = children });
            }
            else if (inside && string.CompareOrdinal(p, at, "?]", 0, 2) == 0)
            {
                Flush();
                at += 2;
                return [.. nodes];
            }
            else literal.Append(p[at++]);
        }
        if (inside) { error = "'[?' is not closed by '?]'"; return null; }
        Flush();
        return [.. nodes];
    }

    private static PatternNode? Capture(string text, int at, out string? error)
    {
        error = null;
        var colon = text.LastIndexOf(':');
        var name = colon < 0 ? text : text[..colon];
        var kind = colon < 0 ? "" : text[(colon + 1)..];
        if (name.Length == 0) { error = $"a capture at character {at + 1} has no field"; return null; }
        if (name != "-" && FieldNames.GetOrAdd(name) == 0) { error = $"'{name}' cannot be a field name"; return null; }
        var field = name == "-" ? (ushort)0 : FieldNames.GetOrAdd(name);
        if (Enum.TryParse<Times.TimeFormat>(kind, true, out var time) && kind.Length > 0 && !char.IsDigit(kind[0]))
            return new PatternNode { Kind = NodeKind.Capture, Capture = CaptureKind.Time, Time = time, Field = field };
        if (!Kinds.TryGetValue(kind, out var capture))
        {
            error = $"unknown kind '{kind}' of %{{{text}}}; known: {string.Join(' ', Kinds.Keys.Where(k => k.Length > 0))} clf iso bsd asctime slashes epoch";
            return null;
        }
        if (capture is CaptureKind.Endpoint or CaptureKind.EndpointPort)
            return new PatternNode
            {
                Kind = NodeKind.Capture, Capture = capture, Field = FieldNames.GetOrAdd(name + ".ip"), Address = FieldNames.GetOrAdd(name + ".address"),
                Domain = FieldNames.GetOrAdd(name + ".domain"), Port = FieldNames.GetOrAdd(name + ".port"),
            };
        return new PatternNode { Kind = NodeKind.Capture, Capture = capture, Field = field };
    }

    // Tells each capture which literals may follow it: of the next node, of what an optional part begins with, and of what follows that.
    private static void Link(PatternNode[] nodes, byte[][] after, bool toEnd)
    {
        for (var i = nodes.Length - 1; i >= 0; i--)
        {
            var (next, open) = Starts(nodes, i + 1, after, toEnd);
            if (nodes[i].Kind == NodeKind.Capture) { nodes[i].Ends = next; nodes[i].EndMayBeText = open; }
            if (nodes[i].Kind == NodeKind.Optional) Link(nodes[i].Children, next, open);
        }
    }

    private static (byte[][] Literals, bool ToEnd) Starts(PatternNode[] nodes, int at, byte[][] after, bool toEnd)
    {
        var found = new List<byte[]>();
        for (; at < nodes.Length; at++)
        {
            if (nodes[at].Kind == NodeKind.Literal) { found.Add(nodes[at].Literal); return ([.. found], false); }
            if (nodes[at].Kind == NodeKind.Capture) return ([.. found], false);
            if (nodes[at].Children is [{ Kind: NodeKind.Literal } first, ..]) found.Add(first.Literal);
        }
        return ([.. found, .. after], toEnd);
    }
}
