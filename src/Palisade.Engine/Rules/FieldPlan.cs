using Palisade.Engine.Detect.Sigma.Match;

namespace Palisade.Engine.Rules;

/// <summary>The literals looked for in one field; null where there are none.</summary>
internal sealed record FieldIndexes(LiteralIndex? Plain, LiteralIndex? Dashes);

/// <summary>What a value is scanned for.</summary>
internal sealed class ScanPlan
{
    public static readonly ScanPlan Nothing = new(0, []);

    public ScanPlan(int number, FieldIndexes[] indexes)
    {
        Number = number;
        LiteralIndex[] plain = [.. indexes.Select(static i => i.Plain).OfType<LiteralIndex>()], dashes = [.. indexes.Select(static i => i.Dashes).OfType<LiteralIndex>()];
        if (plain.Length > 0) Plain = new LiteralScan(plain);
        if (dashes.Length > 0) Dashes = new LiteralScan(dashes);
        Codes = new CodeGate(plain.SelectMany(static i => i.Literals), dashes.SelectMany(static i => i.Literals));
        MinLength = Shortest(indexes);
        LineByLine = !plain.Concat(dashes).SelectMany(static i => i.Literals).Any(static l => l.Bytes.Contains((byte)'\n'));
    }

    /// <summary>Tells plans apart.</summary>
    public int Number { get; }

    /// <summary>Literals looked for in the folded value, and in the same with its dashes made one; null where there are none.</summary>
    public LiteralScan? Plain { get; }
    public LiteralScan? Dashes { get; }

    public bool IsEmpty => Plain is null && Dashes is null;

    /// <summary>Bytes of the shortest value in which something can be found.</summary>
    public int MinLength { get; }

    /// <summary>Whether something can be found in a value that is a number, a time or the like.</summary>
    public CodeGate Codes { get; }

    /// <summary>Whether no literal reaches over the end of a line, so that lines may be looked at one by one.</summary>
    public bool LineByLine { get; }

    private static int Shortest(FieldIndexes[] indexes)
    {
        var least = indexes.SelectMany(static i => new[] { i.Plain?.Shortest, i.Dashes?.Shortest }).Min() ?? int.MaxValue / 2;
        // folding makes two bytes three at most
        return least - least / 3;
    }
}

/// <summary>What a value of an event field is looked at for.</summary>
/// <param name="Present">Number of the rules woken by the field being there; 0: none.</param>
/// <param name="Own">Literals of all rule fields the event field stands for.</param>
/// <param name="WithKeywords">The same and those looked for in any value.</param>
internal sealed record FieldPlan(int Present, ScanPlan Own, ScanPlan WithKeywords)
{
    /// <summary>A field no rule names, where nothing is looked for in any value.</summary>
    public static readonly FieldPlan None = new(0, ScanPlan.Nothing, ScanPlan.Nothing);
}
