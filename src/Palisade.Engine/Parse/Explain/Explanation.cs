namespace Palisade.Engine.Parse.Explain;

/// <summary>One field of an event and where it comes from.</summary>
/// <param name="Text">The text of the record that it was read from; null where the source sets it.</param>
/// <param name="Start">First byte of that text in the record; -1 where it is not a piece of it as it stands.</param>
public sealed record ExplainedField(string Name, string Value, string? Text, int Start);

/// <summary>A pattern that fitted.</summary>
public sealed record ExplainedStep(string Source, string Pattern);

/// <summary>The pattern that got furthest in a text that nothing reads.</summary>
/// <param name="At">Bytes of the text that it read.</param>
/// <param name="Expected">What would have to follow, as the pattern says it.</param>
/// <param name="Found">What follows instead; empty at the end of the text.</param>
public sealed record NearMiss(string Source, string Pattern, int At, string Expected, string Found);

/// <summary>How one record became one event, or why it did not.</summary>
/// <param name="Source">The source that read it; empty: none.</param>
/// <param name="Detected">The source was found by the bytes, not asked for.</param>
/// <param name="Steps">Patterns that fitted, the outer record's first. None where a source reads without patterns.</param>
/// <param name="Nearest">Of a record, or of the message in a frame, that no pattern reads; null where no source comes near.</param>
public sealed record Explanation(
    string Source, bool Detected, ParseRefusal Refusal, IReadOnlyList<ExplainedStep> Steps, IReadOnlyList<ExplainedField> Fields, NearMiss? Nearest);
