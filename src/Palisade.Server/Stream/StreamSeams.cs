using Palisade.Engine;
using Palisade.Engine.Incidents;
using Palisade.Server.Ingest;

namespace Palisade.Server.Streaming;

/// <summary>The engine as the stream drives it: records in, batches of events and findings out, state in and out.</summary>
public interface IStreamEngine
{
    string Version { get; }
    /// <summary>The batch worked on: exchanged for an empty one when it is full.</summary>
    PipelineBatch Batch { get; set; }
    void Add(in RecordInfo info, ReadOnlySpan<byte> raw);
    /// <summary>Takes a line of a stream of lines, which may be a part of a record: at most one event comes of it.</summary>
    void AddLine(in RecordInfo info, ulong session, ReadOnlySpan<byte> line);
    /// <summary>What waits of the stream of lines is a record.</summary>
    void EndRecord(in RecordInfo info, ulong session);
    /// <summary>Streams of lines whose record is not whole yet.</summary>
    IEnumerable<WaitingRecord> Waiting { get; }
    void Detect();
    /// <summary>There is something to do at rest, in a while.</summary>
    bool IsOwing => false;
    /// <summary>No record waits: time for what is done now and then.</summary>
    void Rest() { }
    /// <summary>Incidents that the last batch changed, each once.</summary>
    IReadOnlyList<Incident> Changed { get; }
    void SaveState(Stream to);
    /// <summary>Takes up a state that <see cref="SaveState"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or of a version that wrote it otherwise; the engine is as new then.</exception>
    void LoadState(Stream from);
    /// <summary>The lines that wait, which must outlive a change of the content.</summary>
    void SaveLines(Stream to);
    void LoadLines(ReadOnlySpan<byte> from);
}

/// <summary>Rows of one insert, in the event store's own form.</summary>
public interface IStreamBlock
{
    int Rows { get; }
    void Add(EventBatch batch, int index);
}

/// <summary>Findings of one range, in the event store's own form.</summary>
public interface IFindingRows
{
    int Rows { get; }
    void Add(EventBatch batch, in Finding finding);
}

/// <summary>The event store as the stream writes it. An insert with a token that succeeded before changes nothing.</summary>
public interface IStreamStore
{
    /// <summary>Empty rows of a day; give them back after their insert.</summary>
    IStreamBlock NewBlock(int day);
    IFindingRows NewFindings();
    /// <summary>Takes rows back whose insert is done; their memory serves the next ones.</summary>
    void Return(IStreamBlock block);
    void Return(IFindingRows findings);
    Task InsertAsync(IStreamBlock block, string token, CancellationToken stop);
    Task InsertAsync(IFindingRows findings, string token, CancellationToken stop);
}

/// <summary>Alerts as the stream feeds them. Applying a range again changes nothing.</summary>
public interface IStreamAlerts
{
    /// <summary>The same for events that are read again: their place is kept under a number of its own, so that neither is taken for the other.</summary>
    /// <param name="node">Node whose journal the events came by.</param>
    /// <param name="positionNode">Below zero.</param>
    Task ApplyAsync(EventBatch events, FindingList findings, ulong from, ulong to, int node, int positionNode, CancellationToken stop);
    /// <summary>Copies what alerts need of a batch; the next <see cref="WriteAsync"/> writes it.</summary>
    void Gather(EventBatch events, FindingList findings, ulong from, ulong to);
    /// <summary>Something was gathered and is not written.</summary>
    bool AreWaiting { get; }
    /// <summary>Writes what was gathered, all or nothing.</summary>
    Task WriteAsync(CancellationToken stop);
}

/// <summary>Who wants to see the records that no source could read.</summary>
public interface IUnparsedSink
{
    /// <summary>Looks at a judged batch. Must not block, and allocates nothing for batches that were read.</summary>
    /// <param name="seen">Journal sequence up to which records were looked at before, in an earlier run.</param>
    void Record(EventBatch events, ulong seen);
}

/// <summary>The persisted half of the loss ledger.</summary>
public interface ILedgerStore
{
    /// <summary>Last journal sequence of this node whose counts are in.</summary>
    Task<ulong> PositionAsync(int node, CancellationToken stop);
    /// <summary>Adds counts and moves the position, in one transaction.</summary>
    Task ApplyAsync(int node, ulong upTo, IReadOnlyCollection<LedgerDelta> deltas, CancellationToken stop);
}
