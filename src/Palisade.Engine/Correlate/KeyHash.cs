using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Palisade.Engine.Correlate;

/// <summary>
/// Hash of a group's key: of its values as they are folded, taken in one by one, so that spellings of one key have one hash. Sixteen bytes are folded and mixed at a time.
/// </summary>
/// <remarks>Multiply and fold (the construction of wyhash), keyed by the process.</remarks>
internal static class KeyHash
{
    /// <summary>Bytes behind a value that are read, whatever they hold.</summary>
    public const int Slack = 16;

    private static readonly ulong Seed1 = Random64(1), Seed2 = Random64(2);

    // Differs from run to run, so that nobody can choose names that fall into one slot. Nothing that can be seen depends on it.
    private static ulong Random64(int n) => (ulong)(uint)HashCode.Combine(n, 0) << 32 | (uint)HashCode.Combine(0, n, n);

    /// <summary>What the hash of a key of a correlation and tenant begins with.</summary>
    public static ulong Begin(int rule, uint tenant) => Mix(Seed1, Seed2 ^ ((ulong)(uint)rule << 32 | tenant));

    /// <summary>Takes a value in that is ASCII; false where it is not: then it has to be folded before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAdd(ref ulong hash, ref byte value, int length)
    {
        var h = hash;
        for (var i = 0; i < length; i += Vector128<byte>.Count)
        {
            var signs = Vector128.LoadUnsafe(ref value, (nuint)i) & First(length - i);
            if (signs.ExtractMostSignificantBits() != 0) return false;
            h = Add(h, signs);
        }
        hash = Mix(Seed2 ^ (uint)length, h);
        return true;
    }

    /// <summary>Takes a value in that is folded.</summary>
    public static ulong Add(ulong hash, ref byte folded, int length)
    {
        for (var i = 0; i < length; i += Vector128<byte>.Count) hash = Add(hash, Vector128.LoadUnsafe(ref folded, (nuint)i) & First(length - i));
        return Mix(Seed2 ^ (uint)length, hash);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Add(ulong hash, Vector128<byte> signs)
    {
        // A to Z, told by one unsigned comparison
        var capital = Vector128.LessThan(signs - Vector128.Create((byte)'A'), Vector128.Create((byte)26));
        var folded = (signs | capital & Vector128.Create((byte)0x20)).AsUInt64();
        return Mix(folded.ToScalar() ^ Seed1, folded.GetElement(1) ^ hash);
    }

    /// <summary>All bits of so many bytes, at most sixteen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> First(int count) => Vector128.LessThan(Vector128<byte>.Indices, Vector128.Create((byte)Math.Min(count, Vector128<byte>.Count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return high ^ low;
    }
}
