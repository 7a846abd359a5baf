namespace Palisade.Server.Streaming;

/// <summary>A line that no parser understood, as the console lists it.</summary>
/// <param name="Text">At most the first 2,000 bytes; bytes that are not UTF-8 are replaced.</param>
public sealed record UnparsedLine(ulong Sequence, DateTimeOffset Received, string Reason, string Text);

/// <summary>What a source did lately, on this node.</summary>
/// <param name="LastMinute">Records in the sixty seconds before now.</param>
/// <param name="LastSeen">Receipt of its newest record; null when none came since the start.</param>
/// <param name="Unparsed">The last lines nobody understood, newest first, at most 20.</param>
public sealed record SourceActivity(long LastMinute, DateTimeOffset? LastSeen, long Total, IReadOnlyList<UnparsedLine> Unparsed)
{
    public static SourceActivity None { get; } = new(0, null, 0, []);
}

/// <summary>Live figures of each source, from memory.</summary>
public interface ISourceStats
{
    SourceActivity Of(uint tenant, uint source);
}
