using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Palisade.Engine.Detect.Web;

/// <summary>Finds every literal of a fixed set in one pass over bytes: at each place a filter of three bytes says whether one may begin there.</summary>
/// <remarks>
/// No place waits for the one before it, unlike in an automaton, and what text touches fits into the first cache:
/// <code>three bytes ► hash h (14 bits) ► bit h set? ► literals first[h] … first[h + 1] ► first eight bytes under a mask ► the rest</code>
/// Literals of one or two bytes stand in lists by their first byte, behind a filter of two bytes.
/// Source: S. Wu, U. Manber, "A fast algorithm for multi-pattern searching", University of Arizona TR-94-17 (1994), without its shifts.
/// </remarks>
internal sealed class LiteralScan
{
    private const int HashBits = 14, Prefix = 3, Head = sizeof(ulong);

    private readonly record struct Entry(ulong Bytes, ulong Mask, int Literal, int Length);

    private readonly byte[][] literals;
    private readonly byte[] bits = new byte[1 << (HashBits - 3)];
    // By the first two bytes: whether a literal of one or two may begin so.
    private readonly byte[] shortBits = new byte[1 << 13];
    private readonly Entry[] entries, shortEntries;
    private readonly ushort[] first = new ushort[(1 << HashBits) + 1];
    private readonly ushort[] shortFirst = new ushort[257];

    /// <param name="literals">None is empty.</param>
    public LiteralScan(IReadOnlyList<byte[]> literals)
    {
        this.literals = [.. literals];
        var all = Enumerable.Range(0, literals.Count).ToArray();
        entries = Sort(all.Where(i => literals[i].Length >= Prefix), i => (int)HashOf(Load(literals[i])), first);
        shortEntries = Sort(all.Where(i => literals[i].Length < Prefix), i => literals[i][0], shortFirst);
        for (var h = 0; h < 1 << HashBits; h++)
            if (first[h] != first[h + 1]) bits[h >> 3] |= (byte)(1 << (h & 7));
        foreach (var literal in literals.Where(l => l.Length < Prefix))
            for (var second = literal.Length == 1 ? 0 : literal[1]; second <= (literal.Length == 1 ? 255 : literal[1]); second++)
                shortBits[literal[0] >> 3 | second << 5] |= (byte)(1 << (literal[0] & 7));
    }

    private Entry[] Sort(IEnumerable<int> own, Func<int, int> keyOf, ushort[] starts)
    {
        var sorted = own.OrderBy(keyOf).ThenBy(i => i).ToArray();
        foreach (var i in sorted) starts[keyOf(i) + 1]++;
        for (var k = 1; k < starts.Length; k++) starts[k] += starts[k - 1];
        return [.. sorted.Select(i => new Entry(Load(literals[i]), MaskOf(literals[i].Length), i, literals[i].Length))];
    }

    private static ulong Load(ReadOnlySpan<byte> bytes)
    {
        Span<byte> eight = stackalloc byte[Head];
        eight.Clear();
        bytes[..Math.Min(Head, bytes.Length)].CopyTo(eight);
        return BinaryPrimitives.ReadUInt64LittleEndian(eight);
    }

    private static ulong MaskOf(int length) => length >= Head ? ulong.MaxValue : (1UL << 8 * length) - 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint HashOf(ulong bytes) => ((uint)bytes & 0xFF_FFFF) * 0x9E3779B1 >> (32 - HashBits);

    /// <summary>Calls <paramref name="sink"/> for each literal, with the offset just behind it; where one begins rises from call to call.</summary>
    public void Scan<TSink>(ReadOnlySpan<byte> text, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        ref var start = ref MemoryMarshal.GetReference(text);
        ref var filter = ref MemoryMarshal.GetArrayDataReference(bits);
        ref var two = ref MemoryMarshal.GetArrayDataReference(shortBits);
        var i = 0;
        for (; i <= text.Length - Head; i++)
        {
            var word = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, i));
            var h = HashOf(word);
            if (((Unsafe.Add(ref filter, h >> 3) >> (int)(h & 7) | Unsafe.Add(ref two, (uint)(ushort)word >> 3) >> (int)(word & 7)) & 1) != 0) Look(text, i, word, h, ref sink);
        }
        for (; i < text.Length; i++) Look(text, i, Load(text[i..]), ref sink);
    }

    /// <summary>Near the end: the bytes that are not there read as zero, and lengths are compared.</summary>
    private void Look<TSink>(ReadOnlySpan<byte> text, int i, ulong word, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct => Look(text, i, word, HashOf(word), ref sink);

    private void Look<TSink>(ReadOnlySpan<byte> text, int i, ulong word, uint h, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        Compare(text, i, word, shortEntries.AsSpan(shortFirst[(byte)word]..shortFirst[(byte)word + 1]), ref sink);
        Compare(text, i, word, entries.AsSpan(first[h]..first[h + 1]), ref sink);
    }

    private void Compare<TSink>(ReadOnlySpan<byte> text, int i, ulong word, ReadOnlySpan<Entry> among, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        foreach (ref readonly var entry in among)
        {
            if (((word ^ entry.Bytes) & entry.Mask) != 0 || entry.Length > text.Length - i) continue;
            if (entry.Length > Head && !text.Slice(i + Head, entry.Length - Head).SequenceEqual(literals[entry.Literal].AsSpan(Head))) continue;
            sink.Found(entry.Literal, i + entry.Length);
        }
    }
}

/// <summary>Receives the literals found.</summary>
internal interface ILiteralSink
{
    void Found(int literal, int end);
}
