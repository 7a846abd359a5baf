namespace Palisade.Server.Streaming;

/// <summary>Tries again, for as long as it takes, with growing pauses: what is in the journal is not given up.</summary>
internal static class Retry
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100), Longest = TimeSpan.FromSeconds(5);

    public static Task RunAsync(Func<Task> work, string what, TimeProvider clock, ILogger log, CancellationToken stop) =>
        RunAsync(async () => { await work(); return true; }, what, clock, log, stop);

    public static async Task<T> RunAsync<T>(Func<Task<T>> work, string what, TimeProvider clock, ILogger log, CancellationToken stop)
    {
        for (var pause = First; ; pause = pause + pause < Longest ? pause + pause : Longest)
        {
            try
            {
                return await work();
            }
            catch (Exception e) when (!stop.IsCancellationRequested && e is not (ArgumentException or NullReferenceException or NotImplementedException))
            {
                log.WillTryAgain(e, what, pause.TotalMilliseconds);
            }
            await Task.Delay(pause, clock, stop);
        }
    }
}
