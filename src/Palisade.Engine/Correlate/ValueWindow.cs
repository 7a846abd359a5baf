using System.Runtime.InteropServices;

namespace Palisade.Engine.Correlate;

/// <summary>How many values lie in windows of a group that are asked for from the oldest to the newest: each entry is counted once and uncounted once.</summary>
internal sealed class ValueWindow
{
    /// <summary>Clearing costs what it once held.</summary>
    private const int KeptValues = 4_096;

    [ThreadStatic]
    private static ValueWindow? scratch;

    private readonly Dictionary<ulong, int> counts = [];
    private int first, next;

    private ValueWindow() { }

    /// <summary>One to begin anew with, this thread's only.</summary>
    public static ValueWindow Begin()
    {
        var window = scratch is { } kept && kept.counts.Capacity <= KeptValues ? kept : scratch = new ValueWindow();
        window.counts.Clear();
        window.first = window.next = 0;
        return window;
    }

    /// <summary>Distinct values of the entries from one place to another; both at least what they were in the call before.</summary>
    public int Count(ReadOnlySpan<Entry> entries, int from, int last)
    {
        if (from >= next)
        {
            counts.Clear();
            first = next = from;
        }
        for (; next <= last; next++) CollectionsMarshal.GetValueRefOrAddDefault(counts, entries[next].Value, out _)++;
        for (; first < from; first++)
        {
            ref var held = ref CollectionsMarshal.GetValueRefOrNullRef(counts, entries[first].Value);
            if (--held == 0) counts.Remove(entries[first].Value);
        }
        return counts.Count;
    }
}
