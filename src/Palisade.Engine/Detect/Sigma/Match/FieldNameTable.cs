using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// Field names as JSON writes them, with the ids they stand for: a name is looked up in the engine's table once and found here from then
/// on. Bounded: past <see cref="MaxNames"/> a name is asked for each time. One instance a thread.
/// </summary>
internal sealed class FieldNameTable
{
    private const int MaxNames = 4096, Slots = MaxNames * 4;

    private struct Entry
    {
        public ulong Hash;
        public byte[] Name;
        public ushort Id;
    }

    private readonly Entry[] entries = new Entry[Slots];
    private int count;

    public ushort Id(ReadOnlySpan<byte> name)
    {
        var hash = Hash(name);
        var at = (int)(hash >> 40) & (Slots - 1);
        while (true)
        {
            ref var entry = ref entries[at];
            if (entry.Name is null) break;
            if (entry.Hash == hash && name.SequenceEqual(entry.Name)) return entry.Id;
            at = (at + 1) & (Slots - 1);
        }
        return Add(name, hash, at);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ushort Add(ReadOnlySpan<byte> name, ulong hash, int at)
    {
        var id = FieldNames.GetOrAdd(name);
        if (count == MaxNames) return id;
        count++;
        entries[at] = new Entry { Hash = hash, Name = name.ToArray(), Id = id };
        return id;
    }

    // Ends and length tell field names apart; the middle of long ones is left to the comparison. Names that were made to meet cost at
    // most the table's bound each, and the table is never more than a quarter full.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Hash(ReadOnlySpan<byte> name)
    {
        ref var p = ref MemoryMarshal.GetReference(name);
        nint n = name.Length;
        ulong a, b;
        if (n >= 8)
        {
            a = Unsafe.ReadUnaligned<ulong>(ref p);
            b = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref p, n - 8));
            if (n > 16) a ^= Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref p, n / 2 - 4)) * 0xC4CEB9FE1A85EC53;
        }
        else if (n >= 4) { a = Unsafe.ReadUnaligned<uint>(ref p); b = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref p, n - 4)); }
        else { a = n == 0 ? 0u : (uint)(p << 16 | Unsafe.Add(ref p, n >> 1) << 8 | Unsafe.Add(ref p, n - 1)); b = 0; }
        var high = Math.BigMul(a ^ 0x9E3779B97F4A7C15 ^ (ulong)n, b ^ 0xFF51AFD7ED558CCD, out var low);
        return high ^ low;
    }
}
