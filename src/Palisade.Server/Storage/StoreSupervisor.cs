using ClickHouse.Driver;
using Palisade.Server.Storage.Schema;

namespace Palisade.Server.Storage;

/// <summary>
/// Keeps the event store usable: starts the embedded one, brings its schema up to date, asks for its health, kills it when it
/// does not answer, and starts it again with growing pauses. With a server elsewhere it only watches and migrates.
/// </summary>
internal sealed class StoreSupervisor(
    StorageOptions options, StoreFolder folder, StoreProgram program, StoreClient client, SchemaMigrator migrator, StoreState state,
    TimeProvider clock, ILogger<StoreSupervisor> log) : BackgroundService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private TimeSpan pause = FirstPause;

    protected override async Task ExecuteAsync(CancellationToken stop)
    {
        await Task.Yield();
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await (options.Embedded ? RunChildAsync(stop) : WatchServerAsync(stop));
                await Task.Delay(pause, clock, stop);
                pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            state.Set(StorePhase.Stopped, "stopped");
        }
        catch (StorageException e)
        {
            log.SchemaRefused(e.Message);
            state.Set(StorePhase.Refused, e.Message);
        }
    }

    private async Task RunChildAsync(CancellationToken stop)
    {
        log.Starting();
        folder.Prepare(options);
        var started = clock.GetTimestamp();
        using var child = StoreProcess.Start(program, options, folder);
        state.ProcessId = child.Id;
        try
        {
            if (await child.WaitReadyAsync(stop) && await MigrateAsync(stop))
            {
                log.Ready((long)clock.GetElapsedTime(started).TotalMilliseconds);
                state.Set(StorePhase.Ready);
                pause = FirstPause;
                await WatchAsync(child, stop);
            }
            child.Kill();
            await child.WaitForExitAsync(stop);
            state.Set(StorePhase.Restarting, $"the embedded store ended with code {child.ExitCode}: {child.Said}");
            log.Ended(child.ExitCode, pause.TotalSeconds, child.Said);
        }
        finally
        {
            state.ProcessId = 0;
            if (child.HasExited || await child.StopAsync(Patience)) log.Stopped();
            else log.KilledAtStop(Patience.TotalSeconds);
        }
    }

    /// <summary>False when the store went away meanwhile.</summary>
    private async Task<bool> MigrateAsync(CancellationToken stop)
    {
        try
        {
            await migrator.ApplyAsync(stop);
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or ClickHouseServerException)
        {
            log.Unreachable(pause.TotalSeconds, e.Message);
            state.Set(StorePhase.Restarting, e.Message);
            return false;
        }
    }

    /// <summary>Returns when the child has ended, or has left too many pings unanswered.</summary>
    private async Task WatchAsync(StoreProcess child, CancellationToken stop)
    {
        var exit = child.WaitForExitAsync(stop);
        for (var failures = 0; failures < options.PingFailures;)
        {
            var tick = Task.Delay(TimeSpan.FromMilliseconds(options.PingMilliseconds), clock, stop);
            if (await Task.WhenAny(exit, tick) == exit) return;
            stop.ThrowIfCancellationRequested();
            failures = await PingAsync(stop) ? 0 : failures + 1;
        }
        log.Unresponsive(options.PingFailures);
    }

    private async Task<bool> PingAsync(CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(TimeSpan.FromMilliseconds(options.PingMilliseconds));
        try
        {
            return await client.PingAsync(limit.Token);
        }
        catch (Exception e) when (!stop.IsCancellationRequested && e is HttpRequestException or IOException or OperationCanceledException)
        {
            return false; // counted by the caller
        }
    }

    private async Task WatchServerAsync(CancellationToken stop)
    {
        var started = clock.GetTimestamp();
        if (!await MigrateAsync(stop)) return;
        log.Ready((long)clock.GetElapsedTime(started).TotalMilliseconds);
        state.Set(StorePhase.Ready);
        pause = FirstPause;
        for (var failures = 0; failures < options.PingFailures;)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(options.PingMilliseconds), clock, stop);
            failures = await PingAsync(stop) ? 0 : failures + 1;
        }
        state.Set(StorePhase.Restarting, "the ClickHouse server does not answer");
    }
}
