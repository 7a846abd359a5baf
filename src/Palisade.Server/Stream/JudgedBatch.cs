using Palisade.Engine;
using Palisade.Server.Ingest;

namespace Palisade.Server.Streaming;

/// <summary>One engine batch on its way from judging to keeping: events, findings, and what else its journal range holds. Reused.</summary>
internal sealed class JudgedBatch
{
    /// <summary>Counts of refused records that stand in the journal.</summary>
    public readonly record struct Refusals(IngestLane Lane, long ReceivedMs, ulong Sequence, byte[] Payload);

    public PipelineBatch Batch { get; } = new();
    public EventBatch Events => Batch.Events;
    public FindingList Findings => Batch.Findings;
    /// <summary>First and last journal sequence of its range.</summary>
    public ulong From { get; private set; }
    public ulong To { get; set; }
    /// <summary>Clock timestamp of its begin.</summary>
    public long StartedAt { get; private set; }
    /// <summary>More was waiting in the journal than it could hold.</summary>
    public bool IsFull { get; set; }
    public List<Refusals> Refused { get; } = [];
    /// <summary>Correlation state right after it, when it was time for a snapshot.</summary>
    public StreamState? Snapshot { get; set; }

    public void Begin(ulong from, long startedAt)
    {
        Batch.Clear();
        Refused.Clear();
        Snapshot = null;
        IsFull = false;
        (From, To, StartedAt) = (from, from, startedAt);
    }
}
