namespace Palisade.Cli.Bench;

/// <summary>
/// What something takes that runs in memory, once the run-time has compiled for good what it needs, which it does piece by piece over some seconds; in the quietest of several passes, since others
/// use the machine's caches and memory too.
/// </summary>
internal static class Quietest
{
    private const int Passes = 15;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    /// <summary>The least of each time that the passes took.</summary>
    /// <param name="pass">Does it once; the times of its parts, as many each time.</param>
    public static TimeSpan[] Of(TimeProvider time, Func<TimeSpan[]> pass, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            pass();
        }
        while (time.GetElapsedTime(start) < WarmUp);
        var least = pass();
        for (var i = 1; i < Passes; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var times = pass();
            for (var part = 0; part < least.Length; part++)
                if (times[part] < least[part]) least[part] = times[part];
        }
        return least;
    }

    /// <summary>The same of one thing that is not asked for its parts.</summary>
    public static TimeSpan Of(TimeProvider time, Action pass, CancellationToken cancellationToken) => Of(time, () => [Once(time, pass)], cancellationToken)[0];

    /// <summary>What it takes this once.</summary>
    public static TimeSpan Once(TimeProvider time, Action work)
    {
        var start = time.GetTimestamp();
        work();
        return time.GetElapsedTime(start);
    }
}
