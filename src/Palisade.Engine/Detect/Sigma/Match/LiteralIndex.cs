using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Palisade.Engine.Detect.Sigma.Compile;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>Receives literals found in a value.</summary>
internal interface ILiteralSink
{
    /// <param name="exact">Atoms that are true by this; <paramref name="possible"/>: atoms that have to be tried.</param>
    void Found(int[] exact, int[] possible, int offset, int length);
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
    private readonly bool anyWhole, anyGram, anyPair, anySingle;
    private readonly ulong[] bitmap;
    private readonly int shift;
    private readonly int[] heads, nexts;
    private readonly ulong[] pairBits = new ulong[1024];
    private readonly Dictionary<ushort, int[]> pairs = [];
    private readonly int[]?[] singles = new int[]?[256];
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

        var grams = entries.Count(e => e.Place != Place.Whole && e.Bytes.Length >= 4);
        anyGram = grams > 0;
        var bits = Math.Clamp(BitOperations.Log2((uint)Math.Max(1, grams)) + 5, 10, 19);
        shift = 32 - bits;
        bitmap = new ulong[(1 << bits) / 64];
        heads = new int[1 << bits];
        Array.Fill(heads, -1);
        nexts = new int[entries.Length];
        var pairLists = new Dictionary<ushort, List<int>>();
        for (var i = 0; i < entries.Length; i++)
        {
            var e = entries[i];
            if (e.Place == Place.Whole) continue;
            if (e.Bytes.Length >= 4)
            {
                var h = Hash(MemoryMarshal.Read<uint>(e.Bytes.AsSpan(e.Gram)));
                bitmap[h >> 6] |= 1UL << (int)(h & 63);
                nexts[i] = heads[h];
                heads[h] = i;
            }
            else if (e.Bytes.Length >= 2)
            {
                anyPair = true;
                var pair = MemoryMarshal.Read<ushort>(e.Bytes);
                pairBits[pair >> 6] |= 1UL << (pair & 63);
                if (!pairLists.TryGetValue(pair, out var list)) pairLists[pair] = list = [];
                list.Add(i);
            }
            else if (e.Bytes.Length == 1)
            {
                anySingle = true;
                singles[e.Bytes[0]] = [.. singles[e.Bytes[0]] ?? [], i];
            }
        }
        foreach (var (pair, list) in pairLists) pairs[pair] = [.. list];
    }

    public int Count => entries.Length;

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

    /// <summary>Finds every literal of the index in a folded value.</summary>
    public void Scan<TSink>(ReadOnlySpan<byte> text, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        if (anyWhole && (wholeLengths >> (text.Length & 63) & 1) != 0 && wholes.TryGetValue(text, out var whole))
            sink.Found(whole.Exact, whole.Possible, 0, text.Length);
        if (anyGram)
        {
            for (var i = 0; i + 4 <= text.Length; i++)
            {
                var gram = Unsafe.ReadUnaligned<uint>(ref Unsafe.AsRef(in text[i]));
                var h = Hash(gram);
                if ((bitmap[h >> 6] >> (int)(h & 63) & 1) == 0) continue;
                for (var at = heads[h]; at >= 0; at = nexts[at]) Try(entries[at], text, i - entries[at].Gram, ref sink);
            }
        }
        if (anyPair)
        {
            for (var i = 0; i + 2 <= text.Length; i++)
            {
                var pair = Unsafe.ReadUnaligned<ushort>(ref Unsafe.AsRef(in text[i]));
                if ((pairBits[pair >> 6] >> (pair & 63) & 1) == 0) continue;
                foreach (var at in pairs[pair]) Try(entries[at], text, i, ref sink);
            }
        }
        if (anySingle)
        {
            for (var i = 0; i < text.Length; i++)
                if (singles[text[i]] is { } list)
                    foreach (var at in list) Try(entries[at], text, i, ref sink);
        }
    }

    private static void Try<TSink>(Entry entry, ReadOnlySpan<byte> text, int start, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        var length = entry.Bytes.Length;
        if (start < 0 || start + length > text.Length) return;
        if (entry.Place == Place.Start && start != 0 || entry.Place == Place.End && start + length != text.Length) return;
        if (!text.Slice(start, length).SequenceEqual(entry.Bytes)) return;
        sink.Found(entry.Exact, entry.Possible, start, length);
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
