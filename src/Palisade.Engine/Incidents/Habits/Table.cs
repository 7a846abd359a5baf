using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>What a <see cref="Table{T}"/> wants to know of its entries.</summary>
internal interface IEntry
{
    long LastMs { get; }
    /// <summary>Goes only when nothing beside it is worth less.</summary>
    int Worth { get; }
}

/// <summary>
/// State by 64-bit key in bounded memory: eight places a set; in a full set the entry quiet for longest makes room, so that a flood of new
/// keys costs others of its set at most, and never what is worth more. Grows up to its bound.
/// <code>keys[set * 8 + way]   0 = free          items[set * 8 + way]</code>
/// </summary>
internal sealed class Table<T>(int maxSets) where T : unmanaged, IEntry
{
    private const int Ways = 8;
    private ulong[] keys = new ulong[64 * Ways];
    private T[] items = new T[64 * Ways];
    private int sets = 64;
    private bool isTight;

    public int Count { get; private set; }
    /// <summary>Entries that had to make room.</summary>
    public long Evicted { get; private set; }

    /// <summary>Places there are, used or not.</summary>
    public int Places => keys.Length;
    public bool IsUsed(int place) => keys[place] != 0;
    public ref T At(int place) => ref items[place];

    /// <summary>Makes room where wanted. References taken before are void after; <see cref="GetOrAdd"/> itself never moves anything.</summary>
    public void Prepare()
    {
        if (!isTight || sets >= maxSets) return;
        isTight = false;
        var (oldKeys, oldItems) = (keys, items);
        sets *= 2;
        keys = new ulong[sets * Ways];
        items = new T[sets * Ways];
        Count = 0;
        for (var i = 0; i < oldKeys.Length; i++)
            if (oldKeys[i] != 0) GetOrAdd(oldKeys[i], out _) = oldItems[i];
    }

    public ref T Find(ulong key)
    {
        key = key == 0 ? 1 : key;
        var first = First(key);
        for (var i = first; i < first + Ways; i++)
            if (keys[i] == key) return ref items[i];
        return ref Unsafe.NullRef<T>();
    }

    public ref T GetOrAdd(ulong key, out bool isNew)
    {
        key = key == 0 ? 1 : key;
        var first = First(key);
        var free = -1;
        for (var i = first; i < first + Ways; i++)
        {
            if (keys[i] == key) { isNew = false; return ref items[i]; }
            if (keys[i] == 0 && free < 0) free = i;
        }
        isNew = true;
        if (free < 0)
        {
            isTight = true;
            Evicted++;
            free = first;
            for (var i = first + 1; i < first + Ways; i++)
                if (Goes(items[i]).CompareTo(Goes(items[free])) < 0) free = i;
        }
        else if (++Count > sets * (Ways / 2))
        {
            isTight = true;
        }
        keys[free] = key;
        items[free] = default;
        return ref items[free];
    }

    private static (int, long) Goes(in T item) => (item.Worth, item.LastMs);

    private int First(ulong key) => (int)(key >> 20 & (uint)(sets - 1)) * Ways;

    /// <summary>Writes every entry at its place: sets i32, tight u8, count i32, then each: place i32, key u64, the entry's bytes.</summary>
    public void Save(BinaryWriter w)
    {
        w.Write(sets);
        w.Write(isTight);
        w.Write(Unsafe.SizeOf<T>());
        w.Write(Count);
        for (var i = 0; i < keys.Length; i++)
        {
            if (keys[i] == 0) continue;
            w.Write(i);
            w.Write(keys[i]);
            w.Write(MemoryMarshal.AsBytes(items.AsSpan(i, 1)));
        }
    }

    /// <exception cref="InvalidDataException">The bytes are no such table.</exception>
    public void Load(BinaryReader r)
    {
        sets = r.ReadInt32();
        if (sets < 64 || sets > maxSets || (sets & sets - 1) != 0) throw new InvalidDataException("a table's size is out of range");
        isTight = r.ReadBoolean();
        if (r.ReadInt32() != Unsafe.SizeOf<T>()) throw new InvalidDataException("a table holds entries of another version");
        keys = new ulong[sets * Ways];
        items = new T[sets * Ways];
        Count = r.ReadInt32();
        if (Count < 0 || Count > keys.Length) throw new InvalidDataException("a table's count is out of range");
        for (var n = 0; n < Count; n++)
        {
            var i = r.ReadInt32();
            if ((uint)i >= (uint)keys.Length) throw new InvalidDataException("a table's entry is out of range");
            keys[i] = r.ReadUInt64();
            r.BaseStream.ReadExactly(MemoryMarshal.AsBytes(items.AsSpan(i, 1)));
        }
    }
}
