using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// Tests of 64 bytes at once: bit n of an answer is that of byte n. By one vector where the processor has so wide ones, else by two or four
/// smaller ones: what the run-time puts together for a vector that the processor does not have is several times slower.
/// </summary>
internal static class Bytes64
{
    /// <summary>Bytes read from the place given on.</summary>
    public const int Length = 64;

    /// <summary>Bytes that are equal to one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Equal(ref byte at, byte other)
    {
        if (Vector512.IsHardwareAccelerated)
            return Vector512.Equals(Vector512.LoadUnsafe(ref at), Vector512.Create(other)).ExtractMostSignificantBits();
        if (!Vector256.IsHardwareAccelerated) return Equal16(ref at, other) | Equal16(ref Unsafe.Add(ref at, 16), other) << 16 | Equal16(ref Unsafe.Add(ref at, 32), other) << 32 | Equal16(ref Unsafe.Add(ref at, 48), other) << 48;
        var v = Vector256.Create(other);
        return Both(Vector256.Equals(Vector256.LoadUnsafe(ref at), v), Vector256.Equals(Vector256.LoadUnsafe(ref at, 32), v));
    }

    /// <summary>Bytes that are at most another, counted from one on: 0 to <paramref name="span"/> more than <paramref name="from"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Within(ref byte at, byte from, byte span)
    {
        if (Vector512.IsHardwareAccelerated)
            return Vector512.LessThanOrEqual(Vector512.LoadUnsafe(ref at) - Vector512.Create(from), Vector512.Create(span)).ExtractMostSignificantBits();
        if (!Vector256.IsHardwareAccelerated)
            return Within16(ref at, from, span) | Within16(ref Unsafe.Add(ref at, 16), from, span) << 16 | Within16(ref Unsafe.Add(ref at, 32), from, span) << 32 | Within16(ref Unsafe.Add(ref at, 48), from, span) << 48;
        var (begin, most) = (Vector256.Create(from), Vector256.Create(span));
        var low = Vector256.LoadUnsafe(ref at) - begin;
        var high = Vector256.LoadUnsafe(ref at, 32) - begin;
        // there is no instruction that compares unsigned bytes, but one for the smaller of two
        return Both(Vector256.Equals(Vector256.Min(low, most), low), Vector256.Equals(Vector256.Min(high, most), high));
    }

    /// <summary>The same of bytes in which the bit that makes letters small is set before; so letters of both cases, given small, are within.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Letters(ref byte at, byte from, byte span)
    {
        const byte Small = 0x20;
        if (Vector512.IsHardwareAccelerated)
            return Vector512.LessThanOrEqual((Vector512.LoadUnsafe(ref at) | Vector512.Create(Small)) - Vector512.Create(from), Vector512.Create(span)).ExtractMostSignificantBits();
        if (!Vector256.IsHardwareAccelerated)
            return Letters16(ref at, from, span) | Letters16(ref Unsafe.Add(ref at, 16), from, span) << 16 | Letters16(ref Unsafe.Add(ref at, 32), from, span) << 32 | Letters16(ref Unsafe.Add(ref at, 48), from, span) << 48;
        var (begin, most, small) = (Vector256.Create(from), Vector256.Create(span), Vector256.Create(Small));
        var low = (Vector256.LoadUnsafe(ref at) | small) - begin;
        var high = (Vector256.LoadUnsafe(ref at, 32) | small) - begin;
        return Both(Vector256.Equals(Vector256.Min(low, most), low), Vector256.Equals(Vector256.Min(high, most), high));
    }

    /// <summary>Bytes that are the same at two places.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Same(ref byte at, ref byte other)
    {
        if (Vector512.IsHardwareAccelerated)
            return Vector512.Equals(Vector512.LoadUnsafe(ref at), Vector512.LoadUnsafe(ref other)).ExtractMostSignificantBits();
        if (!Vector256.IsHardwareAccelerated)
            return Same16(ref at, ref other, 0) | Same16(ref at, ref other, 16) << 16 | Same16(ref at, ref other, 32) << 32 | Same16(ref at, ref other, 48) << 48;
        return Both(
            Vector256.Equals(Vector256.LoadUnsafe(ref at), Vector256.LoadUnsafe(ref other)),
            Vector256.Equals(Vector256.LoadUnsafe(ref at, 32), Vector256.LoadUnsafe(ref other, 32)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Both(Vector256<byte> low, Vector256<byte> high) => low.ExtractMostSignificantBits() | (ulong)high.ExtractMostSignificantBits() << 32;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Equal16(ref byte at, byte other) => Vector128.Equals(Vector128.LoadUnsafe(ref at), Vector128.Create(other)).ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Within16(ref byte at, byte from, byte span) =>
        Vector128.LessThanOrEqual(Vector128.LoadUnsafe(ref at) - Vector128.Create(from), Vector128.Create(span)).ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Letters16(ref byte at, byte from, byte span) =>
        Vector128.LessThanOrEqual((Vector128.LoadUnsafe(ref at) | Vector128.Create((byte)0x20)) - Vector128.Create(from), Vector128.Create(span)).ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Same16(ref byte at, ref byte other, nuint from) =>
        Vector128.Equals(Vector128.LoadUnsafe(ref at, from), Vector128.LoadUnsafe(ref other, from)).ExtractMostSignificantBits();
}
