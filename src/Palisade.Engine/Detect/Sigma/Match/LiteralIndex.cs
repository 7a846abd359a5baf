using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Palisade.Engine.Detect.Sigma.Compile;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>Receives literals found in a value.</summary>
internal interface ILiteralSink
{
    /// <summary>A literal was found, maybe not for the first time.</summary>
    /// <param name="exact">Atoms that are true by it.</param>
    /// <param name="possible">Atoms that have to be tried.</param>
    void Found(int[] exact, int[] possible);
}

/// <summary>
/// All literals the rules look for in one field, found in one pass: each literal of four bytes or more is known by its rarest group of
/// four bytes; a bitmap of the groups' hashes turns nearly every position away, the rest is compared exactly. Shorter literals are
/// known by their first two bytes, or one.
/// </summary>
internal sealed class LiteralIndex
{
    private sealed record Entry(byte[] Bytes, int Gram, Place Place, int[] Exact, int[] Possible);

    private readonly Entry[] entries;
    private readonly Dictionary<byte[], Entry>.AlternateLookup<ReadOnlySpan<byte>> wholes;
    private readonly bool anyWhole, anyGram;
    private readonly uint[] bitmap;
    private readonly int shift;
    private readonly int[] heads, nexts;
    private readonly uint[] grams;
    private readonly ShortLiterals shorts;
    private readonly ulong wholeLengths;

    public LiteralIndex(IEnumerable<(Literal Literal, int Atom, bool Exact)> literals)
    {
        var byKey = new Dictionary<(string, Place), (byte[] Bytes, List<int> Exact, List<int> Possible)>();
        foreach (var (literal, atom, exact) in literals)
        {
            var key = (Convert.ToHexString(literal.Bytes), literal.Place);
            if (!byKey.TryGetValue(key, out var e)) byKey[key] = e = (literal.Bytes, [], []);
            var list = exact ? e.Exact : e.Possible;
            if (!list.Contains(atom)) list.Add(atom);
        }
        var uses = new Dictionary<uint, int>();
        foreach (var (_, e) in byKey)
            for (var i = 0; i + 4 <= e.Bytes.Length; i++)
                CollectionsMarshal.GetValueRefOrAddDefault(uses, MemoryMarshal.Read<uint>(e.Bytes.AsSpan(i)), out _)++;
        entries = [.. byKey.Select(p => new Entry(p.Value.Bytes, Rarest(p.Value.Bytes, uses), p.Key.Item2, [.. p.Value.Exact], [.. p.Value.Possible]))];

        var map = new Dictionary<byte[], Entry>(ByteKeys.Instance);
        foreach (var e in entries.Where(e => e.Place == Place.Whole))
        {
            map[e.Bytes] = e;
            anyWhole = true;
            wholeLengths |= 1UL << (e.Bytes.Length & 63);
        }
        wholes = map.GetAlternateLookup<ReadOnlySpan<byte>>();

        var long4 = entries.Count(e => e.Place != Place.Whole && e.Bytes.Length >= 4);
        anyGram = long4 > 0;
        // 32 bits a literal, as long as the map stays in the first cache
        var bits = Math.Clamp(BitOperations.Log2((uint)Math.Max(1, long4)) + 6, 10, 18);
        shift = 32 - bits;
        bitmap = new uint[(1 << bits) / 32];
        heads = new int[1 << bits];
        Array.Fill(heads, -1);
        nexts = new int[entries.Length];
        grams = new uint[entries.Length];
        for (var i = 0; i < entries.Length; i++)
        {
            var e = entries[i];
            if (e.Place == Place.Whole || e.Bytes.Length < 4) continue;
            grams[i] = MemoryMarshal.Read<uint>(e.Bytes.AsSpan(e.Gram));
            var h = Hash(grams[i]);
            bitmap[h >> 5] |= 1u << (int)(h & 31);
            nexts[i] = heads[h];
            heads[h] = i;
        }
        shorts = new ShortLiterals(entries.Select((e, i) => (e, i)).Where(p => p.e.Place != Place.Whole && p.e.Bytes.Length < 4).Select(p => (p.e.Bytes, p.e.Place, p.i)));
    }

    public int Count => entries.Length;

    /// <summary>Bytes of its shortest literal.</summary>
    public int Shortest => entries.Min(static e => e.Bytes.Length);

    /// <summary>Whether a number, a time or the like can hold one of its literals.</summary>
    public bool HasCodes => Array.Exists(entries, static e => Codes.MayHold(e.Bytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint Hash(uint gram) => gram * 0x9E3779B1u >> shift;

    private static int Rarest(byte[] bytes, Dictionary<uint, int> uses)
    {
        int best = 0, least = int.MaxValue;
        for (var i = 0; i + 4 <= bytes.Length; i++)
        {
            var n = uses[MemoryMarshal.Read<uint>(bytes.AsSpan(i))] * 4;
            // letters are commoner in logs than signs and digits: break ties by them
            foreach (var b in bytes.AsSpan(i, 4)) n += b is >= (byte)'a' and <= (byte)'z' or (byte)' ' or (byte)'.' ? 1 : 0;
            if (n < least) { least = n; best = i; }
        }
        return best;
    }

    /// <summary>
    /// Finds every literal of the index in a folded value. Behind the value lie <see cref="Slack"/> bytes more that may be read
    /// (whatever they hold): the first <paramref name="length"/> bytes of <paramref name="buffer"/> are the value.
    /// </summary>
    public void Scan<TSink>(byte[] buffer, int length, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length + Slack, buffer.Length);
        ReadOnlySpan<byte> text = buffer.AsSpan(0, length);
        if (anyWhole && (wholeLengths >> (length & 63) & 1) != 0 && wholes.TryGetValue(text, out var whole))
            sink.Found(whole.Exact, whole.Possible);
        if (anyGram)
        {
            var last = length - 4;
            var i = 0;
            if (Avx2.IsSupported)
            {
                for (; i <= last; i += 8)
                {
                    var hits = Probe(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(buffer), i));
                    if (last - i < 7) hits &= (1u << (last - i + 1)) - 1;
                    for (; hits != 0; hits &= hits - 1) Chain(text, i + BitOperations.TrailingZeroCount(hits), ref sink);
                }
            }
            else
            {
                for (; i <= last; i++)
                {
                    var h = Hash(Unsafe.ReadUnaligned<uint>(ref buffer[i]));
                    if ((bitmap[h >> 5] >> (int)(h & 31) & 1) != 0) Chain(text, i, ref sink);
                }
            }
        }
        if (shorts.Any) shorts.Scan(text, entries, ref sink);
    }

