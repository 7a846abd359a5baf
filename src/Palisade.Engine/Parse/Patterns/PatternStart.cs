using Palisade.Engine.Parse.Targets;
using Palisade.Engine.Parse.Times;

namespace Palisade.Engine.Parse.Patterns;

/// <summary>What a text must look like for a pattern to be worth a try: the byte it may begin with, and a literal it must hold.</summary>
internal static class PatternStart
{
    private const string Digits = "0123456789", Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", Hexadecimal = "0123456789abcdefABCDEF";

    /// <summary>For each byte, may a record of columns begin with it, whose first column goes to one of these? Null: with any.</summary>
    public static bool[]? FirstBytes(Target[][] columns, ReadOnlySpan<byte> also)
    {
        var first = new bool[256];
        foreach (var b in also) first[b] = true;
        foreach (var targets in columns)
        {
            // One of several that says what the value must be is enough.
            if (targets.Select(Of).FirstOrDefault(o => o is not null) is not { } bytes) return null;
            foreach (var c in bytes) first[(byte)c] = true;
        }
        return first;
    }

    private static readonly SourcePattern[][] None = [.. Enumerable.Repeat(Array.Empty<SourcePattern>(), 256)];

    /// <summary>For each byte the patterns that a text may fit which begins with it, in their order.</summary>
    public static SourcePattern[][] ByFirst(SourcePattern[] patterns)
    {
        if (patterns.Length == 0) return None;
        var lists = new SourcePattern[256][];
        for (var b = 0; b < 256; b++)
        {
            SourcePattern[] list = [.. patterns.Where(p => p.Begin.May(0, b))];
            // Most bytes have the list of a neighbour: one array serves.
            lists[b] = b > 0 && list.AsSpan().SequenceEqual(lists[b - 1]) ? lists[b - 1] : list;
        }
        return lists;
    }

    /// <summary>The longest literal that no text of this pattern lacks; empty when there is none.</summary>
    public static byte[] Anchor(PatternNode[] nodes) => Literals(nodes).OrderByDescending(l => l.Length).FirstOrDefault() ?? [];

    /// <summary>The literals that no text of this pattern lacks.</summary>
    public static IEnumerable<byte[]> Literals(PatternNode[] nodes) =>
        nodes.Where(n => n.Kind == NodeKind.Literal).Select(n => n.Literal).Concat(nodes.Where(n => n is { Kind: NodeKind.Capture, Target: { Kind: CaptureKind.Kv, Words.Length: 1 } }).Select(n => n.Target.Words[0]));

    /// <summary>
    /// Texts of which no text of this pattern lacks all: a literal alone, a short one with each byte that may follow it, or the words of a capture together with what stands
    /// right before and behind them, in any case of letters.
    /// </summary>
    public static IEnumerable<byte[][]> Clauses(PatternNode[] nodes)
    {
        foreach (var literal in Literals(nodes)) yield return [literal];
        for (var i = 0; i < nodes.Length; i++)
        {
            if (nodes[i] is { Kind: NodeKind.Literal, Literal: { Length: TextGrams.Run - 1 } begin } && i + 1 < nodes.Length && nodes[i + 1].Kind == NodeKind.Capture && Of(nodes[i + 1].Target) is { } next)
                yield return [.. next.Select(c => (byte[])[.. begin, (byte)c])];
            if (nodes[i] is not { Kind: NodeKind.Capture, Target: { Kind: CaptureKind.In, Words: var words } }) continue;
            var before = i > 0 && nodes[i - 1].Kind == NodeKind.Literal ? nodes[i - 1].Literal : [];
            var behind = i + 1 < nodes.Length && nodes[i + 1].Kind == NodeKind.Literal ? nodes[i + 1].Literal : [];
            yield return Array.ConvertAll(words, w => (byte[])[.. before, .. w, .. behind]);
        }
    }

    /// <summary>Bytes a capture may begin with; null: any, or it may be empty.</summary>
    public static IEnumerable<char>? Of(Target target) => target.Kind switch
    {
        CaptureKind.Int or CaptureKind.Num or CaptureKind.Seconds or CaptureKind.Ms or CaptureKind.Us => Digits + "- ",
        CaptureKind.Ip => Hexadecimal + ":-",
        CaptureKind.In => target.Words.All(w => w.Length > 0) ? target.Words.Select(w => (char)w[0]).SelectMany(c => new[] { char.ToLowerInvariant(c), char.ToUpperInvariant(c) }) : null,
        CaptureKind.Json => "{",
        CaptureKind.Kv when target.Words is [{ Length: > 0 } word] => [(char)word[0]],
        CaptureKind.Time => target.Time switch
        {
            TimeFormat.Layout => target.Layout!.FirstBytes,
            TimeFormat.Bsd or TimeFormat.Asctime => Letters,
            _ => Digits,
        },
        _ => null,
    };
}
