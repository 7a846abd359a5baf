using Palisade.Engine;
using Palisade.Server.Ingest;

namespace Palisade.Server.Streaming;

/// <summary>Everything one journal range gives: rows by day, findings, ledger counts, and sometimes a snapshot.</summary>
internal sealed class BlockSet(IStreamStore store, ulong from, long startedAt)
{
    private readonly SortedDictionary<int, IStreamBlock> days = [];
    private readonly List<DayRun> runs = [];
    private IFindingRows? findings;

    public ulong From => from;
    public ulong To { get; private set; } = from - 1;
    /// <summary>Clock timestamp of the first record.</summary>
    public long StartedAt => startedAt;
    public int Events { get; private set; }
    public long Bytes { get; private set; }
    public bool IsEmpty => To < from;
    public LedgerTally Ledger { get; } = new();
    public StreamState? Snapshot { get; set; }
    public IReadOnlyDictionary<int, IStreamBlock> Days => days;
    public IFindingRows? Findings => findings;

    /// <summary>The range now reaches to here, whatever these frames were.</summary>
    public void Reach(ulong sequence) => To = Math.Max(To, sequence);

    /// <summary>Adds an event to the block of its day: the planned one on a replay, else by the rule.</summary>
    public void Add(EventBatch batch, int index, StreamPlan? planned)
    {
        ref readonly var header = ref batch.Header(index);
        var day = planned?.DayOf(header.Sequence) ?? EventId.Day(header.TimeMs, header.ReceivedMs);
        if (!days.TryGetValue(day, out var block)) days[day] = block = store.NewBlock(day);
        block.Add(batch, index);
        Events++;
        Bytes += header.RawLength;
        if (runs.Count > 0 && runs[^1].Day == day) runs[^1] = new DayRun(header.Sequence, day);
        else runs.Add(new DayRun(header.Sequence, day));

        var delta = Ledger.At(new IngestLane(header.Tenant, header.Source), header.ReceivedMs);
        // A record of several lines counts as what was received: so many.
        delta.Journaled += header.Lines;
        delta.Stored += header.Lines;
        delta.Bytes += header.RawLength;
        if (header.Refusal == ParseRefusal.None) delta.Parsed += header.Lines;
        if ((header.Flags & (EventFlags.NoTime | EventFlags.FutureTime | EventFlags.AncientTime)) != 0) return;
        delta.Timed++;
        delta.DelayMs += header.ReceivedMs - header.TimeMs;
    }

    public void Add(EventBatch batch, in Finding finding) => (findings ??= store.NewFindings()).Add(batch, finding);

    /// <summary>Gives the rows' memory back. The set is of no more use.</summary>
    public void Release()
    {
        foreach (var block in days.Values) store.Return(block);
        days.Clear();
        if (findings is not null) store.Return(findings);
        findings = null;
    }

    public StreamPlan Plan(int node, string version) => new(from, To, version,
        [.. days.Select(d => new PlannedInsert(d.Key, StreamPlan.Token(node, from, To, d.Key, version), d.Value.Rows))], runs);
}
