using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// One pass over a folded value for all literals of several indexes (those of the fields a value is one of, and the keywords): a bitmap of
/// the hashed groups of four bytes that any index knows its literals by turns nearly every position away, a bitmap of pairs does the same
/// for literals of two and three bytes; only what is left is looked up, index by index.
/// </summary>
internal sealed class LiteralScan
{
    /// <summary>Bytes behind a value that <see cref="Scan"/> may read.</summary>
    public const int Slack = ShortGate.Reach;

    private readonly LiteralIndex[] indexes;
    private readonly uint[] grams = [];
    private readonly ulong[] pairs = [];
    private readonly ShortGate? shorts;
    private readonly int shift;

    public LiteralScan(params LiteralIndex[] indexes)
    {
        this.indexes = indexes;
        var count = indexes.Sum(static i => i.GramCount);
        if (count > 0)
        {
            // 64 bits or more a literal, as long as the map stays in the first cache; 8 or more, where so many make a larger one
            var log = BitOperations.Log2((uint)count);
            var bits = Math.Max(Math.Clamp(log + 7, 10, 18), Math.Min(log + 4, 22));
            shift = 32 - bits;
            grams = new uint[(1 << bits) / 32];
            foreach (var index in indexes)
            {
                foreach (var gram in index.Grams)
                {
                    var h = LiteralIndex.Mix(gram) >> shift;
                    grams[h >> 5] |= 1u << (int)(h & 31);
                }
            }
        }
        foreach (var index in indexes)
        {
            if (index.Pairs.Length == 0) continue;
            if (pairs.Length == 0) { pairs = index.Pairs; continue; }
            pairs = [.. pairs];
            for (var i = 0; i < pairs.Length; i++) pairs[i] |= index.Pairs[i];
        }
        if (pairs.Length > 0 && Avx2.IsSupported) shorts = new ShortGate(indexes.SelectMany(static i => i.Shorts));
    }

    /// <summary>
    /// Finds every literal in a folded value, which is the first <paramref name="length"/> bytes of <paramref name="buffer"/>. Behind it lie
    /// <see cref="Slack"/> bytes more that may be read, whatever they hold.
    /// </summary>
    public void Scan<TSink>(byte[] buffer, int length, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length + Slack, buffer.Length);
        ReadOnlySpan<byte> text = buffer.AsSpan(0, length);
        foreach (var index in indexes) index.Whole(text, ref sink);
        if (grams.Length > 0) Grams(buffer, length, ref sink);
        if (pairs.Length > 0) Pairs(buffer, length, ref sink);
    }

    private void Grams<TSink>(byte[] buffer, int length, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        ref var from = ref MemoryMarshal.GetArrayDataReference(buffer);
        var last = length - 4;
        if (Avx2.IsSupported)
        {
            for (var i = 0; i <= last; i += 8)
            {
                var hits = Probe(ref Unsafe.Add(ref from, i));
                if (last - i < 7) hits &= (1u << (last - i + 1)) - 1;
                for (; hits != 0; hits &= hits - 1) Found(buffer.AsSpan(0, length), i + BitOperations.TrailingZeroCount(hits), ref sink);
            }
            return;
        }
        for (var i = 0; i <= last; i++)
        {
            var h = LiteralIndex.Mix(Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref from, i))) >> shift;
            if ((grams[h >> 5] >> (int)(h & 31) & 1) != 0) Found(buffer.AsSpan(0, length), i, ref sink);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Found<TSink>(ReadOnlySpan<byte> text, int at, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        foreach (var index in indexes) index.Gram(text, at, ref sink);
    }

    // Eight groups of four bytes that begin at eight neighbouring bytes:
    //   lane 0: 0123 1234 2345 3456    lane 1: 4567 5678 6789 789A
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe uint Probe(ref byte at)
    {
        var sixteen = Unsafe.ReadUnaligned<Vector128<byte>>(ref at);
        var spread = Avx2.Shuffle(Vector256.Create(sixteen, sixteen), Vector256.Create(
            (byte)0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6, 4, 5, 6, 7, 5, 6, 7, 8, 6, 7, 8, 9, 7, 8, 9, 10)).AsUInt32();
        var hash = Vector256.ShiftRightLogical(spread * Vector256.Create(LiteralIndex.Factor), shift);
        fixed (uint* map = grams)
        {
            var words = Avx2.GatherVector256(map, Vector256.ShiftRightLogical(hash, 5).AsInt32(), 4);
            var bit = Avx2.ShiftRightLogicalVariable(words, hash & Vector256.Create(31u));
            return Vector256.ShiftLeft(bit, 31).ExtractMostSignificantBits();
        }
    }

    private void Pairs<TSink>(byte[] buffer, int length, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        ref var from = ref MemoryMarshal.GetArrayDataReference(buffer);
        var last = length - 2;
        if (shorts is not null)
        {
            for (var i = 0; i <= last; i += 32)
            {
                var hits = shorts.At(ref Unsafe.Add(ref from, i));
                if (last - i < 31) hits &= (1u << (last - i + 1)) - 1;
                for (; hits != 0; hits &= hits - 1) Pair(buffer.AsSpan(0, length), i + BitOperations.TrailingZeroCount(hits), ref sink);
            }
            return;
        }
        for (var i = 0; i <= last; i++) Pair(buffer.AsSpan(0, length), i, ref sink);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Pair<TSink>(ReadOnlySpan<byte> text, int at, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        uint pair = Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref MemoryMarshal.GetReference(text), at));
        if ((pairs[pair >> 6] >> (int)(pair & 63) & 1) == 0) return;
        foreach (var index in indexes) index.Pair(text, at, ref sink);
    }
}
