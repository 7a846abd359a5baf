using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Palisade.Engine.Detect.Sigma.Compile;

namespace Palisade.Engine.Correlate;

/// <summary>
/// All groups of a correlator: records in pages, found by an open-addressing table (linear probing, deletion by shifting back), keys in a slab. A group is named by the place of its
/// record, which stays while the group lives. Not thread-safe.
/// </summary>
/// <remarks>
/// Table: half of the hash (high) and the record's place plus one (low; 0: empty) in each slot, at most three quarters full. Key of a group, as its first event spelled it:
/// <code>length of all u16 · each group-by value: length u16, bytes</code>
/// Keys are equal when their folded values are. A reference to a record does not outlive the making of another one.
/// </remarks>
internal sealed class GroupTable
{
    // 16 MB: the first of its pages of two megabytes is touched before huge ones can be asked for, and then is none
    private const int PageBits = 18, PageRecords = 1 << PageBits, FirstRecords = 16;

    private LineArray<ulong> slots = new(FirstRecords * 2);
    private LineArray<GroupRecord>[] pages = [new(FirstRecords)];
    private int free = -1;
    private byte[] scratch = new byte[512], scratchOther = new byte[512];

    /// <summary>Groups held.</summary>
    public int Count { get; private set; }

    /// <summary>Records there are, in use or not: places below this may be looked at.</summary>
    public int Places { get; private set; }

    public Slab Slab { get; } = new();

