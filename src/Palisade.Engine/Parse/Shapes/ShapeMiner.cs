using System.Runtime.InteropServices;
using System.Text;
using Palisade.Engine.Parse.Patterns;

namespace Palisade.Engine.Parse.Shapes;

/// <summary>
/// Groups lines by shape, after Drain (He et al., "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017): lines with
/// the same punctuation and keys in the same places are compared by their plain words, and those alike enough are one group. Numbers,
/// addresses, times and quoted texts are never part of a shape. The same lines in the same order give the same groups.
/// Bounded in groups and in bytes a line; not thread-safe.
/// </summary>
/// <param name="maxGroups">Groups kept; further shapes are turned away.</param>
public sealed class ShapeMiner(int maxGroups)
{
    /// <summary>Share of plain words that lines of a group have in common at least.</summary>
    private const double Alike = 0.5;
    /// <summary>Groups whose pattern is tried before a line is taken apart.</summary>
    private const int Recent = 8;

    private readonly LineTokeniser tokeniser = new();
    private readonly PatternMatcher matcher = new();
    private readonly StringBuilder text = new();
    private readonly Dictionary<(uint Scope, string Skeleton), List<ShapeGroup>> bySkeleton = [];
    private readonly List<ShapeGroup> groups = [];
    private readonly List<ShapeGroup> recent = [];

    /// <summary>Groups, in the order they were found.</summary>
    public IReadOnlyList<ShapeGroup> Groups => groups;

    /// <summary>Lines turned away because there were too many shapes.</summary>
    public long TurnedAway { get; private set; }

    /// <summary>Counts a line in its group, which may be new; null when there are too many groups, or nothing is in the line.</summary>
    /// <param name="scope">Lines of different scopes are never of one group.</param>
    /// <param name="line">UTF-8; the first 4,096 bytes are looked at.</param>
    public ShapeGroup? Add(uint scope, ReadOnlySpan<byte> line)
    {
        line = line.Trim(" \t\r\n\0"u8);
        if (line.IsEmpty) return null;
        if (line.Length > LineTokeniser.MaxBytes) line = line[..Cut(line)];
        for (var i = 0; i < recent.Count; i++)
        {
            var known = recent[i];
            if (known.Scope != scope || !known.Fits(matcher, line)) continue;
            known.Count++;
            known.Keep(line, false);
            return known;
        }
        var tokens = tokeniser.Read(line);
        var skeleton = Skeleton(tokens);
        var group = Find(scope, skeleton, tokens);
        if (group is not null)
        {
            group.Count++;
            group.Widen(tokens, line);
        }
        else
        {
            if (groups.Count >= maxGroups) { TurnedAway++; return null; }
            group = New(scope, tokens, skeleton, line);
        }
        recent.Remove(group);
        if (recent.Count == Recent) recent.RemoveAt(Recent - 1);
        recent.Insert(0, group);
        return group;
    }

    /// <summary>Takes a group up again by the lines it kept; they are counted as one group even if they would not meet today.</summary>
    /// <returns>Null when there is no line, or there are too many groups.</returns>
    public ShapeGroup? Restore(uint scope, IReadOnlyList<byte[]> samples)
    {
        ShapeGroup? group = null;
        foreach (var sample in samples)
        {
            var tokens = tokeniser.Read(sample);
            if (tokens.Count == 0 || groups.Count >= maxGroups) continue;
            if (group is null) group = New(scope, tokens, Skeleton(tokens), sample);
            else if (group.Similarity(tokens) >= 0 && Skeleton(tokens) == group.Skeleton) group.Widen(tokens, sample);
            else group.Keep(sample, false);
        }
        return group;
    }

    private ShapeGroup New(uint scope, IReadOnlyList<ShapeToken> tokens, string skeleton, ReadOnlySpan<byte> line)
    {
        var group = new ShapeGroup(scope, tokens, line) { Skeleton = skeleton };
        groups.Add(group);
        (CollectionsMarshal.GetValueRefOrAddDefault(bySkeleton, (scope, skeleton), out _) ??= []).Add(group);
        return group;
    }

    /// <summary>Forgets a group; lines of its shape make a new one.</summary>
    public void Remove(ShapeGroup group)
    {
        groups.Remove(group);
        recent.Remove(group);
        var key = (group.Scope, group.Skeleton);
        if (bySkeleton.TryGetValue(key, out var same) && same.Remove(group) && same.Count == 0) bySkeleton.Remove(key);
    }

    private ShapeGroup? Find(uint scope, string skeleton, IReadOnlyList<ShapeToken> tokens)
    {
        if (!bySkeleton.TryGetValue((scope, skeleton), out var same)) return null;
        ShapeGroup? best = null;
        var most = Alike;
        foreach (var group in same)
        {
            var alike = group.Similarity(tokens);
            if (alike < most || (best is not null && alike == most)) continue;
            (best, most) = (group, alike);
        }
        return best;
    }

    // What stays is written out, what may change is one mark a part: lines of one skeleton have their parts in the same places.
    private string Skeleton(IReadOnlyList<ShapeToken> tokens)
    {
        text.Clear();
        foreach (var token in tokens)
        {
            if (token.Kind == ShapeKind.Literal) text.Append(token.Text);
            else text.Append(token.Kind switch
            {
                ShapeKind.Time => token.Text.Contains(' ', StringComparison.Ordinal) ? '\u0001' : '\u0002',
                ShapeKind.Quoted => '\u0003', ShapeKind.Single => '\u0004', ShapeKind.Rest => '\u0005', _ => '\u0006',
            });
        }
        return text.ToString();
    }

    private static int Cut(ReadOnlySpan<byte> line)
    {
        // One byte more than is looked at, so that the tokeniser sees that more was there; not within a character.
        var at = LineTokeniser.MaxBytes + 1;
        while (at < LineTokeniser.MaxBytes + 4 && at < line.Length && (line[at] & 0xC0) == 0x80) at++;
        return at;
    }
}
