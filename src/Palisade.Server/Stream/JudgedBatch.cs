using Palisade.Engine;
using Palisade.Server.Incidents;
using Palisade.Server.Ingest;

namespace Palisade.Server.Streaming;

/// <summary>One engine batch on its way from judging to keeping: events, findings, and what else its journal range holds. Reused.</summary>
internal sealed class JudgedBatch
{
    /// <summary>Counts of refused records that stand in the journal.</summary>
    public readonly record struct Refusals(IngestLane Lane, long ReceivedMs, ulong Sequence, byte[] Payload);

    /// <summary>A record of the journal: an event of its own, or a part of one.</summary>
    public readonly record struct Taken(IngestLane Lane, ulong Sequence, int Length);

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
    /// <summary>Records of the range, in order.</summary>
    public List<Taken> Records { get; } = new(EventBatch.MaxEvents);
    /// <summary>Incidents as they are after it, when it was time to hand them over.</summary>
    public IReadOnlyList<IncidentProjection> Incidents { get; set; } = [];
    /// <summary>No range of its own: it only brings incidents that waited.</summary>
    public bool IsAfterthought { get; set; }
    /// <summary>Correlation state right after it, when it was time for a snapshot.</summary>
    public StreamState? Snapshot { get; set; }

    public void Begin(ulong from, long startedAt)
    {
        Batch.Clear();
        Refused.Clear();
        Records.Clear();
        Snapshot = null;
        Incidents = [];
        IsAfterthought = false;
        IsFull = false;
        (From, To, StartedAt) = (from, from, startedAt);
    }
}
