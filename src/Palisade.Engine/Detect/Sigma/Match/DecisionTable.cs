using Palisade.Engine.Detect.Sigma.Compile;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>How the answer of a test comes.</summary>
internal enum StepKind : byte
{
    /// <summary>The scan has found it or not; nothing has to be tried.</summary>
    Known,
    /// <summary>It has to be tried where the scan found what it needs.</summary>
    Gated,
    /// <summary>It has to be tried.</summary>
    Tried,
}

/// <summary>A test of a decision, and where to go from there.</summary>
/// <param name="Atom">Index of the atom tested.</param>
/// <param name="Yes">Next step where it is true, or a verdict.</param>
/// <param name="No">Next step where it is not.</param>
internal readonly record struct Step(int Atom, StepKind Kind, int Yes, int No);

/// <summary>
/// The conditions of a set as steps that lead from test to test, all in one array: what the rest of a condition is after an answer is settled when the rules are loaded.
/// Among what stands beside each other in a condition the cheap is asked first: what the scan has answered already, then presence and numbers, expressions last;
/// among what costs the same, what most likely settles it. The answer is that of the tree in any order.
/// </summary>
internal sealed class DecisionTable
{
    /// <summary>Verdicts: steps that are none.</summary>
    public const int True = -1, False = -2;

    private readonly List<Step> made = [];
    private Witness? witness;

    /// <summary>All steps made.</summary>
    public Step[] Steps => [.. made];

    /// <summary>Adds a condition; its first step, or a verdict.</summary>
    /// <param name="behind">What was seen before the condition is asked.</param>
    public int Add(Node node, Witness? behind)
    {
        witness = behind;
        return Emit(node, True, False);
    }

    // Made from its end, so that each step knows where the next ones are.
    private int Emit(Node node, int yes, int no)
    {
        switch (node.Kind)
        {
            case NodeKind.Atom:
                made.Add(new Step(node.Atom!.Index, Kind(node.Atom), yes, no));
                return made.Count - 1;
            case NodeKind.Not:
                return Emit(node.Children[0], no, yes);
            case NodeKind.And:
                foreach (var child in node.Children.OrderBy(Cost).ThenBy(Likely).Reverse()) yes = Emit(child, yes, no);
                return yes;
            case NodeKind.Or:
                foreach (var child in node.Children.OrderBy(Cost).ThenByDescending(Likely).Reverse()) no = Emit(child, yes, no);
                return no;
            default:
                return yes;
        }
    }

    private static StepKind Kind(Atom atom) => atom is { Kind: AtomKind.Literals, Late: false } ? StepKind.Known : atom.Required.Length > 0 ? StepKind.Gated : StepKind.Tried;

    private static int Cost(Node node) => node.Kind switch
    {
        NodeKind.Atom => Cost(node.Atom!),
        NodeKind.Always => 0,
        _ => node.Children.Sum(Cost),
    };

    private static int Cost(Atom atom) => atom.Kind switch
    {
        AtomKind.Literals when !atom.Late => 1,
        AtomKind.Null or AtomKind.Exists or AtomKind.HasValue or AtomKind.Empty => 10,
        AtomKind.Number => 20,
        AtomKind.Cidr or AtomKind.TimePart => 40,
        AtomKind.Glob or AtomKind.FieldReference => 60,
        AtomKind.Literals => 300,
        // most are turned away by the literals they need
        _ => atom.Required.Length > 0 ? 200 : 1_000,
    };

    /// <summary>How likely a condition holds, 0 to 1, guessed from the words it looks for; the witness was seen.</summary>
    private double Likely(Node node) => node.Kind switch
    {
        NodeKind.Atom => witness?.Atoms.Contains(node.Atom!) == true ? 1 : Math.Min(1, Witness.CostOf(node.Atom!) / 2_000.0),
        NodeKind.Not => 1 - Likely(node.Children[0]),
        NodeKind.And => node.Children.Aggregate(1.0, (p, child) => p * Likely(child)),
        NodeKind.Or => 1 - node.Children.Aggregate(1.0, (p, child) => p * (1 - Likely(child))),
        _ => 1,
    };
}
