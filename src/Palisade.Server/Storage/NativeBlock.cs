using System.Text;
using Palisade.Server.Storage.Native;

namespace Palisade.Server.Storage;

/// <summary>
/// Rows of one table in ClickHouse's Native format, built column by column. Reused after <see cref="Clear"/>: its columns keep
/// the room they have grown to.
/// </summary>
/// <remarks>Wire: VarUInt columns | VarUInt rows | per column: name, type, prefix, body.</remarks>
public abstract class NativeBlock(string table)
{
    public string Table { get; } = table;

    public int Rows { get; private protected set; }

    private protected abstract NativeColumn[] Columns { get; }

    private protected virtual void Cleared() { }

    public void Clear()
    {
        foreach (var column in Columns) column.Clear();
        Rows = 0;
        Cleared();
    }

    /// <summary>The block's bytes, in a buffer of the caller: only what is being sent needs one.</summary>
    internal ArraySegment<byte> Encode(NativeBuffer wire)
    {
        wire.Clear();
        wire.VarUInt((ulong)Columns.Length);
        wire.VarUInt((ulong)Rows);
        foreach (var column in Columns)
        {
            if (column.Rows != Rows) throw new InvalidOperationException($"column {column.Name} of {Table} has {column.Rows} rows of {Rows}");
            wire.Text(Encoding.UTF8.GetBytes(column.Name));
            wire.Text(Encoding.UTF8.GetBytes(column.Type));
            column.WritePrefix(wire);
            column.WriteBody(wire);
        }
        return wire.Segment;
    }

    private protected static void AddName(NativeColumn column, string text)
    {
        Span<byte> utf8 = stackalloc byte[512];
        if (Encoding.UTF8.TryGetBytes(text, utf8, out var length)) column.Add(utf8[..length]);
        else column.Add(Encoding.UTF8.GetBytes(text));
    }
}
