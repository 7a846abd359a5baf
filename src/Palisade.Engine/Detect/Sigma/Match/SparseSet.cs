using System.Runtime.CompilerServices;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>A set of numbers below a bound, a bit each, so that asking for many touches little memory; emptied at the cost of what it holds. Allocates only while it grows.</summary>
internal sealed class SparseSet(int bound)
{
    private readonly ulong[] bits = new ulong[(bound + 63) / 64];
    private int[] items = new int[64];

    public int Count { get; private set; }

    /// <summary>What it holds, in the order it came.</summary>
    public Span<int> Items => items.AsSpan(0, Count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Has(int number) => (bits[number >> 6] >> number & 1) != 0;

    /// <summary>Adds a number; false where it is there already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Add(int number)
    {
        ref var word = ref bits[number >> 6];
        var bit = 1UL << number;
        if ((word & bit) != 0) return false;
        word |= bit;
        if (Count == items.Length) Array.Resize(ref items, Count * 2);
        items[Count++] = number;
        return true;
    }

    public void Clear()
    {
        foreach (var number in Items) bits[number >> 6] = 0;
        Count = 0;
    }
}
