using System.Text;
using Palisade.Engine.Parse.Targets;

namespace Palisade.Engine.Parse.Patterns;

/// <summary>
/// Compiles <c>literal %{field} %{field:kind} [? optional ?]</c> to nodes. <c>%{-}</c> skips. Reference: docs/reference/sources.md.
/// </summary>
internal static class PatternCompiler
{
    /// <summary>Compiles; on a mistake <paramref name="error"/> says what is wrong and at which character.</summary>
    /// <param name="pattern">The pattern as written in a source.</param>
    /// <param name="parts">Named parts of patterns, put in where <c>%{&amp;name}</c> stands.</param>
    /// <param name="error">What is wrong, or null.</param>
    public static PatternNode[]? Compile(string pattern, IReadOnlyDictionary<string, string> parts, out string? error)
    {
        foreach (var (name, text) in parts) pattern = pattern.Replace("%{&" + name + "}", text, StringComparison.Ordinal);
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
            nodes.Add(new PatternNode(Encoding.UTF8.GetBytes(literal.ToString())));
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
                nodes.Add(node.Value);
                at = end + 1;
            }
            else if (string.CompareOrdinal(p, at, "[?", 0, 2) == 0)
            {
                Flush();
                at += 2;
                var children = Sequence(p, ref at, true, out error);
                if (children is null) return null;
                nodes.Add(new PatternNode(children));
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
        if (text.StartsWith('&')) { error = $"there is no part '{text[1..]}' under 'define'"; return null; }
        var target = Target.Read(text, out error);
        if (target is not null) return new PatternNode(target);
        error = $"%{{{text}}} at character {at + 1}: {error}";
        return null;
    }

    // Tells each capture which literals may follow it: of the next node, of what an optional part begins with, and of what follows that.
    private static void Link(PatternNode[] nodes, byte[][] after, bool toEnd)
    {
        for (var i = nodes.Length - 1; i >= 0; i--)
        {
            var (next, open) = Starts(nodes, i + 1, after, toEnd);
            if (nodes[i].Kind == NodeKind.Capture) { nodes[i].Ends = next; nodes[i].EndMayBeText = open; }
            nodes[i].NumberFollows = i + 2 < nodes.Length && nodes[i + 1].Kind == NodeKind.Literal && nodes[i + 2] is { Kind: NodeKind.Capture, Target.Kind: CaptureKind.Int };
            if (nodes[i].Kind == NodeKind.Optional) Link(nodes[i].Children, next, open);
        }
    }

    private static (byte[][] Literals, bool ToEnd) Starts(PatternNode[] nodes, int at, byte[][] after, bool toEnd)
    {
        var found = new List<byte[]>();
        for (; at < nodes.Length; at++)
        {
            if (nodes[at].Kind == NodeKind.Literal) { found.Add(nodes[at].Literal); return ([.. found], false); }
            // Pairs that must begin with a text end what stands before them, as a literal does.
            if (nodes[at] is { Kind: NodeKind.Capture, Target: { Kind: CaptureKind.Kv, Words: [var first] } }) { found.Add(first); return ([.. found], false); }
            if (nodes[at].Kind == NodeKind.Capture) return ([.. found], false);
            if (nodes[at].Children is [{ Kind: NodeKind.Literal } start, ..]) found.Add(start.Literal);
        }
        return ([.. found, .. after], toEnd);
    }
}
