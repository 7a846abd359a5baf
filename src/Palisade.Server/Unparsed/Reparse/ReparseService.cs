using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Server.Audit;
using Palisade.Server.Ingest;
using Palisade.Server.Storage;
using Palisade.Server.Streaming;

namespace Palisade.Server.Unparsed;

/// <summary>Does the reparses of this node, one at a time, the oldest first; after a restart it goes on where it was.</summary>
internal sealed class ReparseService(
    ReparseDesk desk, UnparsedGroups groups, StreamWorker stream, Journal.Journal journal, EngineSnapshot snapshot, LiveParsers parsers, IParserChoice choice, IGeoLookup geo, EventQueries queries,
    EventStore store, IStreamAlerts alerts, ILedgerStore ledger, StorageOptions options, TimeProvider clock, ILogger<ReparseService> log) : BackgroundService
{
    /// <summary>After so many failures in a row a reparse is given up.</summary>
    private const int Attempts = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(3), Look = TimeSpan.FromMilliseconds(200), Behind = TimeSpan.FromSeconds(60);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                var asked = desk.NextAsync();
                if (await desk.OpenAsync(stoppingToken) is { } job) await RunAsync(job, stoppingToken);
                else await asked.WaitAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            ReparseLog.Stopping(log);
        }
    }

    private async Task RunAsync(ReparseJob job, CancellationToken stop)
    {
        for (var failed = 0; ;)
        {
            try
            {
                var before = job.Looked;
                if (await WorkAsync(job, stop) is not { } now) return;
                if (now.State is ReparseState.Done) return;
                failed = now.Looked > before ? 0 : failed;
                job = now;
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                ReparseLog.Failed(log, e, job.Id, job.TenantId);
                var last = ++failed >= Attempts;
                var problem = e.Message.Length > 500 ? e.Message[..500] : e.Message;
                var now = await desk.ChangeAsync(job.Id, j => (j.State, j.Problem, j.Ended) = (last ? ReparseState.Failed : ReparseState.Waiting, problem, last ? clock.GetUtcNow() : null), stop);
                if (now is null || last) return;
                job = now;
                await Task.Delay(Pause, clock, stop);
            }
        }
    }

    /// <summary>Works until the end. Null: it was stopped.</summary>
    private async Task<ReparseJob?> WorkAsync(ReparseJob job, CancellationToken stop)
    {
        await CatchUpAsync(stop);
        var run = new ReparseRun(job, snapshot, parsers, choice, geo, queries, store, alerts, ledger, options.RetentionDays);
        if (job.Total == 0)
        {
            var total = await queries.CountUnreadAsync(job.TenantId, new(job.SourceId, job.From.ToUnixTimeMilliseconds(), job.To.ToUnixTimeMilliseconds()), stop);
            if (await desk.ChangeAsync(job.Id, j => (j.State, j.Total, j.Problem) = (ReparseState.Running, total, ""), stop) is null) return null;
        }
        for (var after = job.After; ;)
        {
            var page = await run.NextAsync(after, stop);
            if (page.Looked == 0) break;
            after = page.After;
            var now = await desk.ChangeAsync(job.Id, j =>
            {
                (j.State, j.After, j.Problem) = (ReparseState.Running, page.After, "");
                (j.Looked, j.Read, j.Findings) = (j.Looked + page.Looked, j.Read + page.Read, j.Findings + page.Findings);
                j.Total = Math.Max(j.Total, j.Looked);
            }, stop);
            if (now is null) return null;
        }
        var done = await desk.ChangeAsync(job.Id, j => (j.State, j.Ended, j.Problem) = (ReparseState.Done, clock.GetUtcNow(), ""), stop);
        // Nothing of the group is left to be read.
        if (done is { Read: > 0 } && done.Read == done.Looked) await groups.RemoveAsync(done.TenantId, done.Group, Actor.System, stop);
        if (done is not null) ReparseLog.Done(log, done.Id, done.TenantId, done.Read, done.Looked);
        return done;
    }

    /// <summary>What was received before the parser was saved may be on its way to the store still.</summary>
    private async Task CatchUpAsync(CancellationToken stop)
    {
        var (upTo, since) = (journal.DurableSequence, clock.GetTimestamp());
        while (stream.Stored < upTo && stream.Fault is null && clock.GetElapsedTime(since) < Behind) await Task.Delay(Look, clock, stop);
    }
}

internal static partial class ReparseLog
{
    [LoggerMessage(3703, LogLevel.Debug, "Stopping; an open reparse goes on after the next start")]
    public static partial void Stopping(ILogger log);

    [LoggerMessage(3704, LogLevel.Warning, "Reparse {Job} of tenant {Tenant} could not go on")]
    public static partial void Failed(ILogger log, Exception error, long job, uint tenant);

    [LoggerMessage(3705, LogLevel.Information, "Reparse {Job} of tenant {Tenant} has read {Read} of {Looked} stored records")]
    public static partial void Done(ILogger log, long job, uint tenant, long read, long looked);
}
