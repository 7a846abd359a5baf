namespace Palisade.Server.Streaming;

/// <summary>From the journal to the event store and the alerts.</summary>
public sealed record StreamOptions
{
    public const string Section = "Stream";

    /// <summary>This node's number, 0 to 1023: the upper ten bits of every event id.</summary>
    public int NodeId { get; init; }
    /// <summary>Rows of one insert. Default 32,000.</summary>
    public int BlockRows { get; init; } = 32_000;
    /// <summary>Longest wait of a row for its block, milliseconds. Default 1,000.</summary>
    public int BlockMilliseconds { get; init; } = 1000;
    /// <summary>Time between snapshots of the correlation state, seconds. Default 10.</summary>
    public int SnapshotSeconds { get; init; } = 10;

    /// <summary>Every problem, each with its key path.</summary>
    public IEnumerable<string> Problems()
    {
        if (NodeId is < 0 or > 1023) yield return $"{Section}:NodeId must be 0 to 1023";
        if (BlockRows is < 1 or > 1_000_000) yield return $"{Section}:BlockRows must be 1 to 1000000";
        if (BlockMilliseconds is < 1 or > 60_000) yield return $"{Section}:BlockMilliseconds must be 1 to 60000";
        if (SnapshotSeconds is < 1 or > 3600) yield return $"{Section}:SnapshotSeconds must be 1 to 3600";
    }
}
