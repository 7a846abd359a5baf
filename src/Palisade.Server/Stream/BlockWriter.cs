using Palisade.Journal;
using Palisade.Server.Ingest;

namespace Palisade.Server.Streaming;

/// <summary>
/// Takes block sets in order and makes each one stored exactly once:
/// plan to disk, inserts with tokens, ledger with its position, store cursor, snapshot, snapshot's cursor.
/// A crash between any two of these steps repeats from the plan and changes nothing that is done.
/// </summary>
internal sealed class BlockWriter(
    IStreamStore store, ILedgerStore ledger, PlanFile plans, StateFile states, JournalReader storeCursor, JournalReader engineCursor,
    Backlog backlog, int node, StreamMeters meters, TimeProvider clock, ILogger log)
{
    private ulong ledgerAt;

    /// <summary>Last sequence that is stored.</summary>
    public ulong Stored { get; private set; } = storeCursor.Committed;

    public async Task StartAsync(CancellationToken stop) =>
        ledgerAt = await Retry.RunAsync(() => ledger.PositionAsync(node, stop), "read the ledger's position", clock, log, stop);

    /// <summary>Returns when the set is stored; an unreachable store makes it wait and try again.</summary>
    /// <param name="planned">The plan of a replay; null makes one.</param>
    public async Task WriteAsync(BlockSet set, StreamPlan? planned, string version, CancellationToken stop)
    {
        using var span = StreamMeters.Activity("palisade.stream.store");
        var started = clock.GetTimestamp();
        if (set.To > Stored)
        {
            var plan = planned;
            if (plan is null && set.Events > 0)
            {
                plan = set.Plan(node, version);
                await KeepAsync(() => plans.Write(plan), "write the insert plan", stop);
            }
            foreach (var (day, block) in set.Days)
            {
                var token = plan!.TokenOf(day, node);
                await InsertAsync(() => store.InsertAsync(block, token, stop), "insert events", stop);
            }
            if (set.Findings is { } findings)
                await InsertAsync(() => store.InsertAsync(findings, plan!.FindingsToken, stop), "insert findings", stop);
            if (set.To > ledgerAt)
            {
                await Retry.RunAsync(() => ledger.ApplyAsync(node, set.To, set.Ledger.Deltas, stop), "write the ledger", clock, log, stop);
                ledgerAt = set.To;
            }
            await KeepAsync(() => storeCursor.Commit(set.To), "commit the store cursor", stop);
            Stored = set.To;
            meters.BlockStored(set.Events, clock.GetElapsedTime(started));
            log.RangeStored(set.From, set.To, set.Events, set.Days.Count);
        }
        span?.SetTag("palisade.events", set.Events);
        if (set.Snapshot is { } snapshot)
        {
            await KeepAsync(() => states.Write(snapshot), "write the correlation state", stop);
            snapshot.Memory?.Dispose();
            await KeepAsync(() => engineCursor.Commit(snapshot.Position), "commit the engine cursor", stop);
        }
    }

    /// <summary>While the store does not answer senders are not slowed: the journal takes what they have, up to its budget.</summary>
    private async Task InsertAsync(Func<Task> insert, string what, CancellationToken stop)
    {
        var failed = false;
        await Retry.RunAsync(async () =>
        {
            try
            {
                await insert();
            }
            catch when (!stop.IsCancellationRequested)
            {
                backlog.IsOpen = failed = true;
                throw;
            }
        }, what, clock, log, stop);
        if (failed) backlog.IsOpen = false;
    }

    /// <summary>A full disk is no reason to stop either.</summary>
    private Task KeepAsync(Action write, string what, CancellationToken stop) =>
        Retry.RunAsync(() => { write(); return Task.CompletedTask; }, what, clock, log, stop);
}
