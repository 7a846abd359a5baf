using System.Text;
using Palisade.Engine.Parse.Delimited;
using Palisade.Engine.Parse.Targets;

namespace Palisade.Engine.Parse;

/// <summary>Lines that name the columns of those after them in the same log source.</summary>
public sealed partial class Parser
{
    /// <summary>Log sources whose header line is remembered; past it all are forgotten, and their lines read by the layouts of the source.</summary>
    private const int MaxHeaders = 1024;
    /// <summary>Columns of a table that is found out must have so many names that its source knows, a time among them.</summary>
    private const int LeastKnown = 3;

    private readonly Dictionary<uint, (short Parser, Target[][] Columns, ushort[] Ids)> headers = [];

    // A header line says what follows, whatever the lines before it were.
    private short Headed(int offset, int length, EventBatch into)
    {
        foreach (var candidate in set.Headed)
        {
            var text = into.Bytes(offset, length);
            var header = set[candidate].Columns.Header;
            if (text.StartsWith(header) && Learn(candidate, set[candidate], text[header.Length..])) return candidate;
        }
        return -1;
    }

    // A header line names the columns of what follows in the same log source.
    private bool Learn(short parser, SourceDefinition source, ReadOnlySpan<byte> names)
    {
        if (!columns.Split(names, source.Columns)) return false;
        Span<ushort> ids = stackalloc ushort[columns.Count];
        for (var i = 0; i < ids.Length; i++) ids[i] = FieldNames.GetOrAdd(names.Slice(columns.Ranges[i].Start, columns.Ranges[i].Length));
        foreach (var name in source.Has) if (!ids.Contains(name)) return false;
        Remember(record.Source, parser, source, ids);
        return carriesNothing = true;
    }

    // A line of names alone. Where there are names already, it is one of values, unless it repeats them or has other columns.
    private bool TryNames(short parser, SourceDefinition source, ReadOnlySpan<byte> text, ushort[]? known)
    {
        if (!ColumnNames.Are(text, columns.Ranges)) return false;
        if (known is not null)
        {
            for (var i = 0; i < known.Length; i++)
                if (ColumnNames.FieldOf(text, columns.Ranges[i]) != known[i]) return false;
            return carriesNothing = true;
        }
        Span<ushort> ids = stackalloc ushort[columns.Count];
        for (var i = 0; i < ids.Length; i++) ids[i] = ColumnNames.FieldOf(text, columns.Ranges[i]);
        if (record.Parser < 0 && !IsKnownTable(source, ids)) return false;
        Remember(record.Source, parser, source, ids);
        return carriesNothing = true;
    }

    private static bool IsKnownTable(SourceDefinition source, ReadOnlySpan<ushort> ids)
    {
        foreach (var name in source.Has) if (!ids.Contains(name)) return false;
        int names = 0, times = 0;
        foreach (var id in ids)
        {
            if (!source.Fields.TryGetValue(id, out var targets)) continue;
            names++;
            if (Array.Exists(targets, t => t.IsEventTime)) times++;
        }
        return names >= LeastKnown && times > 0;
    }

    private void Remember(uint log, short parser, SourceDefinition source, ReadOnlySpan<ushort> ids)
    {
        if (headers.TryGetValue(log, out var known) && known.Parser == parser && ids.SequenceEqual(known.Ids)) return;
        if (headers.Count >= MaxHeaders) headers.Clear();
        var columnsOf = new Target[ids.Length][];
        for (var i = 0; i < ids.Length; i++) columnsOf[i] = source.Fields.TryGetValue(ids[i], out var targets) ? targets : [PlainTarget(ids[i])];
        headers[log] = (parser, columnsOf, ids.ToArray());
    }

    /// <summary>Writes which columns the logs at hand have.</summary>
    /// <remarks><code>count i32 | ( log source u32 | parser text | columns i32 | ( name text )* )*</code></remarks>
    internal void SaveHeaders(BinaryWriter to)
    {
        to.Write(headers.Count);
        foreach (var (log, header) in headers)
        {
            to.Write(log);
            to.Write(set.NameOf(header.Parser));
            to.Write(header.Ids.Length);
            foreach (var id in header.Ids) to.Write(id == 0 ? "" : FieldNames.Name(id));
        }
    }

    /// <summary>Takes up what <see cref="SaveHeaders"/> wrote, also of other content: what no source reads any more is forgotten.</summary>
    /// <exception cref="InvalidDataException">These bytes are nothing of ours.</exception>
    internal void LoadHeaders(BinaryReader from)
    {
        headers.Clear();
        try
        {
            for (var count = from.ReadInt32(); count > 0; count--)
            {
                var (log, name, columnCount) = (from.ReadUInt32(), from.ReadString(), from.ReadInt32());
                if (columnCount is < 0 or > ColumnReader.MaxColumns) throw new InvalidDataException("A log has more columns than it may.");
                var ids = new ushort[columnCount];
                for (var i = 0; i < ids.Length; i++) ids[i] = from.ReadString() is { Length: > 0 } text ? FieldNames.GetOrAdd(text) : (ushort)0;
                if (set.IndexOf(name) is >= 0 and var parser) Remember(log, parser, set[parser], ids);
            }
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or DecoderFallbackException) { throw new InvalidDataException("The columns of logs were not written down whole.", e); }
    }
}