    /// <summary>Bytes behind a value that <see cref="Scan"/> may read.</summary>
    public const int Slack = 16;

    // Eight groups of four bytes that begin at eight neighbouring bytes:
    //   lane 0: 0123 1234 2345 3456    lane 1: 4567 5678 6789 789A
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe uint Probe(ref byte at)
    {
        var sixteen = Unsafe.ReadUnaligned<Vector128<byte>>(ref at);
        var spread = Avx2.Shuffle(Vector256.Create(sixteen, sixteen), Vector256.Create(
            (byte)0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6, 4, 5, 6, 7, 5, 6, 7, 8, 6, 7, 8, 9, 7, 8, 9, 10)).AsUInt32();
        var hash = Vector256.ShiftRightLogical(spread * Vector256.Create(0x9E3779B1u), shift);
        fixed (uint* map = bitmap)
        {
            var words = Avx2.GatherVector256(map, Vector256.ShiftRightLogical(hash, 5).AsInt32(), 4);
            var bit = Avx2.ShiftRightLogicalVariable(words, hash & Vector256.Create(31u));
            return Vector256.ShiftLeft(bit, 31).ExtractMostSignificantBits();
        }
    }

    private void Chain<TSink>(ReadOnlySpan<byte> text, int i, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        var gram = MemoryMarshal.Read<uint>(text[i..]);
        for (var at = heads[Hash(gram)]; at >= 0; at = nexts[at])
            if (grams[at] == gram) Try(entries[at], text, i - entries[at].Gram, ref sink);
    }

    private static void Try<TSink>(Entry entry, ReadOnlySpan<byte> text, int start, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        var length = entry.Bytes.Length;
        if (start < 0 || start + length > text.Length) return;
        if (entry.Place == Place.Start && start != 0 || entry.Place == Place.End && start + length != text.Length) return;
        if (!text.Slice(start, length).SequenceEqual(entry.Bytes)) return;
        sink.Found(entry.Exact, entry.Possible);
    }

    /// <summary>Literals of one to three bytes: few, and found by the vectorised search of the run-time, or by their first two bytes where there are many.</summary>
    private sealed class ShortLiterals
    {
        private const int Few = 12;
        private readonly (byte[] Bytes, Place Place, int Entry)[] each;
        private readonly ulong[] pairBits = [];
        private readonly Dictionary<ushort, int[]> pairs = [];

        public ShortLiterals(IEnumerable<(byte[] Bytes, Place Place, int Entry)> literals)
        {
            var all = literals.ToArray();
            var inner = all.Where(l => l.Place == Place.Anywhere && l.Bytes.Length >= 2).ToArray();
            Any = all.Length > 0;
            each = inner.Length <= Few ? all : [.. all.Except(inner)];
            if (inner.Length <= Few) return;
            pairBits = new ulong[1024];
            foreach (var group in inner.GroupBy(l => MemoryMarshal.Read<ushort>(l.Bytes)))
            {
                pairBits[group.Key >> 6] |= 1UL << (group.Key & 63);
                pairs[group.Key] = [.. group.Select(l => l.Entry)];
            }
        }

        public bool Any { get; }

        public void Scan<TSink>(ReadOnlySpan<byte> text, Entry[] entries, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
        {
            foreach (var (bytes, place, entry) in each)
            {
                if (text.Length < bytes.Length) continue;
                if (place == Place.Anywhere ? text.IndexOf(bytes) >= 0 : place == Place.Start ? text.StartsWith(bytes) : text.EndsWith(bytes))
                    sink.Found(entries[entry].Exact, entries[entry].Possible);
            }
            if (pairBits.Length == 0) return;
            for (var i = 0; i + 2 <= text.Length; i++)
            {
                var pair = Unsafe.ReadUnaligned<ushort>(ref Unsafe.AsRef(in text[i]));
                if ((pairBits[pair >> 6] >> (pair & 63) & 1) == 0) continue;
                foreach (var at in pairs[pair]) Try(entries[at], text, i, ref sink);
            }
        }
    }
}

/// <summary>Byte strings as keys, looked up by spans.</summary>
internal sealed class ByteKeys : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly ByteKeys Instance = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);
    public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());
    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);
    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

    /// <summary>Eight bytes at a time, mixed by multiplication; not for storage.</summary>
    public int GetHashCode(ReadOnlySpan<byte> bytes)
    {
        var h = (ulong)bytes.Length * 0x9E3779B97F4A7C15;
        while (bytes.Length >= 8)
        {
            h = (h ^ MemoryMarshal.Read<ulong>(bytes)) * 0xFF51AFD7ED558CCD;
            h ^= h >> 32;
            bytes = bytes[8..];
        }
        foreach (var b in bytes) h = (h ^ b) * 0x100000001B3;
        h ^= h >> 29;
        h *= 0xC4CEB9FE1A85EC53;
        return (int)(h >> 32);
    }
}
