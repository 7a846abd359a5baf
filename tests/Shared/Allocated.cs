namespace Palisade.Tests;

/// <summary>What a piece of work allocates on the thread that does it.</summary>
internal static class Allocated
{
    /// <summary>
    /// Bytes of the quietest of some rounds. A collection during a round counts what is left of the thread's allocation buffer (up to 8 KB) as taken, and the
    /// run-time takes a little while it compiles hot code; what the work itself takes comes with every round.
    /// </summary>
    public static long Least(Action round, int rounds = 10)
    {
        var least = long.MaxValue;
        for (var i = 0; i < rounds && least > 0; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            round();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }

    /// <summary>Bytes of the work done once, without a collection meanwhile: for what may grow now and then. Only in tests that run by themselves.</summary>
    public static long Once(Action work)
    {
        if (!GC.TryStartNoGCRegion(16 << 20)) throw new InvalidOperationException("the run-time cannot put collections off");
        try
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            work();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
        finally
        {
            if (System.Runtime.GCSettings.LatencyMode == System.Runtime.GCLatencyMode.NoGCRegion) GC.EndNoGCRegion();
        }
    }
}
