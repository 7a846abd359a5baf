using System.Runtime.InteropServices;

namespace Palisade.Server.Storage.Native;

/// <summary>
/// LowCardinality(String): a dictionary of the block's distinct values, and one index a row. Entry 0 is the empty text.
/// The hash table is open addressing over slices of one buffer: a value seen before allocates nothing.
/// </summary>
/// <remarks>
/// Wire: UInt64 version 1 (prefix) | UInt64 flags: index width (0,1,2 = 8,16,32 bit), 1&lt;&lt;9 own dictionary, 1&lt;&lt;10 renew |
/// UInt64 dictionary size | texts | UInt64 rows | indexes. A column without rows writes only its prefix.
/// </remarks>
internal sealed class FewColumn : NativeColumn
{
    private const ulong OwnDictionary = 1 << 9, RenewDictionary = 1 << 10;

    private readonly record struct Entry(int Offset, int Length, int Hash);

    private readonly NativeBuffer texts = new();
    private Entry[] entries = new Entry[256];
    private int[] table = new int[512]; // entry + 1; 0 is free
    private int count;
    private int[] indexes = new int[1024];
    private int rows;
    private int last;

    public FewColumn(string name) : base(name, "LowCardinality(String)") => Clear();

    public override int Rows => rows;

    public override bool Add(ReadOnlySpan<byte> text)
    {
        Push(text.IsEmpty ? 0 : Same(last, text) ? last : Find(text));
        return true;
    }

    public override void AddDefault() => Push(0);

    private void Push(int entry)
    {
        last = entry;
        if (rows == indexes.Length) Array.Resize(ref indexes, rows * 2);
        indexes[rows++] = entry;
    }

    private bool Same(int entry, ReadOnlySpan<byte> text)
    {
        ref readonly var e = ref entries[entry];
        return e.Length == text.Length && texts.Span.Slice(e.Offset, e.Length).SequenceEqual(text);
    }

    private int Find(ReadOnlySpan<byte> text)
    {
        var hash = Hash(text);
        var mask = table.Length - 1;
        for (var at = hash & mask; ; at = (at + 1) & mask)
        {
            var entry = table[at] - 1;
            if (entry < 0) return Insert(text, hash);
            if (entries[entry].Hash == hash && Same(entry, text)) return entry;
        }
    }

    private int Insert(ReadOnlySpan<byte> text, int hash)
    {
        if (count == entries.Length) Array.Resize(ref entries, count * 2);
        texts.Text(text);
        entries[count] = new Entry(texts.Length - text.Length, text.Length, hash);
        if (++count * 2 > table.Length) Grow();
        else Place(count - 1);
        return count - 1;
    }

    private void Grow()
    {
        table = new int[table.Length * 2];
        for (var i = 1; i < count; i++) Place(i);
    }

    private void Place(int entry)
    {
        var mask = table.Length - 1;
        var at = entries[entry].Hash & mask;
        while (table[at] != 0) at = (at + 1) & mask;
        table[at] = entry + 1;
    }

    /// <summary>The runtime's keyed hash (values come from attackers), over pairs of bytes and an odd last one.</summary>
    private static int Hash(ReadOnlySpan<byte> text)
    {
        var hash = string.GetHashCode(MemoryMarshal.Cast<byte, char>(text));
        return (text.Length & 1) == 0 ? hash : hash * 31 + text[^1];
    }

    public override void WritePrefix(NativeBuffer to) => to.UInt64(1);

    public override void WriteBody(NativeBuffer to)
    {
        if (rows == 0) return;
        var width = count <= 256 ? 0 : count <= 65536 ? 1 : 2;
        to.UInt64((ulong)width | OwnDictionary | RenewDictionary);
        to.UInt64((ulong)count);
        to.Raw(texts.Span);
        to.UInt64((ulong)rows);
        var from = indexes.AsSpan(0, rows);
        if (width == 0)
        {
            var span = to.Extend(rows);
            for (var i = 0; i < from.Length; i++) span[i] = (byte)from[i];
        }
        else if (width == 1)
        {
            var span = MemoryMarshal.Cast<byte, ushort>(to.Extend(2 * rows));
            for (var i = 0; i < from.Length; i++) span[i] = (ushort)from[i];
        }
        else
        {
            to.Values<int>(from);
        }
    }

    public override void Clear()
    {
        rows = 0;
        last = 0;
        texts.Clear();
        texts.Text(default);
        entries[0] = default;
        count = 1;
        Array.Clear(table);
    }
}
