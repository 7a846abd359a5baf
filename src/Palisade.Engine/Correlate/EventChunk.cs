using System.Runtime.CompilerServices;

namespace Palisade.Engine.Correlate;

/// <summary>
/// The events of a counting group, by time. An event is 8 bytes: its time and its journal sequence relative to the group's base. Up to two lie in the record; more in a chunk:
/// <code>fired at i64 · capacity in units u32, first event u32 · events, each: time i32, sequence i32</code>
/// </summary>
/// <remarks>Source: none; Sigma leaves the storage open. Windows of correlations that count so must be shorter than <see cref="MaxSpanMs"/>.</remarks>
internal static class EventChunk
{
    /// <summary>Longest time span and lateness together that relative times have room for: twelve days; milliseconds.</summary>
    public const long MaxSpanMs = 1L << 30;

    private const int Header = 2;

    private static ulong Pack(long time, long sequence) => (ulong)(uint)(int)time << 32 | (uint)(int)sequence;

    /// <summary>Time of a packed event, relative to the base; milliseconds.</summary>
    public static int Time(ulong packed) => (int)(packed >> 32);

    /// <summary>Journal sequence of a packed event of a group.</summary>
    public static ulong Sequence(in GroupRecord group, ulong packed) => group.BaseSequence + (ulong)(int)packed;

    /// <summary>The events, oldest first.</summary>
    /// <param name="two">Room for two.</param>
    public static Span<ulong> Events(Slab slab, in GroupRecord group, Span<ulong> two)
    {
        if (group.More == 0)
        {
            (two[0], two[1]) = (0, group.Newest);
            return two[..group.Count];
        }
        var start = (int)(slab.Chunk(group.More, Header)[1] >> 32);
        return slab.Chunk(group.More, Header + start + group.Count)[(Header + start)..];
    }

    /// <summary>The newest event, packed. The group must hold one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Newest(in GroupRecord group) => group.Count == 1 && group.More == 0 ? 0 : group.Newest;

    /// <summary>When a group that fired did; Unix milliseconds.</summary>
    public static ref ulong FiredAt(Slab slab, ref GroupRecord group)
    {
        if (group.More == 0) Spill(slab, ref group, Header + 2);
        return ref slab.Chunk(group.More, 1)[0];
    }

