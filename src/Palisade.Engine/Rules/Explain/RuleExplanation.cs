namespace Palisade.Engine.Rules.Explain;

/// <summary>Why a rule did or did not match an event, part by part.</summary>
/// <param name="Matched">The rule as a whole, its log source included.</param>
/// <param name="LogSource">product/category/service, as far as the rule says them.</param>
/// <param name="OfLogSource">Whether the event is of the rule's log source; null: no known source gives it, so no event ever is.</param>
/// <param name="Logic">Whether the detection holds, the log source aside.</param>
public sealed record RuleExplanation(
    string Id, string Title, bool Matched, string LogSource, bool? OfLogSource, bool Logic,
    IReadOnlyList<IdentifierPart> Identifiers, IReadOnlyList<ConditionPart> Conditions, IReadOnlyList<Diagnostic> Diagnostics)
{
    /// <summary>Set for a correlation: the rules it counts, and what it would group the event by.</summary>
    public CorrelationPart? Correlation { get; init; }
}

/// <summary>A search identifier: one of its alternatives holds.</summary>
public sealed record IdentifierPart(string Name, bool Holds, IReadOnlyList<AlternativePart> Alternatives);

/// <summary>Items that must all hold.</summary>
public sealed record AlternativePart(bool Holds, IReadOnlyList<ItemPart> Items);

/// <summary>A field with its modifiers and values.</summary>
/// <param name="Field">As the rule writes it; empty for keywords.</param>
/// <param name="Modifiers">As the rule writes them, joined by |.</param>
/// <param name="Found">What the event has in the field, or in what the field stands for; empty: nothing.</param>
public sealed record ItemPart(string Field, string Modifiers, bool Holds, IReadOnlyList<FoundValue> Found, IReadOnlyList<ValuePart> Values, int MoreValues);

/// <summary>A value of the event.</summary>
/// <param name="Field">The event's own field.</param>
public readonly record struct FoundValue(string Field, string Value);

/// <summary>One value the rule asks for.</summary>
public readonly record struct ValuePart(string Text, bool Holds);

/// <summary>A part of the condition.</summary>
/// <param name="Text">As written: an identifier, a quantifier, and, or, not.</param>
public sealed record ConditionPart(string Text, bool Holds, IReadOnlyList<ConditionPart> Parts);

/// <summary>What a correlation takes from an event.</summary>
public sealed record CorrelationPart(IReadOnlyList<RuleExplanation> Rules, IReadOnlyList<string> Missing, IReadOnlyList<FoundValue> Group, IReadOnlyList<string> GroupMissing);
