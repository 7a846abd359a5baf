using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Palisade.Engine.Parse.Patterns;

/// <summary>
/// Which candidates of an index a text may fit: one walk over its runs of three bytes, letters in any case, hashed to 65,536 places. It never says no to
/// what fits; what it says yes to is tried.
/// </summary>
internal sealed class TextGrams(CandidateIndex candidates)
{
    /// <summary>Places of runs.</summary>
    public const int Places = 1 << PlaceBits;
    /// <summary>Where, of the places that a candidate needs, one stands that every text has.</summary>
    public const int Always = 1 << SeenBits;
    /// <summary>Bytes of a run.</summary>
    public const int Run = 3;

    private const int PlaceBits = 16, SeenBits = 13, Chunk = 4096;
    // Sets the bit that tells small letters from capitals in each byte of a run; of other signs it makes some alike.
    private const uint AnyCase = 0x202020;

    private readonly ushort[] awaited = new ushort[Chunk];
    private readonly ulong[] open = new ulong[candidates.Words];
    // By the lowest bits of a place the number of the text that had it last, modulo 256; what stands behind them is of every text.
    private readonly byte[] seen = new byte[Always + 1];
    private byte current;
    private TextSketch sketch;
    private int offset = -1, length;

    /// <summary>A bit for each candidate that the text at hand may fit.</summary>
    public ReadOnlySpan<ulong> Open => open;

    /// <summary>Number of the next candidate, from one on, that the text at hand may fit; the end where there is none before it.</summary>
    /// <param name="from">The first number that comes into question.</param>
    /// <param name="end">The first number that does not any more.</param>
    /// <param name="of">A bit for each candidate that comes into question.</param>
    public int Next(int from, int end, ReadOnlySpan<ulong> of)
    {
        while (from < end)
        {
            var left = (open[from >> 6] & of[from >> 6]) >> from;
            if (left == 0) { from = (from | 63) + 1; continue; }
            from += BitOperations.TrailingZeroCount(left);
            if (from < end && Has(from)) return from;
            from++;
        }
        return end;
    }

    /// <summary>Whether the text at hand has what a candidate wants beside its witness.</summary>
    public bool Has(int number)
    {
        ref readonly var wanted = ref candidates.WantsOf(number);
        var runs = wanted.Runs;
        return sketch.Has(wanted.Sketch) && seen[(ushort)runs] == current && seen[(ushort)(runs >> 16)] == current && seen[(ushort)(runs >> 32)] == current && seen[(ushort)(runs >> 48)] == current;
    }

    /// <summary>Forgets the text: the next one may stand in the same place.</summary>
    public void Reset() => offset = -1;

    /// <summary>Whether this is the text at hand.</summary>
    public bool Holds(int at, int bytes) => offset == at && length == bytes;

    /// <summary>Takes up a text; nothing is done when it is the one at hand.</summary>
    public void Read(ReadOnlySpan<byte> text, int at)
    {
        if (Holds(at, text.Length)) return;
        (offset, length) = (at, text.Length);
        if (++current == 0) { Array.Clear(seen); current = 1; }
        seen[Always] = current;
        candidates.Begin(open);
        for (var from = 0; from + Run <= text.Length; from += Chunk)
            candidates.Open(awaited.AsSpan(0, Walk(text[from..Math.Min(from + Chunk + Run - 1, text.Length)])), open);
        sketch = TextSketch.Of(text);
    }

    // Notes the places of the text for which somebody waits; gives how many.
    private int Walk(ReadOnlySpan<byte> text)
    {
        ref var wanted = ref MemoryMarshal.GetReference(candidates.Awaited);
        ref var list = ref MemoryMarshal.GetArrayDataReference(awaited);
        ref var stamps = ref MemoryMarshal.GetArrayDataReference(seen);
        var stamp = current;
        var gram = (uint)text[0] << 8 | (uint)text[1] << 16;
        var count = 0;
        for (var i = Run - 1; i < text.Length; i++)
        {
            gram = gram >> 8 | (uint)text[i] << 16;
            var place = (int)Place(gram);
            // Written always, and kept where somebody waits: no branch that would be foretold wrong.
            Unsafe.Add(ref list, count) = (ushort)place;
            count += (int)(Unsafe.Add(ref wanted, place >> 5) >> (int)place) & 1;
            Unsafe.Add(ref stamps, place & Always - 1) = stamp;
        }
        return count;
    }

    /// <summary>Places of all runs of a literal.</summary>
    public static IEnumerable<ushort> PlacesOf(byte[] literal) =>
        Enumerable.Range(0, Math.Max(literal.Length - Run + 1, 0)).Select(i => (ushort)Place((uint)(literal[i] | literal[i + 1] << 8 | literal[i + 2] << 16)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Place(uint gram) => (gram | AnyCase) * 0x9E3779B1u >> 32 - PlaceBits;
}
