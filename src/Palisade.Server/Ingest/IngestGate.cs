using Palisade.Journal;

namespace Palisade.Server.Ingest;

/// <summary>
/// The one way into the journal. Records are appended as they are; refusals are tallied and written to the journal too, so
/// that the loss ledger is a function of the journal alone and survives whatever the records survive.
/// </summary>
public sealed class IngestGate(Journal.Journal journal, Backlog backlog, Quotas quotas, IngestMeters meters, TimeProvider clock)
{
    private readonly Lock gate = new();
    private Dictionary<(IngestLane Lane, IngestRefusal Reason), long> tally = [];
    private ulong refusalsAt;

    /// <summary>Now, for the records of one read or request: one clock call for all of them.</summary>
    public long NowMs => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>
    /// Waits until the lane is within its quota, and for its turn while the engine is behind; every way in asks before it appends what one read or request brought.
    /// </summary>
    /// <returns>Anything but None: not in time; the sender is to come back.</returns>
    public async ValueTask<IngestRefusal> EnterAsync(IngestLane lane, TimeSpan patience, CancellationToken stop)
    {
        var refusal = !await quotas.EnterAsync(lane, patience, stop) ? IngestRefusal.Quota : !await backlog.EnterAsync(lane, patience, stop) ? IngestRefusal.Overloaded : IngestRefusal.None;
        if (refusal != IngestRefusal.None) meters.PushedBack();
        return refusal;
    }

    /// <summary>Others wait for their turn: who has had one is to end it.</summary>
    public bool IsCrowded => backlog.Waiting > 0;

    /// <summary>For senders that cannot wait: None when the lane has room, counting the bound so many times.</summary>
    public IngestRefusal Room(IngestLane lane, int burst) =>
        !quotas.HasRoom(lane) ? IngestRefusal.Quota : !backlog.HasRoom(lane, burst) ? IngestRefusal.Overloaded : IngestRefusal.None;

    /// <summary>After how many seconds a source that is beyond its quota may send again.</summary>
    public long RetryAfterSeconds(IngestLane lane) => quotas.RetryAfterSeconds(lane);

    /// <summary>Everything up to here is on the disk.</summary>
    public ulong DurableSequence => journal.DurableSequence;

    /// <summary>
    /// Would a body of so many bytes fit into the disk budget now? For protocols that cannot say that half of a body was taken:
    /// they ask before the first record. Others may append meanwhile, so a yes is very likely, not certain.
    /// </summary>
    public bool HasRoom(long bytes)
    {
        var usage = journal.Usage;
        return usage.Bytes + bytes + bytes / 4 < usage.BudgetBytes / 100 * 95;
    }

    /// <summary>Appends one record. <see cref="IngestRefusal.None"/> means it is in the journal, though not durable yet.</summary>
    public IngestRefusal Append(IngestLane lane, ReadOnlySpan<byte> record, byte encoding, long receivedMs, ref ulong sequence) =>
        Append(lane, record, encoding, receivedMs, default, ref sequence);

    /// <summary>The same, with the record's place in its sender's session, so that a resend is known again.</summary>
    public IngestRefusal Append(IngestLane lane, ReadOnlySpan<byte> record, byte encoding, long receivedMs, SenderMark mark, ref ulong sequence)
    {
        var header = new FrameHeader(receivedMs, lane.Tenant, lane.Source, FrameKind.Record, mark.Session, mark.Number, encoding);
        var result = journal.Append(header, record, out var at);
        if (result == AppendResult.Ok)
        {
            sequence = at;
            backlog.Add(lane, record.Length);
            quotas.Count(lane, record.Length);
            meters.Accepted(record.Length);
            if ((encoding & RecordEncodings.Converted) != 0) meters.Converted();
            return IngestRefusal.None;
        }
        return result switch
        {
            AppendResult.Full => IngestRefusal.JournalFull,
            AppendResult.TooLarge => IngestRefusal.LineTooLong,
            _ => IngestRefusal.JournalError,
        };
    }

    /// <summary>Writes one refusal to the journal at once, with the sender's place of what was turned away; false when there is no room.</summary>
    public bool TryRefuse(IngestLane lane, IngestRefusal reason, SenderMark mark, ref ulong sequence)
    {
        Span<byte> entry = stackalloc byte[RefusalFrame.EntryBytes];
        RefusalFrame.Write(entry, reason, 1);
        var header = new FrameHeader(NowMs, lane.Tenant, lane.Source, FrameKind.Refusals, mark.Session, mark.Number, RecordEncodings.Line);
        if (journal.Append(header, entry, out var at) != AppendResult.Ok) return false;
        sequence = at;
        meters.Refused(reason, 1);
        return true;
    }

    /// <summary>Counts what was turned away. It reaches the journal with the next <see cref="FlushRefusals"/>.</summary>
    public void Refuse(IngestLane lane, IngestRefusal reason, long count = 1)
    {
        if (count == 0) return;
        meters.Refused(reason, count);
        lock (gate)
        {
            tally.TryGetValue((lane, reason), out var before);
            tally[(lane, reason)] = before + count;
        }
    }

    /// <summary>Writes the tally to the journal; what does not fit now stays for the next time.</summary>
    /// <returns>Sequence of the last frame that holds refusals; wait for it to have them durable.</returns>
    public ulong FlushRefusals()
    {
        lock (gate)
        {
            if (tally.Count == 0) return refusalsAt;
            var now = NowMs;
            var left = new Dictionary<(IngestLane, IngestRefusal), long>();
            Span<byte> entry = stackalloc byte[RefusalFrame.EntryBytes];
            foreach (var ((lane, reason), count) in tally)
            {
                RefusalFrame.Write(entry, reason, count);
                var header = new FrameHeader(now, lane.Tenant, lane.Source, FrameKind.Refusals, 0, 0, RecordEncodings.Line);
                if (journal.Append(header, entry, out var at) == AppendResult.Ok) refusalsAt = at;
                else left[(lane, reason)] = count;
            }
            tally = left;
            return refusalsAt;
        }
    }

    /// <summary>Completes when everything up to <paramref name="sequence"/> and all refusals so far are on the disk.</summary>
    public async ValueTask CommitAsync(ulong sequence, CancellationToken stop)
    {
        var last = Math.Max(sequence, FlushRefusals());
        if (last > 0) await journal.WaitDurableAsync(last, stop);
    }
}
