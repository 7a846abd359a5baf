using Palisade.Engine.Detect.Sigma.Match;

namespace Palisade.Engine.Rules;

/// <summary>The literals looked for in one field; null where there are none.</summary>
internal sealed record FieldIndexes(LiteralIndex? Plain, LiteralIndex? Dashes);

/// <summary>What a value is scanned for.</summary>
/// <param name="Number">Tells plans apart.</param>
internal sealed record ScanPlan(int Number, FieldIndexes[] Indexes)
{
    private IEnumerable<LiteralIndex> All => Indexes.SelectMany(static i => new[] { i.Plain, i.Dashes }).OfType<LiteralIndex>();

    /// <summary>Bytes of the shortest value in which something can be found.</summary>
    public int MinLength { get; } = Shortest(Indexes);

    /// <summary>Whether something can be found in a value that is a number, a time or the like (<see cref="Codes"/>).</summary>
    public bool HasCodes => hasCodes ??= All.Any(static i => i.HasCodes);
    private bool? hasCodes;

    private static int Shortest(FieldIndexes[] indexes)
    {
        var least = indexes.SelectMany(static i => new[] { i.Plain?.Shortest, i.Dashes?.Shortest }).Min() ?? int.MaxValue / 2;
        // folding makes two bytes three at most
        return least - least / 3;
    }
}

/// <summary>What a value of an event field is looked at for.</summary>
/// <param name="Present">Rules woken by the field being there.</param>
/// <param name="Own">Literals of all rule fields the event field stands for.</param>
/// <param name="WithKeywords">The same and those looked for in any value.</param>
internal sealed record FieldPlan(int[] Present, ScanPlan Own, ScanPlan WithKeywords)
{
    /// <summary>A field no rule names, where nothing is looked for in any value.</summary>
    public static readonly FieldPlan None = new([], new ScanPlan(0, []), new ScanPlan(0, []));
}
