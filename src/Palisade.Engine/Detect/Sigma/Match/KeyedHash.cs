using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// A hash of bytes: multiply and fold, 16 bytes a step (the construction of wyhash), keyed at both ends by the process, so that nobody
/// outside can prepare bytes that meet in one place of a table.
/// </summary>
internal static class KeyedHash
{
    private static readonly ulong Key0 = RandomKey(), Key1 = RandomKey();

    private static ulong RandomKey()
    {
        Span<byte> key = stackalloc byte[8];
        RandomNumberGenerator.Fill(key);
        return MemoryMarshal.Read<ulong>(key) | 1;
    }

    /// <param name="kind">Tells apart what the same bytes stand for.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(uint kind, ReadOnlySpan<byte> value)
    {
        ref var p = ref MemoryMarshal.GetReference(value);
        nint n = value.Length;
        var seed = Key0 ^ (kind * 0x9E3779B97F4A7C15UL);
        ulong a, b;
        if (n <= 16)
        {
            if (n >= 8) { a = Read8(ref p, 0); b = Read8(ref p, n - 8); }
            else if (n >= 4) { a = Read4(ref p, 0); b = Read4(ref p, n - 4); }
            else if (n > 0) { a = (ulong)p << 16 | (ulong)Unsafe.Add(ref p, n >> 1) << 8 | Unsafe.Add(ref p, n - 1); b = 0; }
            else { a = 0; b = 0; }
        }
        else
        {
            nint i = 0;
            if (n > 64)
            {
                // two chains, neither of which waits for the other
                var other = seed;
                for (; i + 32 < n; i += 32)
                {
                    seed = Mix(Read8(ref p, i) ^ Key1, Read8(ref p, i + 8) ^ seed);
                    other = Mix(Read8(ref p, i + 16) ^ Key0, Read8(ref p, i + 24) ^ other);
                }
                seed ^= other;
            }
            for (; i + 16 < n; i += 16) seed = Mix(Read8(ref p, i) ^ Key1, Read8(ref p, i + 8) ^ seed);
            a = Read8(ref p, n - 16);
            b = Read8(ref p, n - 8);
        }
        return Mix(Key1 ^ (ulong)n, Mix(a ^ Key1, b ^ seed));
    }

    /// <summary>The same of numbers.</summary>
    public static ulong Of(ReadOnlySpan<int> numbers) => Of(0, MemoryMarshal.AsBytes(numbers));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return high ^ low;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Read8(ref byte p, nint at) => Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref p, at));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Read4(ref byte p, nint at) => Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref p, at));
}