    public ref GroupRecord this[int place]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref pages[place >> PageBits][place & (PageRecords - 1)];
    }

    private static ulong Slot(uint hash, int place) => (ulong)hash << 32 | (uint)(place + 1);

    /// <summary>Fetches the slot of a hash into the cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void FetchSlot(ulong hash)
    {
        if (Sse.IsSupported) Sse.Prefetch0(Unsafe.AsPointer(ref slots[(int)hash & slots.Length - 1]));
    }

    /// <summary>Fetches the record that most likely has the hash; its place, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe int FetchRecord(ulong hash)
    {
        var table = slots.Items;
        for (var at = (int)hash & table.Length - 1; table[at] != 0; at = at + 1 & table.Length - 1)
        {
            if (table[at] >> 32 != (uint)hash) continue;
            var place = (int)(uint)table[at] - 1;
            if (Sse.IsSupported) Sse.Prefetch0(Unsafe.AsPointer(ref this[place]));
            return place;
        }
        return -1;
    }

    /// <summary>Fetches what the record points at.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void FetchChunks(int place)
    {
        ref readonly var record = ref this[place];
        if (record.Rule == GroupRecord.Unused) return;
        Slab.Prefetch(record.Key);
        if (!record.HasState) Slab.Prefetch(record.More);
    }

    /// <summary>Place of the group with a key, or -1.</summary>
    /// <param name="likely">Where <see cref="FetchRecord"/> found one of that hash, or -1.</param>
    /// <param name="brief">The key, where it is short.</param>
    /// <param name="raw">The key as it would be stored.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(ulong hash, int likely, int rule, uint tenant, in ShortKey brief, ReadOnlySpan<byte> raw)
    {
        if ((uint)likely < (uint)Places && Is(likely, (uint)hash, rule, tenant, brief, raw)) return likely;
        var table = slots.Items;
        for (var at = (int)hash & table.Length - 1; table[at] != 0; at = at + 1 & table.Length - 1)
        {
            if (table[at] >> 32 != (uint)hash) continue;
            var place = (int)(uint)table[at] - 1;
            if (place != likely && Is(place, (uint)hash, rule, tenant, brief, raw)) return place;
        }
        return -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Is(int place, uint hash, int rule, uint tenant, in ShortKey brief, ReadOnlySpan<byte> raw)
    {
        ref readonly var record = ref this[place];
        if (record.Hash != hash || record.Rule != rule || record.Tenant != tenant) return false;
        return record.Key == 0 && raw.Length <= ShortKey.Max && record.Short.Is(brief) || Is(KeyOf(place), raw);
    }

    private bool Is(ReadOnlySpan<byte> stored, ReadOnlySpan<byte> raw) =>
        stored.SequenceEqual(raw) || scratch.AsSpan(0, Fold(stored, ref scratch)).SequenceEqual(scratchOther.AsSpan(0, Fold(raw, ref scratchOther)));

    /// <summary>Folds the values of a stored key, each behind its length (i32); bytes written.</summary>
    public static int Fold(ReadOnlySpan<byte> stored, ref byte[] to)
    {
        var n = 0;
        for (var at = 2; at < stored.Length;)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(stored[at..]);
            var need = n + 4 + Folding.MaxLength(length);
            if (to.Length < need) Array.Resize(ref to, need * 2);
            var folded = Folding.Fold(stored.Slice(at + 2, length), to.AsSpan(n + 4), out _);
            BinaryPrimitives.WriteInt32LittleEndian(to.AsSpan(n), folded);
            n += 4 + folded;
            at += 2 + length;
        }
        return n;
    }

    /// <summary>The key of a group, as it is stored.</summary>
    public ReadOnlySpan<byte> KeyOf(int place)
    {
        ref var record = ref this[place];
        var bytes = MemoryMarshal.AsBytes(record.Key == 0 ? MemoryMarshal.CreateSpan(ref record.Short.First, 2) : Slab.Chunk(record.Key, 1));
        var length = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        return record.Key == 0 ? bytes[..length] : MemoryMarshal.AsBytes(Slab.Chunk(record.Key, length + 7 >> 3))[..length];
    }

    /// <summary>The n-th group-by value of a group, as its first event spelled it.</summary>
    public ReadOnlySpan<byte> ValueOf(int place, int n)
    {
        var key = KeyOf(place);
        var at = 2;
        while (n-- > 0) at += 2 + BinaryPrimitives.ReadUInt16LittleEndian(key[at..]);
        return key.Slice(at + 2, BinaryPrimitives.ReadUInt16LittleEndian(key[at..]));
    }

    /// <summary>Makes a group; there must be none of that key.</summary>
    public int Add(ulong hash, int rule, uint tenant, in ShortKey brief, ReadOnlySpan<byte> raw)
    {
        if (Count >= slots.Length / 4 * 3) Grow();
        var place = free;
        if (place >= 0) free = this[place].Key;
        else place = NewPlace();
        var record = new GroupRecord { Hash = (uint)hash, Rule = (ushort)rule, Tenant = tenant };
        if (raw.Length <= ShortKey.Max) record.Short = brief;
        else
        {
            record.Key = Slab.Take(raw.Length + 7 >> 3);
            raw.CopyTo(MemoryMarshal.AsBytes(Slab.Chunk(record.Key, raw.Length + 7 >> 3)));
        }
        this[place] = record;
        Put(slots, Slot((uint)hash, place));
        Count++;
        return place;
    }

    private int NewPlace()
    {
        var page = Places >> PageBits;
        if (page == 0 && Places == pages[0].Length) pages[0] = pages[0].Of(Places * 2);
        else if (page == pages.Length || pages[page].Length == 0)
        {
            if (page == pages.Length) Array.Resize(ref pages, pages.Length * 2);
            pages[page] = new LineArray<GroupRecord>(PageRecords);
        }
        return Places++;
    }

    private static void Put(in LineArray<ulong> table, ulong slot)
    {
        var at = (int)((uint)(slot >> 32) & (uint)(table.Length - 1));
        while (table[at] != 0) at = at + 1 & table.Length - 1;
        table[at] = slot;
    }

    private void Grow()
    {
        var larger = new LineArray<ulong>(slots.Length * 2);
        foreach (var slot in slots.Items)
            if (slot != 0) Put(larger, slot);
        slots = larger;
    }

    /// <summary>Forgets a group and its key; what else it holds is the caller's to give back before.</summary>
    public void Remove(int place)
    {
        ref var record = ref this[place];
        var mask = slots.Length - 1;
        var own = Slot(record.Hash, place);
        var at = (int)(record.Hash & (uint)mask);
        while (slots[at] != own) at = at + 1 & mask;
        // what stands behind moves up where that brings it nearer its own slot
        for (var next = at + 1 & mask; slots[next] != 0; next = next + 1 & mask)
        {
            var home = (int)((uint)(slots[next] >> 32) & (uint)mask);
            if ((next - home & mask) < (next - at & mask)) continue;
            slots[at] = slots[next];
            at = next;
        }
        slots[at] = 0;
        if (record.Key != 0) Slab.Give(record.Key, KeyOf(place).Length + 7 >> 3);
        record = new GroupRecord { Rule = GroupRecord.Unused, Key = free };
        free = place;
        Count--;
    }

    /// <summary>Forgets all groups and gives their memory back.</summary>
    public void Clear()
    {
        slots = new(FirstRecords * 2);
        pages = [new(FirstRecords)];
        (free, Places, Count) = (-1, 0, 0);
        Slab.Clear();
    }
}
