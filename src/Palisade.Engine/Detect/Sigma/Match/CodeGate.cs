using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Palisade.Engine.Detect.Sigma.Compile;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// Whether a code (<see cref="Codes"/>) may hold one of the literals of a plan. Codes come in every event and hardly ever twice, and few
/// literals can lie in one: asking this is ten times cheaper than the scan that it mostly spares. It says yes too often, never too seldom.
/// </summary>
/// <remarks>
/// Literals within a value are known by their first three bytes, those of two bytes by every group of three signs of codes that begins with
/// them; literals that are the whole value by its length and its first and last eight bytes. A bitmap of hashes holds each kind.
/// </remarks>
internal sealed class CodeGate
{
    private const ulong Lower = 0x2020202020202020;
    private static ReadOnlySpan<byte> Signs => "-./0123456789:abcdef{} tzsx"u8;

    // so many bits a literal that a code of a dozen groups hardly ever passes by chance, and no more: an event asks many gates
    private readonly uint[] groups = [];
    private readonly ulong[] wholes = [];
    private readonly int groupShift, wholeShift;
    private readonly ushort[] pairs = [];
    private readonly bool all;

    /// <param name="plain">Literals looked for in the folded value.</param>
    /// <param name="dashes">Literals looked for in the value with its dashes made one: where a code may hold any of them, the gate stands open.</param>
    public CodeGate(IEnumerable<Literal> plain, IEnumerable<Literal> dashes)
    {
        Literal[] held = [.. plain.Where(static l => Codes.MayHold(l.Bytes))];
        Literal[] inner = [.. held.Where(static l => l.Place != Place.Whole)], whole = [.. held.Where(static l => l.Place == Place.Whole && l.Bytes.Length <= Codes.Max)];
        all = dashes.Any(static l => Codes.MayHold(l.Bytes)) || Array.Exists(inner, static l => l.Bytes.Length < 2);
        if (all) return;
        var heads = new HashSet<uint>();
        foreach (var literal in inner)
        {
            var b = literal.Bytes;
            if (b.Length > 2) heads.Add(b[0] | (uint)b[1] << 8 | (uint)b[2] << 16);
            else foreach (var third in Signs) heads.Add(b[0] | (uint)b[1] << 8 | (uint)third << 16);
        }
        var bits = Bits(heads.Count);
        groupShift = 32 - bits;
        if (heads.Count > 0) groups = new uint[(1 << bits) / 32];
        foreach (var head in heads)
        {
            var h = LiteralIndex.Mix(head) >> groupShift;
            groups[h >> 5] |= 1u << (int)(h & 31);
        }
        pairs = [.. inner.Where(static l => l.Bytes.Length == 2).Select(static l => (ushort)(l.Bytes[0] | l.Bytes[1] << 8))];
        bits = Bits(whole.Length);
        wholeShift = 32 - bits;
        if (whole.Length > 0) wholes = new ulong[(1 << bits) / 64];
        var room = new byte[Codes.Max * 2];
        foreach (var literal in whole)
        {
            literal.Bytes.CopyTo(room, 0);
            var h = Whole(ref room[0], literal.Bytes.Length);
            wholes[h >> 6] |= 1UL << (int)(h & 63);
        }

        static int Bits(int count) => Math.Clamp(BitOperations.Log2((uint)Math.Max(count, 1)) + 9, 10, 14);
    }

    /// <summary>Whether a code may hold a literal; as many bytes as the longest code has may be read from its begin.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayHold(ref byte code, int length)
    {
        if (all) return true;
        if (wholes.Length > 0 && Whole(ref code, length) is var h && (wholes[h >> 6] >> (int)(h & 63) & 1) != 0) return true;
        return groups.Length > 0 && Inside(ref code, length);
    }

    // Of all signs of a code the bit that makes letters small is set already, or makes one small.
    private uint Whole(ref byte code, int length) => Ends(ref code, length) >> wholeShift;

    /// <summary>A hash of the length and both ends of a value, from whose begin 8 bytes may be read; letters count as small ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Ends(ref byte code, int length)
    {
        var head = Unsafe.ReadUnaligned<ulong>(ref code) | Lower;
        var tail = 0UL;
        if (length < 8) head &= (1UL << length * 8) - 1;
        else tail = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref code, length - 8)) | Lower;
        return (uint)(((head ^ (ulong)length) * 0x9E3779B97F4A7C15 ^ tail) * 0xC4CEB9FE1A85EC53 >> 32);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe bool Inside(ref byte code, int length)
    {
        if (length < 2) return false;
        if (pairs.Length > 0 && pairs.AsSpan().Contains((ushort)(Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref code, length - 2)) | 0x2020))) return true;
        var last = length - 3;
        var i = 0;
        if (Avx2.IsSupported)
        {
            // eight groups of three bytes that begin at eight neighbouring bytes; a code of 64 bytes is read to its end and no further
            for (; i <= last && i + 16 <= Codes.Max; i += 8)
            {
                var sixteen = Vector128.LoadUnsafe(ref code, (nuint)i) | Vector128.Create((byte)0x20);
                var spread = Avx2.Shuffle(Vector256.Create(sixteen, sixteen), Vector256.Create(
                    (byte)0, 1, 2, 0xFF, 1, 2, 3, 0xFF, 2, 3, 4, 0xFF, 3, 4, 5, 0xFF, 4, 5, 6, 0xFF, 5, 6, 7, 0xFF, 6, 7, 8, 0xFF, 7, 8, 9, 0xFF)).AsUInt32();
                var hash = Vector256.ShiftRightLogical(spread * Vector256.Create(LiteralIndex.Factor), groupShift);
                fixed (uint* map = groups)
                {
                    var words = Avx2.GatherVector256(map, Vector256.ShiftRightLogical(hash, 5).AsInt32(), 4);
                    var hits = Vector256.ShiftLeft(Avx2.ShiftRightLogicalVariable(words, hash & Vector256.Create(31u)), 31).ExtractMostSignificantBits();
                    if (last - i < 7) hits &= (1u << (last - i + 1)) - 1;
                    if (hits != 0) return true;
                }
            }
        }
        for (; i <= last; i++)
        {
            var group = Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref code, i)) | (uint)Unsafe.Add(ref code, i + 2) << 16;
            var h = LiteralIndex.Mix(group | 0x202020) >> groupShift;
            if ((groups[h >> 5] >> (int)(h & 31) & 1) != 0) return true;
        }
        return false;
    }
}
