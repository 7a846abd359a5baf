using Palisade.Protocol;

namespace Palisade.Engine.Detect.Sigma.Read;

/// <summary>A rule's log source; null where the rule does not say.</summary>
internal sealed record LogSource(string? Category, string? Product, string? Service)
{
    /// <summary>Two log sources that can be of one event: no dimension both name is named differently.</summary>
    public bool Compatible(LogSource other) =>
        Same(Category, other.Category) && Same(Product, other.Product) && Same(Service, other.Service);

    private static bool Same(string? a, string? b) => a is null || b is null || a.Equals(b, StringComparison.OrdinalIgnoreCase);

    public override string ToString() => string.Join('/', new[] { Product, Category, Service }.Where(s => s is not null));
}

/// <summary>What the three kinds of document have in common.</summary>
internal abstract class SigmaDocument
{
    public required string File { get; init; }
    public required int Line { get; init; }
    /// <summary>The whole of it, as written.</summary>
    public required YamlNode Root { get; init; }
    public required RuleInfo Info { get; init; }
    /// <summary>Names by which others refer to it: id and name.</summary>
    public required IReadOnlyList<string> Names { get; init; }
}

internal sealed class RuleDocument : SigmaDocument
{
    public required LogSource LogSource { get; init; }
    public required YamlNode Detection { get; init; }
    public required AttackOutcome Outcome { get; init; }
}

internal sealed class FilterDocument : SigmaDocument
{
    public required LogSource LogSource { get; init; }
    public required YamlNode Filter { get; init; }
    /// <summary>Ids or names of the rules it applies to; null: any.</summary>
    public required IReadOnlySet<string>? Targets { get; init; }
}

/// <summary>Persisted in correlation state: only grows.</summary>
internal enum CorrelationType : byte
{
    EventCount = 1, ValueCount = 2, Temporal = 3, TemporalOrdered = 4, ValueSum = 5, ValueAverage = 6, ValuePercentile = 7,
}

internal enum Operator : byte { Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual }

internal readonly record struct Bound(Operator Operator, double Value)
{
    public bool Holds(double n) => Operator switch
    {
        Operator.Equal => n == Value,
        Operator.NotEqual => n != Value,
        Operator.Less => n < Value,
        Operator.LessOrEqual => n <= Value,
        Operator.Greater => n > Value,
        _ => n >= Value,
    };
}

internal sealed class CorrelationDocument : SigmaDocument
{
    public required CorrelationType Type { get; init; }
    public required IReadOnlyList<string> Rules { get; init; }
    public required IReadOnlyList<string> GroupBy { get; init; }
    /// <summary>Those of group-by that an event may lack: it counts among those that lack it too.</summary>
    public required IReadOnlySet<string> Optional { get; init; }
    public required long SpanMs { get; init; }
    public required IReadOnlyList<Bound> Bounds { get; init; }
    /// <summary>Fields whose values are counted or summed.</summary>
    public required IReadOnlyList<string> Fields { get; init; }
    /// <summary>0 to 100; NaN: how rare the value is among the values of the window, in percent of its events.</summary>
    public required double Percentile { get; init; }
    /// <summary>Few or no events fulfil the condition, so it is judged when a window closes and not while it fills.</summary>
    public bool AtClose => Type is CorrelationType.EventCount or CorrelationType.ValueCount or CorrelationType.ValueSum && Bounds.Count > 0
        && Bounds.All(b => b.Operator is Operator.Less or Operator.LessOrEqual or Operator.Equal or Operator.NotEqual);
    /// <summary>Boolean condition over rule names, for the temporal types; null: all of them.</summary>
    public required string? Condition { get; init; }
    /// <summary>alias → rule → field.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Aliases { get; init; }
    public required bool Generate { get; init; }
    /// <summary>What a firing says of the attempt's outcome.</summary>
    public required AttackOutcome Outcome { get; init; }
}
