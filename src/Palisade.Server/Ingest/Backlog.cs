using System.Collections.Concurrent;
using Palisade.Journal;

namespace Palisade.Server.Ingest;

/// <summary>
/// What is in the journal and not judged yet, in all and per source. Disk takes far more than the engine judges: without a bound
/// an alert would wait behind minutes of other records. Senders are therefore slowed so that the backlog stays at what the
/// engine judges in a few seconds, and every tenant and source has its share of it.
/// </summary>
/// <remarks>
/// The share is the dynamic threshold of shared-memory switches (Choudhury, Hahne, 1998): a source may hold so many times what
/// is still free. One flooding source so never takes all, several hold the same each, and as the journal is read in order,
/// equal parts of the backlog are equal parts of the engine. There are as many counters as sources, which are bounded.
/// While the event store does not answer the journal is the buffer it is meant to be, up to its disk budget.
/// </remarks>
public sealed class Backlog(Journal.Journal journal, IngestOptions options, TimeProvider clock)
{
    /// <summary>What a record costs beside its bytes, in bytes.</summary>
    private const int RecordBytes = 256;
    /// <summary>The bound never falls below this: an engine batch.</summary>
    private const long LeastBytes = 1 << 20;
    /// <summary>Bytes the engine judges a second, until that was measured: what a slow or busy machine does, as a bound too low mends itself at once.</summary>
    private const double FirstRate = 4 << 20;
    /// <summary>How many times the free part a tenant, and within it a source, may hold.</summary>
    private const int Share = 4;
    /// <summary>About what a sender brings once it is let in; a connection that goes on while others wait stands behind them again.</summary>
    public const int TurnBytes = 16 << 10;
    private static readonly TimeSpan MeasuredOver = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<IngestLane, Lane> lanes = new();
    private readonly ConcurrentDictionary<uint, Held> tenants = new();
    private readonly LinkedList<Waiter> waiting = new();
    private readonly List<Lane> promised = [];
    private readonly ulong first = journal.Usage.NextSequence;
    private readonly Held all = new();
    private double rate = FirstRate;
    private long judged, judgedSince;
    private int waiters;
    private volatile bool isOpen = true;

    private class Held
    {
        public long Bytes;
    }

    private sealed class Lane(Held tenant) : Held
    {
        public Held Tenant => tenant;
        public int Waiting;
    }

    private sealed record Waiter(Lane Lane, TaskCompletionSource<bool> Turn);

    /// <summary>Bytes not judged yet, with what each record costs beside its own.</summary>
    public long Bytes => Volatile.Read(ref all.Bytes);
    /// <summary>Bytes that may be: what the engine judges in <see cref="IngestOptions.BacklogSeconds"/>.</summary>
    public long Limit => Math.Max(LeastBytes, (long)(Volatile.Read(ref rate) * options.BacklogSeconds));

    /// <summary>Nothing is held back: the engine does not run yet, or the event store does not answer.</summary>
    public bool IsOpen
    {
        get => isOpen;
        set
        {
            isOpen = value;
            if (value) Wake();
        }
    }

    /// <summary>Senders that wait for their turn.</summary>
    public int Waiting => Volatile.Read(ref waiters);

    /// <summary>Counts a record that went into the journal.</summary>
    public void Add(IngestLane lane, int length) => Count(Of(lane), RecordBytes + length);

    /// <summary>The engine begins behind this record: what a run before this one left in the journal waits too.</summary>
    public void Begin(ulong behind)
    {
        if (first > behind + 1) Interlocked.Add(ref all.Bytes, (long)(first - 1 - behind) * RecordBytes);
    }

    /// <summary>A record was judged.</summary>
    public void Judged(ulong sequence, IngestLane lane, int length)
    {
        if (sequence >= first) Count(Of(lane), -(RecordBytes + length));
        else Interlocked.Add(ref all.Bytes, -RecordBytes);
        judged += RecordBytes + length;
    }

