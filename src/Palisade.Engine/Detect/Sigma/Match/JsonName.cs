using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// A field name at its place in JSON events: what the rules want of it, and what stood there and behind it the last time, so that an
/// event like the one before is read by comparing 64 bytes a time instead of looking names and values up.
/// </summary>
internal sealed class JsonName
{
    public JsonName(JsonName? parent, byte[] key, byte[] path, ushort id, FieldPlan plan, bool kept, bool asked, bool isTime, int number = 0)
    {
        (Parent, Key, Path, Plan, Kept, IsTime, Number) = (parent, key, path, plan, kept, isTime, number);
        Last = new LastSeen(id, plan.Present, asked);
    }

    /// <summary>Longest value remembered, bytes as it is written.</summary>
    private const int MaxLong = 4096;

    public JsonName? Parent { get; }
    /// <summary>As it stands in its object, unescaped.</summary>
    public byte[] Key { get; }
    /// <summary>With the names it lies within, joined by dots.</summary>
    public byte[] Path { get; }
    public ushort Id => Last.Id;
    public FieldPlan Plan { get; }
    /// <summary>Some test or the clock reads it.</summary>
    public bool Kept { get; }
    public bool IsTime { get; }
    /// <summary>Tells names of a table apart.</summary>
    public int Number { get; }

    /// <summary>Names that stood first inside it.</summary>
    public Followers Inside;
    // what is read of every name of an event lies together
    /// <summary>Names that stood behind it in the same object.</summary>
    public Followers Behind;
    public LastSeen Last;
    private byte[] longer = [];

    /// <summary>Bytes of the last value, the sign behind it included, if it stands at a place; else 0.</summary>
    /// <param name="room">Bytes of text there.</param>
    /// <param name="now">Which life of the memory its findings must be of.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Again(ref byte at, int room, int now)
    {
        if (Last.Epoch != now) return 0;
        var same = Last.SameValue(ref at);
        if (same >= Last.Whole) return Last.Whole;
        return same >= LastSeen.Max && Last.Long <= room && IsLong(ref at) ? Last.Long : 0;
    }

    private bool IsLong(ref byte at) => MemoryMarshal.CreateReadOnlySpan(ref at, Last.Long).SequenceEqual(longer.AsSpan(0, Last.Long));

    /// <summary>Takes the last value, of which the findings are known; behind it 64 bytes may be read.</summary>
    /// <param name="whole">Its bytes as written, quotes and the sign behind it included; 0: it is not to be remembered.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(ref byte from, int whole)
    {
        Last.SetValue(ref from, whole);
        if (Last.Whole == LastSeen.Nothing && whole > 0) SetLong(ref from, whole);
    }

    // Nothing is allocated once there is room for values as long as those of the field are.
    private void SetLong(ref byte from, int length)
    {
        if (length > MaxLong) return;
        if (longer.Length < length) longer = new byte[BitOperations.RoundUpToPowerOf2((uint)length)];
        MemoryMarshal.CreateReadOnlySpan(ref from, length).CopyTo(longer);
        Last.Long = length;
    }

    /// <summary>Nothing is known of the last value.</summary>
    public void Unset() => Last.Whole = Last.Long = LastSeen.Nothing;
}

