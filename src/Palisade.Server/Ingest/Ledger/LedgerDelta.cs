namespace Palisade.Server.Ingest;

/// <summary>What one range of the journal adds to one minute of one source.</summary>
public sealed class LedgerDelta(IngestLane lane, long minuteMs)
{
    public IngestLane Lane => lane;
    /// <summary>Start of the minute of receipt, Unix milliseconds UTC.</summary>
    public long MinuteMs => minuteMs;
    public long Journaled { get; set; }
    public long Parsed { get; set; }
    public long Stored { get; set; }
    public long Bytes { get; set; }
    /// <summary>Of the stored ones: those with a likely time of their own, and the sum of receipt minus that time, milliseconds.</summary>
    public long Timed { get; set; }
    public long DelayMs { get; set; }
    public Dictionary<IngestRefusal, long> Refused { get; } = [];
}

/// <summary>Collects the deltas of one journal range.</summary>
public sealed class LedgerTally
{
    private const long MinuteMs = 60_000;
    private readonly Dictionary<(IngestLane, long), LedgerDelta> deltas = [];
    private LedgerDelta? last;

    public IReadOnlyCollection<LedgerDelta> Deltas => deltas.Values;

    /// <summary>The delta of a lane and time; records come in runs, so the last one is nearly always the one.</summary>
    public LedgerDelta At(IngestLane lane, long receivedMs)
    {
        var minute = receivedMs - receivedMs % MinuteMs;
        if (last is { } l && l.MinuteMs == minute && l.Lane == lane) return l;
        if (!deltas.TryGetValue((lane, minute), out last)) deltas[(lane, minute)] = last = new LedgerDelta(lane, minute);
        return last;
    }

    public void Refusals(IngestLane lane, long receivedMs, ReadOnlySpan<byte> payload)
    {
        var refused = At(lane, receivedMs).Refused;
        while (RefusalFrame.TryRead(ref payload, out var reason, out var count))
            refused[reason] = refused.GetValueOrDefault(reason) + count;
    }
}
