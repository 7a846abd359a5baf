using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Palisade.Engine.Correlate;

/// <summary>
/// Chunks of 8-byte units, cut from pages of the managed heap. A chunk is named by an int (page, then unit in the page); 0 is none. A chunk that is given back is
/// handed out again to the next that asks for its size, so that in steady state nothing is allocated.
/// </summary>
/// <remarks>
/// Sizes are the powers of two and the middles between them (1, 2, 3, 4, 6, 8, 12 …): at most a third of a chunk lies idle, and of a line of 64 bytes what the chunks in it leave.
/// </remarks>
internal sealed class Slab
{
    /// <summary>Units of the largest chunk.</summary>
    public const int MaxUnits = 1 << 14;

    private const int Line = 8, PageBits = 21, PageUnits = 1 << PageBits, FirstUnits = 64, Classes = 29;

    private readonly int[] free = new int[Classes];
    private LineArray<ulong>[] pages = [];
    private int page = -1, used;

    /// <summary>Units of the chunk that is handed out for so many.</summary>
    public static int Rounded(int units)
    {
        if (units <= 4) return Math.Max(1, units);
        var power = (int)BitOperations.RoundUpToPowerOf2((uint)units);
        var middle = power / 4 * 3;
        return units <= middle ? middle : power;
    }

    // 1, 2, 3, 4, 6, 8 … are the classes 0, 1, 2, 3, 4, 5 …
    private static int Class(int rounded)
    {
        var log = BitOperations.Log2((uint)rounded);
        return rounded == 1 ? 0 : BitOperations.IsPow2(rounded) ? 2 * log - 1 : 2 * log;
    }

    /// <summary>A chunk of at least so many units, at most <see cref="MaxUnits"/>. What it holds is whatever was there.</summary>
    public int Take(int units)
    {
        units = Rounded(units);
        ref var first = ref free[Class(units)];
        if (first != 0)
        {
            var again = first;
            first = (int)Chunk(again, 1)[0];
            Prefetch(first);
            return again;
        }
        // what fits into a line of the processor's cache does not lie in two
        if (units <= Line && (used & Line - 1) + units > Line) used = (used | Line - 1) + 1;
        if (page < 0 || pages[page].Length - used < units) More(units);
        var taken = page << PageBits | used;
        used += units;
        return taken;
    }

    // The first page begins small and grows in place: most correlators hold little.
    private void More(int units)
    {
        if (page == 0 && used + units <= PageUnits)
        {
            pages[0] = pages[0].Of(Math.Max(pages[0].Length * 2, (int)BitOperations.RoundUpToPowerOf2((uint)(used + units))));
            return;
        }
        if (++page == pages.Length) Array.Resize(ref pages, Math.Max(4, pages.Length * 2));
        pages[page] = new LineArray<ulong>(page == 0 ? Math.Max(FirstUnits, (int)BitOperations.RoundUpToPowerOf2((uint)units + 1)) : PageUnits);
        // 0 is none
        used = page == 0 ? 1 : 0;
    }

    /// <summary>Gives back a chunk that was taken for so many units.</summary>
    public void Give(int chunk, int units)
    {
        ref var first = ref free[Class(Rounded(units))];
        Chunk(chunk, 1)[0] = (ulong)first;
        first = chunk;
    }

    /// <summary>Fetches the begin of a chunk into the cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void Prefetch(int chunk)
    {
        if (Sse.IsSupported && chunk != 0) Sse.Prefetch0(Unsafe.AsPointer(ref pages[chunk >> PageBits][chunk & PageUnits - 1]));
    }

    public Span<ulong> Chunk(int chunk, int units) => pages[chunk >> PageBits].Items.Slice(chunk & (PageUnits - 1), units);

    /// <summary>Forgets all chunks and their pages.</summary>
    public void Clear()
    {
        Array.Clear(free);
        pages = [];
        (page, used) = (-1, 0);
    }
}