    /// <summary>The engine has finished a batch; senders that wait may go on.</summary>
    /// <param name="isBusy">More was waiting than the batch could hold, so that the time says what the engine can do.</param>
    public void Advance(bool isBusy)
    {
        if (!isBusy) judgedSince = judged = 0;
        else if (judgedSince == 0) (judged, judgedSince) = (0, clock.GetTimestamp());
        else if (clock.GetElapsedTime(judgedSince) is var took && took >= MeasuredOver)
        {
            Volatile.Write(ref rate, 0.7 * rate + 0.3 * judged / took.TotalSeconds);
            (judged, judgedSince) = (0, clock.GetTimestamp());
        }
        Wake();
    }

    /// <summary>Whether a source may add to the backlog now.</summary>
    /// <param name="burst">How many times the bound counts: above one for senders that cannot wait.</param>
    public bool HasRoom(IngestLane lane, int burst = 1) => HasRoom(Of(lane), burst);

    /// <summary>Waits for the source's turn: at once while it has room, else in the order of those who wait.</summary>
    /// <returns>False when its turn did not come in time.</returns>
    public ValueTask<bool> EnterAsync(IngestLane lane, TimeSpan patience, CancellationToken stop)
    {
        var mine = Of(lane);
        return Volatile.Read(ref mine.Waiting) == 0 && HasRoom(mine, 1) ? new(true) : new(WaitAsync(mine, patience, stop));
    }

    private async Task<bool> WaitAsync(Lane lane, TimeSpan patience, CancellationToken stop)
    {
        var waiter = new LinkedListNode<Waiter>(new Waiter(lane, new(TaskCreationOptions.RunContinuationsAsynchronously)));
        lock (waiting)
        {
            waiting.AddLast(waiter);
            lane.Waiting++;
            waiters++;
        }
        Wake(); // the engine may have finished its last batch before this waiter stood in the queue
        try
        {
            return await waiter.Value.Turn.Task.WaitAsync(patience, clock, stop);
        }
        catch (TimeoutException)
        {
            return waiter.Value.Turn.Task.IsCompletedSuccessfully;
        }
        finally
        {
            lock (waiting)
                if (waiter.List is not null) Leave(waiter);
        }
    }

    private void Leave(LinkedListNode<Waiter> waiter)
    {
        waiting.Remove(waiter);
        waiter.Value.Lane.Waiting--;
        waiters--;
    }

    /// <summary>Lets in, in order, those whose source has room for what they are about to bring.</summary>
    private void Wake()
    {
        lock (waiting)
        {
            if (waiting.Count == 0) return;
            LinkedListNode<Waiter>? next;
            for (var waiter = waiting.First; waiter is not null && (isOpen || Bytes < Limit); waiter = next)
            {
                next = waiter.Next;
                var lane = waiter.Value.Lane;
                if (!HasRoom(lane, 1)) continue;
                Leave(waiter);
                Count(lane, TurnBytes);
                promised.Add(lane);
                waiter.Value.Turn.TrySetResult(true);
            }
            foreach (var lane in promised) Count(lane, -TurnBytes);
            promised.Clear();
        }
    }

    private bool HasRoom(Lane lane, int burst)
    {
        if (isOpen) return true;
        var limit = Limit * burst;
        var total = Bytes;
        var tenant = Volatile.Read(ref lane.Tenant.Bytes);
        if (tenant >= Share * (limit - total)) return false;
        // What the tenant comes to when it takes all it may beside the others; its sources share that the same way.
        var fair = Share * (limit - (total - tenant)) / (1 + Share);
        return Volatile.Read(ref lane.Bytes) < Share * (fair - tenant);
    }

    private void Count(Lane lane, long bytes)
    {
        Interlocked.Add(ref lane.Bytes, bytes);
        Interlocked.Add(ref lane.Tenant.Bytes, bytes);
        Interlocked.Add(ref all.Bytes, bytes);
    }

    private Lane Of(IngestLane lane) => lanes.TryGetValue(lane, out var found)
        ? found : lanes.GetOrAdd(lane, static (l, all) => new Lane(all.GetOrAdd(l.Tenant, static _ => new Held())), tenants);
}
