using Palisade.Engine.Parse.Patterns;

namespace Palisade.Engine.Parse.Joining;

/// <summary>How records of several lines are told apart.</summary>
/// <param name="Pattern">What the first line of a record begins with; for keys and parts, what every line begins with.</param>
/// <param name="Kind">What the pattern says.</param>
/// <param name="Tag">Parts: the last capture of a line that is not the record's last. Starts: what a record ends with where a line with the same start goes on; empty: none does.</param>
/// <param name="Later">Keys: lines that hold this are read after the others of their record; empty: in the order they came.</param>
/// <param name="Others">Starts: further patterns, of which any says the same.</param>
internal sealed record JoinRule(PatternNode[] Pattern, JoinKind Kind, byte[] Tag, byte[] Later, PatternNode[][] Others);

internal enum JoinKind : byte
{
    /// <summary>A line that does not fit belongs to the record before.</summary>
    Start,
    /// <summary>Lines in a row whose last capture is the same belong together.</summary>
    Key,
    /// <summary>A line with the tag goes on in the next one, behind what that begins with.</summary>
    Part,
}
