using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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
/// All literals the rules look for in one field. Each of four bytes or more is known by its rarest group of four bytes, shorter ones by
/// their first two; <see cref="LiteralScan"/> asks where a value has such a group. Whole values are known by themselves.
/// </summary>
internal sealed class LiteralIndex
{
    /// <summary>What groups of four bytes are multiplied by to be hashed; the upper bits are the hash.</summary>
    public const uint Factor = 0x9E3779B1;
    private const int PairHeads = 256;

    private sealed record Entry(byte[] Bytes, int Gram, Place Place, int[] Exact, int[] Possible);

    private readonly Entry[] entries;
    private readonly Dictionary<byte[], Entry>.AlternateLookup<ReadOnlySpan<byte>> wholes;
    // bits of their hashes
    private readonly ulong[] wholeMap = [];
    private readonly int wholeShift;
    private readonly GramTable grams;
    // chains of entries by their pair
    private readonly int[] pairHeads = [], nexts;
    private readonly uint[] keys;
    // places of entries that are searched one by one
    private readonly int[] each;

    public LiteralIndex(IEnumerable<(Literal Literal, int Atom, bool Exact)> literals)
    {
        var byKey = new Dictionary<Literal, (byte[] Bytes, List<int> Exact, List<int> Possible)>(SameLiteral.Instance);
        foreach (var (literal, atom, exact) in literals)
        {
            if (!byKey.TryGetValue(literal, out var e)) byKey[literal] = e = (literal.Bytes, [], []);
            var list = exact ? e.Exact : e.Possible;
            if (!list.Contains(atom)) list.Add(atom);
        }
        var uses = new Dictionary<uint, int>();
        foreach (var (_, e) in byKey)
            for (var i = 0; i + 4 <= e.Bytes.Length; i++)
                CollectionsMarshal.GetValueRefOrAddDefault(uses, MemoryMarshal.Read<uint>(e.Bytes.AsSpan(i)), out _)++;
        entries = [.. byKey.Select(p => new Entry(p.Value.Bytes, Rarest(p.Value.Bytes, uses), p.Key.Place, [.. p.Value.Exact], [.. p.Value.Possible]))];

        var map = new Dictionary<byte[], Entry>(ByteKeys.Instance);
        Entry[] whole = [.. entries.Where(static e => e.Place == Place.Whole)];
        if (whole.Length > 0)
        {
            var log = BitOperations.Log2((uint)whole.Length) + 5;
            wholeShift = 32 - Math.Max(log, 6);
            wholeMap = new ulong[1 << 26 - wholeShift];
        }
        foreach (var e in whole)
        {
            map[e.Bytes] = e;
            var room = new byte[Math.Max(e.Bytes.Length, 8)];
            e.Bytes.CopyTo(room, 0);
            var h = CodeGate.Ends(ref room[0], e.Bytes.Length) >> wholeShift;
            wholeMap[h >> 6] |= 1UL << (int)(h & 63);
        }
        wholes = map.GetAlternateLookup<ReadOnlySpan<byte>>();

        (nexts, keys) = (new int[entries.Length], new uint[entries.Length]);
        grams = new GramTable([.. Places(static e => e.Place != Place.Whole && e.Bytes.Length >= 4).Select(at => new GramTable.Literal(entries[at].Bytes, entries[at].Gram, entries[at].Place, at))]);
        var shorts = Places(IsShort);
        if (shorts.Length > 0)
        {
            pairHeads = Chains(shorts, PairHeads, static e => MemoryMarshal.Read<ushort>(e.Bytes), PairHash);
            Pairs = new ulong[1024];
            foreach (var at in shorts) Pairs[keys[at] >> 6] |= 1UL << (int)(keys[at] & 63);
        }
        each = [.. Places(static e => e.Place != Place.Whole && e.Bytes.Length < 4).Except(shorts)];
    }

    /// <summary>Bytes of its shortest literal.</summary>
    public int Shortest => entries.Min(static e => e.Bytes.Length);

    /// <summary>Its literals, each once.</summary>
    public IEnumerable<Literal> Literals => entries.Select(static e => new Literal(e.Bytes, e.Place));

    /// <summary>Literals known by a group of four bytes, and those groups.</summary>
    public int GramCount => grams.Count;
    public IEnumerable<uint> Grams => grams.Groups;

    /// <summary>One bit for each pair of bytes (as a little-endian number) that short literals begin with; empty where none is known so.</summary>
    public ulong[] Pairs { get; } = [];

    /// <summary>Literals of two and three bytes that are known by their pair.</summary>
    public IEnumerable<byte[]> Shorts => Places(IsShort).Select(at => entries[at].Bytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Mix(uint gram) => gram * Factor;

    private static uint PairHash(uint pair) => Mix(pair) >> 24;

    private static bool IsShort(Entry entry) => entry.Place == Place.Anywhere && entry.Bytes.Length is 2 or 3;

    private int[] Places(Predicate<Entry> of) => [.. Enumerable.Range(0, entries.Length).Where(i => of(entries[i]))];

    private int[] Chains(int[] places, int count, Func<Entry, uint> key, Func<uint, uint> hash)
    {
        var first = new int[count];
        Array.Fill(first, -1);
        foreach (var at in places)
        {
            keys[at] = key(entries[at]);
            var h = hash(keys[at]);
            nexts[at] = first[h];
            first[h] = at;
        }
        return first;
    }

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

    /// <summary>Finds the literal that the whole of a value is, from whose begin 8 bytes may be read, and those that are known by no group.</summary>
    public void Whole<TSink>(ReadOnlySpan<byte> text, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        if (wholeMap.Length > 0 && IsPerhapsWhole(text) && wholes.TryGetValue(text, out var whole)) sink.Found(whole.Exact, whole.Possible);
        foreach (var at in each)
        {
            var e = entries[at];
            if (text.Length >= e.Bytes.Length && ValueTests.Placed(text, e.Bytes, e.Place)) sink.Found(e.Exact, e.Possible);
        }
    }

    private bool IsPerhapsWhole(ReadOnlySpan<byte> text)
    {
        var h = CodeGate.Ends(ref MemoryMarshal.GetReference(text), text.Length) >> wholeShift;
        return (wholeMap[h >> 6] >> (int)(h & 63) & 1) != 0;
    }

    /// <summary>Finds literals by the group of four bytes at a place of a value.</summary>
    public void Gram<TSink>(ReadOnlySpan<byte> text, int place, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        if (grams.Count == 0) return;
        var next = 0;
        for (var at = grams.Next(text, place, ref next); at >= 0; at = grams.Next(text, place, ref next)) sink.Found(entries[at].Exact, entries[at].Possible);
    }

    /// <summary>Finds literals by the two bytes at a place of a value.</summary>
    public void Pair<TSink>(ReadOnlySpan<byte> text, int place, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        if (pairHeads.Length == 0) return;
        uint pair = MemoryMarshal.Read<ushort>(text[place..]);
        for (var at = pairHeads[PairHash(pair)]; at >= 0; at = nexts[at])
            if (keys[at] == pair) Try(entries[at], text, place, ref sink);
    }

    private static void Try<TSink>(Entry entry, ReadOnlySpan<byte> text, int start, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        var length = entry.Bytes.Length;
        if (start < 0 || start + length > text.Length) return;
        if (entry.Place == Place.Start && start != 0 || entry.Place == Place.End && start + length != text.Length) return;
        if (!text.Slice(start, length).SequenceEqual(entry.Bytes)) return;
        sink.Found(entry.Exact, entry.Possible);
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
