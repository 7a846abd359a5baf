using Palisade.Engine.Detect.Sigma.Compile;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// What must be seen before a rule can match: one of a set of literals found, or one of a set of fields there. A rule is evaluated only
/// behind its witness. A rule that may match without any (only negations, say) has none and is evaluated for every event.
/// </summary>
internal sealed class Witness
{
    private const int PresenceCost = 2_000;

    public HashSet<Atom> Atoms { get; } = [];
    public HashSet<int> Fields { get; } = [];
    /// <summary>How often it is expected to be seen; smaller is better.</summary>
    public int Cost { get; private set; }

    /// <summary>The best witness of a tree; null when there is none.</summary>
    public static Witness? Of(Node node)
    {
        switch (node.Kind)
        {
            case NodeKind.Atom:
                return Of(node.Atom!);
            case NodeKind.And:
                Witness? best = null;
                foreach (var child in node.Children)
                    if (Of(child) is { } w && (best is null || w.Cost < best.Cost)) best = w;
                return best;
            case NodeKind.Or:
                var all = new Witness();
                foreach (var child in node.Children)
                {
                    if (Of(child) is not { } w) return null;
                    all.Atoms.UnionWith(w.Atoms);
                    all.Fields.UnionWith(w.Fields);
                    all.Cost = Math.Max(all.Cost, w.Cost) + 1;
                }
                return all;
            default:
                return null;
        }
    }

    private static Witness? Of(Atom atom)
    {
        var w = new Witness();
        if (atom.Kind == AtomKind.Literals || atom.Required.Length > 0)
        {
            w.Atoms.Add(atom);
            w.Cost = CostOf(atom);
            return w;
        }
        if (!atom.NeedsField || atom.Field == 0) return null;
        w.Fields.Add(atom.Field);
        w.Cost = PresenceCost;
        return w;
    }

    /// <summary>How often a test is expected to hold; smaller is seldomer.</summary>
    public static int CostOf(Atom atom) => atom.Kind == AtomKind.Literals ? atom.Literals.Max(Cost1)
        : atom.Required.Length > 0 ? atom.Required.Max(static r => Cost1(new Literal(r, Place.Anywhere)))
        : atom.Kind == AtomKind.Null || atom.Field == 0 ? 1_000
        : PresenceCost / 2;

    private static int Cost1(Literal literal)
    {
        var n = Math.Max(1, 1_000 >> Math.Min(literal.Bytes.Length, 9));
        // a whole short value (an event number, a log source) is said by many events; a long one by few
        return literal.Place == Place.Whole && literal.Bytes.Length < 8 ? Math.Max(n, 200) : n;
    }
}
