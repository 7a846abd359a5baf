using System.Text;
using Palisade.Engine.Parse.Patterns;
using Palisade.Engine.Parse.Times;

namespace Palisade.Engine.Parse.Shapes;

/// <summary>
/// Lines of one shape. Holds the first and up to four further lines that made the shape wider, and a pattern that fits
/// every line it holds and, since a shape only grows wider, those it has counted.
/// </summary>
public sealed class ShapeGroup
{
    /// <summary>Lines that a group keeps.</summary>
    public const int MaxSamples = 5;

    private static readonly Dictionary<string, string> NoParts = [];
    private readonly ShapePart[] parts;
    private readonly List<byte[]> samples = [];
    private PatternNode[]? nodes;
    private int widened;
    private bool isDue = true;
    private bool isPartial;
    private string pattern = "";

    internal ShapeGroup(uint scope, IReadOnlyList<ShapeToken> tokens, ReadOnlySpan<byte> line)
    {
        Scope = scope;
        parts = [.. tokens.Select(t => new ShapePart(t))];
        samples.Add(line.ToArray());
    }

    /// <summary>What the line belongs to: lines of two scopes are never of one group.</summary>
    public uint Scope { get; }
    /// <summary>Lines seen, by this instance.</summary>
    public long Count { get; internal set; } = 1;
    /// <summary>Kept lines, each cut to what is looked at.</summary>
    public IReadOnlyList<byte[]> Samples => samples;
    internal string Skeleton { get; init; } = "";

    /// <summary>The suggested pattern; empty when none tells these lines from others.</summary>
    public string Pattern { get { Suggest(); return pattern; } }

    /// <summary>The shape for people: the words that stay, and in angle brackets what changes.</summary>
    public string Template
    {
        get
        {
            var text = new StringBuilder();
            foreach (var part in parts) text.Append(part.Constant ?? $"<{Word(part.Kind)}>");
            return text.ToString();
        }
    }

    private static string Word(ShapeKind kind) => kind switch
    {
        ShapeKind.Int or ShapeKind.Num => "number", ShapeKind.Ip or ShapeKind.IpPort => "address", ShapeKind.Quoted or ShapeKind.Single => "text", _ => kind.ToString().ToLowerInvariant(),
    };

    internal bool Fits(PatternMatcher matcher, ReadOnlySpan<byte> line)
    {
        Suggest();
        return nodes is not null && !isPartial && matcher.TryMatch(nodes, line, ShapeTimes.Received, ZoneTable.Utc);
    }

    /// <summary>Share of plain words that a line has in common with the shape, 0 to 1; -1 when it cannot be of it.</summary>
    internal double Similarity(IReadOnlyList<ShapeToken> tokens)
    {
        if (tokens.Count != parts.Length) return -1;
        int words = 0, same = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            if (!parts[i].Takes(tokens[i])) return -1;
            if (!ShapePart.IsPlain(tokens[i])) continue;
            words++;
            if (parts[i].Constant is null || parts[i].Constant == tokens[i].Text) same++;
        }
        return words == 0 ? 1 : (double)same / words;
    }

    internal void Widen(IReadOnlyList<ShapeToken> tokens, ReadOnlySpan<byte> line)
    {
        var changed = false;
        for (var i = 0; i < parts.Length; i++) changed |= parts[i].Widen(tokens[i]);
        if (!changed && samples.Count == MaxSamples && nodes is not null) return;
        Keep(line, true);
        isDue = true;
    }

    internal void Keep(ReadOnlySpan<byte> line, bool mustKeep)
    {
        foreach (var sample in samples) if (line.SequenceEqual(sample)) return;
        if (samples.Count < MaxSamples) samples.Add(line.ToArray());
        else if (mustKeep) samples[1 + widened++ % (MaxSamples - 1)] = line.ToArray();
    }

    // The most telling pattern that fits: with kinds, without, and at last only the beginning.
    private void Suggest()
    {
        if (!isDue) return;
        isDue = false;
        if (Try(parts.Length, false) || Try(parts.Length, true)) return;
        for (var take = parts.Length - 1; take > 0; take--)
            if (Try(take, false)) return;
        (pattern, nodes) = ("", null);
    }

    private bool Try(int take, bool isPlain)
    {
        if (!Tells(take)) return false;
        var text = PatternWriter.Write(parts, take, isPlain, IsRequest);
        if (PatternCompiler.Compile(text, NoParts, out _) is not { } compiled) return false;
        var matcher = new PatternMatcher();
        foreach (var sample in samples) if (!matcher.TryMatch(compiled, sample, ShapeTimes.Received, ZoneTable.Utc)) return false;
        (pattern, nodes, isPartial) = (text, compiled, take < parts.Length);
        return true;
    }

    // A pattern of nothing but blanks between captures would read any line.
    private bool Tells(int take)
    {
        var marks = 0;
        for (var i = 0; i < take; i++)
        {
            if (parts[i].Kind == ShapeKind.Time) marks += 3;
            foreach (var c in parts[i].Constant ?? "") if (!char.IsWhiteSpace(c)) marks++;
        }
        return marks >= 3;
    }

    private bool IsRequest(int index)
    {
        var reader = new LineTokeniser();
        foreach (var sample in samples)
        {
            var tokens = reader.Read(sample);
            var words = index < tokens.Count ? tokens[index].Text.Split(' ') : [];
            if (words is not [{ Length: > 2 and < 10 } method, { Length: > 0 }, var version] || !version.StartsWith("HTTP/", StringComparison.Ordinal) || method.Any(c => !char.IsAsciiLetterUpper(c))) return false;
        }
        return true;
    }
}