    /// <summary>Adds an event at its time, behind those of the same moment; its place, or -1 where it cannot be told relative to the base.</summary>
    /// <param name="beforeMs">Events before this are not needed any more, should there be no room for what lies between.</param>
    public static int Insert(Slab slab, ref GroupRecord group, long timeMs, ulong sequence, long beforeMs)
    {
        if (group.Count > 0 && !Fits(timeMs - group.BaseTimeMs, (long)(sequence - group.BaseSequence)))
        {
            Evict(slab, ref group, beforeMs, int.MaxValue);
            if (group.Count > 0 && !Rebase(slab, ref group, timeMs, sequence)) return -1;
        }
        if (group.Count == 0)
        {
            (group.BaseTimeMs, group.BaseSequence) = (timeMs, sequence);
            if (group.More != 0) Append(slab, ref group, 0);
            (group.Count, group.Newest) = (1, 0);
            return 0;
        }
        var packed = Pack(timeMs - group.BaseTimeMs, (long)(sequence - group.BaseSequence));
        if (group.More == 0)
        {
            if (group.Count == 1)
            {
                group.Count = 2;
                if (Time(packed) >= 0)
                {
                    group.Newest = packed;
                    return 1;
                }
                group.Newest = Pack(group.BaseTimeMs - timeMs, (long)(group.BaseSequence - sequence));
                (group.BaseTimeMs, group.BaseSequence) = (timeMs, sequence);
                return 0;
            }
            Spill(slab, ref group, Header + 6);
        }
        Append(slab, ref group, packed);
        group.Count++;
        if (Time(packed) >= Time(group.Newest))
        {
            group.Newest = packed;
            return group.Count - 1;
        }
        var events = Events(slab, group, []);
        var at = events.Length - 1;
        for (; at > 0 && Time(events[at - 1]) > Time(packed); at--) events[at] = events[at - 1];
        events[at] = packed;
        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Fits(long time, long sequence) => time is > -MaxSpanMs and < MaxSpanMs && sequence is > int.MinValue and < int.MaxValue;

    // Writes behind the last event; the count stays.
    private static void Append(Slab slab, ref GroupRecord group, ulong packed)
    {
        var header = slab.Chunk(group.More, Header)[1];
        int start = (int)(header >> 32), capacity = (int)(uint)header, count = group.Count;
        var chunk = slab.Chunk(group.More, capacity);
        if (Header + start + count == capacity)
        {
            if (start > count / 2) chunk.Slice(Header + start, count).CopyTo(chunk[Header..]);
            else
            {
                var (old, fired) = (group.More, chunk[0]);
                var larger = Slab.Rounded(capacity + 1);
                group.More = slab.Take(larger);
                var to = slab.Chunk(group.More, larger);
                // taking may have moved the first page
                slab.Chunk(old, capacity).Slice(Header + start, count).CopyTo(to[Header..]);
                to[0] = fired;
                slab.Give(old, capacity);
                chunk = to;
                capacity = larger;
            }
            start = 0;
            chunk[1] = (ulong)start << 32 | (uint)capacity;
        }
        chunk[Header + start + count] = packed;
    }

    private static void Spill(Slab slab, ref GroupRecord group, int units)
    {
        Span<ulong> two = stackalloc ulong[2];
        var events = Events(slab, group, two);
        var capacity = Slab.Rounded(units);
        group.More = slab.Take(capacity);
        var chunk = slab.Chunk(group.More, capacity);
        (chunk[0], chunk[1]) = (0, (uint)capacity);
        events.CopyTo(chunk[Header..]);
        if (group.Count == 1) group.Newest = 0;
    }

    /// <summary>Whether a group may hold an event from before a time; told by its record alone.</summary>
    public static bool MayEvict(in GroupRecord group, long beforeMs) => group.More != 0 || group.BaseTimeMs < beforeMs;

    /// <summary>Forgets events before a time, and the oldest beyond <paramref name="max"/>; how many of those.</summary>
    public static int Evict(Slab slab, ref GroupRecord group, long beforeMs, int max)
    {
        var before = beforeMs - group.BaseTimeMs;
        if (group.More == 0)
        {
            // at most two: never too many
            while (group.Count > 0 && before > 0)
            {
                if (group.Count == 1) { group.Count = 0; return 0; }
                group.BaseTimeMs += Time(group.Newest);
                group.BaseSequence += (ulong)(int)group.Newest;
                group.Count = 1;
                before = beforeMs - group.BaseTimeMs;
            }
            return 0;
        }
        var events = Events(slab, group, []);
        var gone = 0;
        while (gone < events.Length && Time(events[gone]) < before) gone++;
        var over = Math.Max(0, events.Length - gone - max);
        gone += over;
        if (gone == 0) return 0;
        group.Count -= gone;
        if (group.Count <= 1 && !group.Fired) Shrink(slab, ref group, events[gone..]);
        else slab.Chunk(group.More, Header)[1] += (ulong)gone << 32;
        return over;
    }

    // One event is left, or none: the record has room for it.
    private static void Shrink(Slab slab, ref GroupRecord group, ReadOnlySpan<ulong> left)
    {
        if (left.Length == 1)
        {
            group.BaseTimeMs += Time(left[0]);
            group.BaseSequence += (ulong)(int)left[0];
        }
        Release(slab, ref group);
    }

    /// <summary>Gives the chunk back.</summary>
    public static void Release(Slab slab, ref GroupRecord group)
    {
        if (group.More == 0) return;
        slab.Give(group.More, (int)(uint)slab.Chunk(group.More, Header)[1]);
        group.More = 0;
    }

    // Takes the oldest event for the base. False where something is further from it than there is room for.
    private static bool Rebase(Slab slab, ref GroupRecord group, long timeMs, ulong sequence)
    {
        Span<ulong> two = stackalloc ulong[2];
        var events = Events(slab, group, two);
        var time = Math.Min(timeMs, group.BaseTimeMs + Time(events[0]));
        var first = Math.Min(sequence, Sequence(group, events[0]));
        if (!Fits(timeMs - time, (long)(sequence - first))) return false;
        foreach (var e in events)
            if (!Fits(group.BaseTimeMs + Time(e) - time, (long)(Sequence(group, e) - first))) return false;
        if (group.More == 0) Spill(slab, ref group, Header + 2);
        foreach (ref var e in Events(slab, group, [])) e = Pack(group.BaseTimeMs + Time(e) - time, (long)(Sequence(group, e) - first));
        (group.BaseTimeMs, group.BaseSequence) = (time, first);
        group.Newest = Events(slab, group, [])[^1];
        return true;
    }

    /// <summary>Place of the first event at or behind a relative time.</summary>
    public static int FirstAt(ReadOnlySpan<ulong> events, long time)
    {
        int low = 0, high = events.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Time(events[middle]) < time) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
