using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// A field name at its place in JSON events: what the rules want of it, and what stood there and behind it the last time, so that an
/// event like the one before is read by comparing 64 bytes a time instead of looking names and values up.
/// </summary>
internal sealed class JsonName(JsonName? parent, byte[] key, byte[] path, ushort id, FieldPlan plan, bool kept, bool isTime)
{
    public JsonName? Parent { get; } = parent;
    /// <summary>As it stands in its object, unescaped.</summary>
    public byte[] Key { get; } = key;
    /// <summary>With the names it lies within, joined by dots.</summary>
    public byte[] Path { get; } = path;
    public ushort Id { get; } = id;
    public FieldPlan Plan { get; } = plan;
    /// <summary>Some test or the clock reads it.</summary>
    public bool Kept { get; } = kept;
    public bool IsTime { get; } = isTime;

    /// <summary>Names that stood behind it in the same object: the last time, and before that one.</summary>
    public JsonName? Next, Other;
    /// <summary>The same of the first name inside it.</summary>
    public JsonName? First, OtherFirst;

    /// <summary>From the quote before it to where its value begins, as written the last time.</summary>
    public Remembered Before;
    /// <summary>Its last value, quotes and the sign behind it included.</summary>
    public Remembered Value;
    /// <summary>Of <see cref="Value"/>: where its text begins and how long it is, where its findings begin, and in which life of the memory.</summary>
    public int ValueStart, ValueLength, ValueFindings, ValueEpoch;
    public bool ValueEscaped;
}

/// <summary>Up to 64 bytes that may come again.</summary>
internal struct Remembered
{
    public const int Max = Bytes64.Length;

    [InlineArray(Max)]
    private struct Text
    {
        private byte first;
    }

    private Text bytes;
    private ulong mask;
    /// <summary>0: nothing is remembered.</summary>
    public int Length;

    /// <summary>Takes bytes behind which <see cref="Max"/> may be read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(ref byte from, int length)
    {
        if (length is <= 0 or > Max) { Length = 0; return; }
        bytes = Unsafe.ReadUnaligned<Text>(ref from);
        mask = ulong.MaxValue >> (Max - length);
        Length = length;
    }

    /// <summary>Whether the same stands at a place behind which <see cref="Max"/> bytes may be read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Is(ref byte at) => Length != 0 && (~Bytes64.Same(ref at, ref Unsafe.As<Text, byte>(ref bytes)) & mask) == 0;
}

/// <summary>
/// The names of fields met so far. Bounded: at <see cref="MaxNames"/> it forgets all and begins anew. One instance a thread.
/// </summary>
internal sealed class JsonNameTable(RuleSet rules, bool all)
{
    /// <summary>Longest path of a name looked up, bytes.</summary>
    public const int MaxPath = 4096;
    private const int MaxNames = 4096, Slots = MaxNames * 4;

    private readonly ushort timestamp = FieldNames.GetOrAdd("@timestamp"), otherTimestamp = FieldNames.GetOrAdd("timestamp");
    private readonly JsonName?[] slots = new JsonName?[Slots];
    private readonly ulong[] hashes = new ulong[Slots];
    private int count;

    /// <summary>What stands above the names of an event.</summary>
    public JsonName Root { get; private set; } = new(null, [], [], 0, FieldPlan.None, false, false);

    /// <summary>A name that is too long to be any field's.</summary>
    public static JsonName TooLong(JsonName parent) => new(parent, [], new byte[MaxPath], 0, FieldPlan.None, false, false);

    /// <summary>The name inside another; the root's names are their own paths.</summary>
    public JsonName Find(JsonName parent, ReadOnlySpan<byte> key)
    {
        var hash = Hash(key) ^ (ulong)RuntimeHelpers.GetHashCode(parent) * 0x9E3779B97F4A7C15;
        var at = (int)(hash >> 40) & (Slots - 1);
        while (slots[at] is { } known)
        {
            if (hashes[at] == hash && known.Parent == parent && key.SequenceEqual(known.Key)) return known;
            at = (at + 1) & (Slots - 1);
        }
        return Add(parent, key, hash, at);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private JsonName Add(JsonName parent, ReadOnlySpan<byte> key, ulong hash, int at)
    {
        byte[] path = parent.Path.Length == 0 ? key.ToArray() : [.. parent.Path, (byte)'.', .. key];
        var id = FieldNames.GetOrAdd(path);
        var time = id != 0 && (id == timestamp || id == otherTimestamp);
        var name = new JsonName(parent, key.ToArray(), path, id, rules.PlanOf(id), id != 0 && (all || time || rules.Reads(id)), time);
        if (count == MaxNames)
        {
            Array.Clear(slots);
            Root = new JsonName(null, [], [], 0, FieldPlan.None, false, false);
            count = 0;
            return name;
        }
        count++;
        (slots[at], hashes[at]) = (name, hash);
        return name;
    }

    // Ends and length tell field names apart; the middle of long ones is left to the comparison. Names that were made to meet cost at
    // most the table's bound each, and the table is never more than a quarter full.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Hash(ReadOnlySpan<byte> name)
    {
        ref var p = ref MemoryMarshal.GetReference(name);
        nint n = name.Length;
        ulong a, b;
        if (n >= 8)
        {
            a = Unsafe.ReadUnaligned<ulong>(ref p);
            b = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref p, n - 8));
            if (n > 16) a ^= Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref p, n / 2 - 4)) * 0xC4CEB9FE1A85EC53;
        }
        else if (n >= 4) { a = Unsafe.ReadUnaligned<uint>(ref p); b = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref p, n - 4)); }
        else { a = n == 0 ? 0u : (uint)(p << 16 | Unsafe.Add(ref p, n >> 1) << 8 | Unsafe.Add(ref p, n - 1)); b = 0; }
        var high = Math.BigMul(a ^ 0x9E3779B97F4A7C15 ^ (ulong)n, b ^ 0xFF51AFD7ED558CCD, out var low);
        return high ^ low;
    }
}
