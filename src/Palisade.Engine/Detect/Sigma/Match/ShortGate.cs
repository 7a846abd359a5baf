using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// Where in a folded value literals of two or three bytes may begin, 32 places at once (the "Teddy" of Hyperscan, NSDI 2019): the literals
/// are dealt out to eight buckets; for each half of each of three bytes a table says which buckets have it there. It says yes too often,
/// never too seldom. Needs AVX2.
/// </summary>
internal sealed class ShortGate
{
    /// <summary>Bytes read from the first place on.</summary>
    public const int Reach = 34;

    private readonly Vector256<byte> low0, low1, low2, high0, high1, high2;

    public ShortGate(IEnumerable<byte[]> literals)
    {
        // neighbours begin alike, so that a bucket's bytes are few
        byte[][] sorted = [.. literals.OrderBy(static l => l[0] << 16 | l[1] << 8 | (l.Length > 2 ? l[2] : 0))];
        var low = new byte[3, 16];
        var high = new byte[3, 16];
        for (var n = 0; n < sorted.Length; n++)
        {
            var bucket = (byte)(1 << n * 8 / sorted.Length);
            for (var place = 0; place < 3; place++)
            {
                for (var half = 0; half < 16; half++)
                {
                    var any = place >= sorted[n].Length;
                    if (any || (sorted[n][place] & 15) == half) low[place, half] |= bucket;
                    if (any || sorted[n][place] >> 4 == half) high[place, half] |= bucket;
                }
            }
        }
        (low0, low1, low2) = (Table(low, 0), Table(low, 1), Table(low, 2));
        (high0, high1, high2) = (Table(high, 0), Table(high, 1), Table(high, 2));
    }

    private static Vector256<byte> Table(byte[,] of, int place)
    {
        var table = Vector128.Create(Enumerable.Range(0, 16).Select(half => of[place, half]).ToArray());
        return Vector256.Create(table, table);
    }

    /// <summary>Bit n: one may begin at byte n. <see cref="Reach"/> bytes are read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint At(ref byte from)
    {
        var buckets = Of(Vector256.LoadUnsafe(ref from), low0, high0) & Of(Vector256.LoadUnsafe(ref from, 1), low1, high1) & Of(Vector256.LoadUnsafe(ref from, 2), low2, high2);
        return ~Vector256.Equals(buckets, Vector256<byte>.Zero).ExtractMostSignificantBits();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Of(Vector256<byte> bytes, Vector256<byte> low, Vector256<byte> high)
    {
        var half = Vector256.Create((byte)15);
        return Avx2.Shuffle(low, bytes & half) & Avx2.Shuffle(high, Vector256.ShiftRightLogical(bytes.AsUInt16(), 4).AsByte() & half);
    }
}
