namespace Palisade.Server.Control;

/// <summary>Something that notes in memory and writes now and then.</summary>
public interface INoted
{
    Task FlushAsync(CancellationToken stop);
}

/// <summary>Writes what was noted, every few seconds and at the end.</summary>
internal sealed class ControlFlush(IEnumerable<INoted> noted, TimeProvider clock, ILogger<ControlFlush> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await FlushAllAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            ControlLog.Stopping(log);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await FlushAllAsync(cancellationToken);
    }

    private async Task FlushAllAsync(CancellationToken stop)
    {
        foreach (var one in noted)
        {
            try
            {
                await one.FlushAsync(stop);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                ControlLog.FlushFailed(log, e, one.GetType().Name);
            }
        }
    }
}

internal static partial class ControlLog
{
    [LoggerMessage(2110, LogLevel.Debug, "Writing the last notes before the stop")]
    public static partial void Stopping(ILogger logger);

    [LoggerMessage(2111, LogLevel.Warning, "Could not write what {Name} noted; it is kept and tried again")]
    public static partial void FlushFailed(ILogger logger, Exception error, string name);
}
