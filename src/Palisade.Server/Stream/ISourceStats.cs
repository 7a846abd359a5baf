namespace Palisade.Server.Streaming;

/// <summary>A line that no parser understood, as the console lists it.</summary>
/// <param name="Text">At most the first 2,000 bytes; bytes that are not UTF-8 are replaced.</param>
public sealed record UnparsedLine(ulong Sequence, DateTimeOffset Received, string Reason, string Text);

/// <summary>What a source did lately, on this node.</summary>
/// <param name="LastMinute">Records in the sixty seconds before now.</param>
/// <param name="LastSeen">Receipt of its newest record; null when none came since the start.</param>
/// <param name="Unparsed">The last lines nobody understood, newest first, at most 20.</param>
/// <param name="Parsers">Records by the parser that read them, since the start; the name is empty for what none understood.</param>
/// <param name="DelayMs">Receipt minus event time, milliseconds, over the last minute's records that carry a time; null without any.</param>
/// <param name="Skew">How far its stamps are from our clock; null without events that carry a time.</param>
/// <param name="Seconds">Records in each of the last sixty seconds, the oldest first.</param>
public sealed record SourceActivity(
    long LastMinute, DateTimeOffset? LastSeen, long Total, IReadOnlyList<UnparsedLine> Unparsed,
    IReadOnlyDictionary<string, long> Parsers, double? DelayMs, IReadOnlyList<long> Seconds, ClockSkew? Skew = null)
{
    public static SourceActivity None { get; } = new(0, null, 0, [], new Dictionary<string, long>(), null, new long[60]);
}

/// <summary>Live figures of each source, from memory.</summary>
public interface ISourceStats
{
    SourceActivity Of(uint tenant, uint source);
}