/// <summary>
/// What stood at a name's place the last time, and what is asked of it in every event: two or three lines of the processor's cache. Names and
/// values of up to 48 bytes lie in it, as they were written; a comparison of 64 bytes reads on into what lies behind them.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LastSeen
{
    /// <summary>A length that nothing has.</summary>
    public const int Nothing = int.MaxValue;
    /// <summary>Bytes of a name, and of a value, that lie in it.</summary>
    public const int Max = 48;
    private const int Spare = 200;

    [InlineArray(Max)]
    private struct Text
    {
        private byte first;
    }

    /// <summary>Bytes from the quote before the name to where its value begins, and of the value, quotes and the sign behind it included.</summary>
    public int Before, Whole = Nothing;
    /// <summary>Bytes of the value, as it is written, where they are more than <see cref="Max"/>.</summary>
    public int Long = Nothing;
    /// <summary>In which life of the memory the value was looked at.</summary>
    public int Epoch;
    // a comparison reads on into what stands behind them
    private Text before, value;
    /// <summary>Of the value: where its text begins, how long it is, and what was found in it.</summary>
    public int Start, Length, Findings;
    /// <summary><see cref="FieldPlan.Present"/>.</summary>
    public readonly int Present;
    public readonly ushort Id;
    public bool Escaped;
    private readonly bool asked;

    /// <param name="asked">Some rule names the field.</param>
    public LastSeen(ushort id, int present, bool asked) => (Id, Present, Before, this.asked) = (id, present, Nothing, asked);

    /// <summary>With so many fields an event gets no further one of this name: fields that rules name have some room of their own.</summary>
    public readonly int Most => asked ? EventBatch.MaxFields : EventBatch.MaxFields - Spare;

    /// <summary>Whether the name stands at a place behind which 64 bytes may be read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsName(ref byte at) => BitOperations.TrailingZeroCount(~Bytes64.Same(ref at, ref Unsafe.As<Text, byte>(ref before))) >= Before;

    /// <summary>Bytes at a place that are those of the value; of a value of more than <see cref="Max"/> its first are kept.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int SameValue(ref byte at) => BitOperations.TrailingZeroCount(~Bytes64.Same(ref at, ref Unsafe.As<Text, byte>(ref value)));

    /// <summary>Takes the name as it is written.</summary>
    public void SetName(ref byte from, int length)
    {
        before = Unsafe.ReadUnaligned<Text>(ref from);
        Before = length is > 0 and <= Max ? length : Nothing;
    }

    /// <summary>Takes the value as it is written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetValue(ref byte from, int length)
    {
        value = Unsafe.ReadUnaligned<Text>(ref from);
        Whole = length is > 0 and <= Max ? length : Nothing;
        Long = Nothing;
    }
}

/// <summary>Names that stood at one place of an object, the last one first: events of several kinds come mixed.</summary>
[InlineArray(Ways)]
internal struct Followers
{
    private const int Ways = 4;
    private JsonName? first;

    /// <summary>The name that is written at a place behind which 64 bytes may be read; null where none of these is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public JsonName? At(ref byte at) => first is { } name && name.Last.IsName(ref at) ? name : Other(ref at);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private JsonName? Other(ref byte at)
    {
        for (var i = 1; i < Ways && this[i] is { } name; i++)
        {
            if (!name.Last.IsName(ref at)) continue;
            for (; i > 0; i--) this[i] = this[i - 1];
            return this[0] = name;
        }
        return null;
    }

    /// <summary>Puts a name first.</summary>
    public void Add(JsonName name)
    {
        var at = 0;
        while (at < Ways - 1 && this[at] is { } other && other != name) at++;
        for (; at > 0; at--) this[at] = this[at - 1];
        this[0] = name;
    }
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
    private readonly ushort unnamed = FieldNames.GetOrAdd("palisade.unnamed");
    private readonly JsonName?[] slots = new JsonName?[Slots];
    private readonly ulong[] hashes = new ulong[Slots];
    private int count;

    /// <summary>What stands above the names of an event.</summary>
    public JsonName Root { get; private set; } = new(null, [], [], 0, FieldPlan.None, false, false, false);

    /// <summary>A name that is too long to be any field's; what is searched in all values is searched in its own too.</summary>
    public JsonName TooLong(JsonName parent) => new(parent, [], new byte[MaxPath], all ? unnamed : (ushort)0, rules.PlanOf(unnamed), all, false, false);

    /// <summary>The name inside another; the root's names are their own paths.</summary>
    public JsonName Find(JsonName parent, ReadOnlySpan<byte> key)
    {
        var hash = Hash(key) ^ (ulong)parent.Number * 0x9E3779B97F4A7C15;
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
        // no room for its name: keywords look at its value all the same
        if (id == 0 && all) id = unnamed;
        var time = id == timestamp || id == otherTimestamp;
        var asked = time || id != 0 && rules.Reads(id);
        var name = new JsonName(parent, key.ToArray(), path, id, rules.PlanOf(id), asked || id != 0 && all, asked, time, count + 1);
        if (count == MaxNames)
        {
            Array.Clear(slots);
            Root = new JsonName(null, [], [], 0, FieldPlan.None, false, false, false);
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
