using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Match;
using Palisade.Engine.Detect.Sigma.Read;
using Palisade.Protocol;

namespace Palisade.Engine.Rules;

/// <summary>A rule ready to be evaluated.</summary>
internal sealed class CompiledRule
{
    public required RuleInfo Info { get; init; }
    public required IReadOnlyList<string> Names { get; init; }
    public required Node Node { get; set; }
    public required LogSource LogSource { get; init; }
    public required AttackOutcome Outcome { get; init; }
    public required string File { get; init; }
    public required int Line { get; init; }
    /// <summary>Index of its log source's condition; -1: every event.</summary>
    public int Route { get; set; } = -1;
    /// <summary>Gives findings of its own; false for a base rule of correlations that do not generate.</summary>
    public bool Alerts { get; set; } = true;
    /// <summary>Correlations count it.</summary>
    public bool Feeds { get; set; }
    /// <summary>Place in the set; -1 while its log source is not routed anywhere.</summary>
    public int Index { get; set; } = -1;
}

/// <summary>A correlation ready to be evaluated. Inputs are numbered by their place in <c>rules</c>.</summary>
internal sealed class CompiledCorrelation
{
    public required RuleInfo Info { get; init; }
    public required CorrelationDocument Source { get; init; }
    /// <summary>For each input: index of the rule, or -1.</summary>
    public required int[] RuleInputs { get; init; }
    /// <summary>For each input: index of the correlation, or -1.</summary>
    public required int[] CorrelationInputs { get; init; }
    /// <summary>For each input and each group-by entry: the field read.</summary>
    public required int[][] GroupFields { get; init; }
    /// <summary>For each group-by entry: whether an event may lack it.</summary>
    public required bool[] Optional { get; init; }
    /// <summary>For each group-by entry: the field of its own name, by which outer correlations ask for it.</summary>
    public required int[] OwnFields { get; init; }
    /// <summary>For each input and each counted field: the field read.</summary>
    public required int[][] ValueFields { get; init; }
    /// <summary>For temporal types: the condition over inputs (atoms' Field is the input's number).</summary>
    public required Node? Condition { get; init; }
    /// <summary>Judged when a window closes and not while it fills: what comes later could still make the condition fail, or nothing at all fulfils it.</summary>
    public bool AtClose => Source.AtClose || Condition is { } condition && Denies(condition, under: false);
    public bool Alerts { get; set; } = true;
    public int Index { get; set; }
    /// <summary>Changes when the definition changes in a way that makes old state meaningless.</summary>
    public required ulong DefinitionHash { get; init; }

    /// <summary>Whether some input must be absent.</summary>
    private static bool Denies(Node node, bool under) => node.Kind switch
    {
        NodeKind.Atom => under,
        NodeKind.Not => Denies(node.Children[0], !under),
        _ => Array.Exists(node.Children, c => Denies(c, under)),
    };
}
