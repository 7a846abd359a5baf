using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Palisade.Engine.Detect.Sigma.Compile;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// Literals of four bytes or more by a group of four bytes of each. What is asked for is mostly in no cache of the processor, so it lies
/// together: a bucket says where its candidates begin and which group the first has, a candidate says nearly all that turns it away, and the
/// bytes of all literals are one array.
/// </summary>
internal sealed class GramTable
{
    /// <param name="Bytes">Folded.</param>
    /// <param name="At">Where in it the group lies that it is known by.</param>
    /// <param name="Entry">What is given out where it is found.</param>
    public readonly record struct Literal(byte[] Bytes, int At, Place Place, int Entry)
    {
        public uint Group => MemoryMarshal.Read<uint>(Bytes.AsSpan(At));
    }

    // the last bucket only ends the one before it
    private readonly record struct Bucket(uint Group, int Begin);

    // Other: the four bytes that lie farthest from the group; with it they say nearly always whether the literal is there. OtherAt counts from the group.
    private readonly record struct Candidate(uint Group, uint Other, int At, int OtherAt, int Length, int Text, Place Place, int Entry);

    private readonly Bucket[] buckets;
    private readonly Candidate[] candidates;
    private readonly byte[] bytes;
    private readonly int shift;

    public GramTable(IReadOnlyCollection<Literal> literals)
    {
        var bits = Math.Clamp(BitOperations.Log2((uint)Math.Max(literals.Count, 1)) + 1, 4, 18);
        shift = 32 - bits;
        Literal[] sorted = [.. literals.OrderBy(l => Hash(l.Group))];
        bytes = new byte[sorted.Sum(static l => l.Bytes.Length)];
        candidates = new Candidate[sorted.Length];
        var begins = new int[(1 << bits) + 1];
        var text = 0;
        for (var i = 0; i < sorted.Length; i++)
        {
            var (b, at, place, entry) = sorted[i];
            var other = at * 2 < b.Length - 4 ? b.Length - 4 : 0;
            candidates[i] = new Candidate(sorted[i].Group, MemoryMarshal.Read<uint>(b.AsSpan(other)), at, other - at, b.Length, text, place, entry);
            b.CopyTo(bytes, text);
            text += b.Length;
            begins[Hash(sorted[i].Group) + 1]++;
        }
        for (var h = 1; h < begins.Length; h++) begins[h] += begins[h - 1];
        buckets = [.. begins.Select(begin => new Bucket(begin < candidates.Length ? candidates[begin].Group : 0, begin))];
    }

    public int Count => candidates.Length;

    public IEnumerable<uint> Groups => candidates.Select(static c => c.Group);

    private int Hash(uint group) => (int)(LiteralIndex.Mix(group) >> shift);

    /// <summary>The next literal whose group lies at a place of a value and that is there: its entry, or -1.</summary>
    /// <param name="next">Where to go on; 0 at first.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Next(ReadOnlySpan<byte> text, int place, ref int next)
    {
        ref var from = ref MemoryMarshal.GetReference(text);
        var group = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref from, place));
        var h = Hash(group);
        ref readonly var bucket = ref buckets[h];
        var end = buckets[h + 1].Begin;
        if (end - bucket.Begin <= 1 && (end == bucket.Begin || bucket.Group != group)) return -1;
        for (var i = Math.Max(next, bucket.Begin); i < end; i++)
        {
            ref readonly var c = ref candidates[i];
            var start = place - c.At;
            if (c.Group != group || start < 0 || start + c.Length > text.Length) continue;
            if (Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref from, place + c.OtherAt)) != c.Other) continue;
            if (c.Place == Place.Start && start != 0 || c.Place == Place.End && start + c.Length != text.Length) continue;
            if (!text.Slice(start, c.Length).SequenceEqual(bytes.AsSpan(c.Text, c.Length))) continue;
            next = i + 1;
            return c.Entry;
        }
        return -1;
    }
}
