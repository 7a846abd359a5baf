using Palisade.Engine;
using Palisade.Protocol;
using Palisade.Server.Storage.Native;
using Palisade.Server.Storage.Schema;
using EventId = Palisade.Server.Streaming.EventId;

namespace Palisade.Server.Storage;

/// <summary>
/// Events of one partition day as a Native block. Reads the batch's UTF-8 slices; allocates nothing per event once its
/// columns have grown. A field goes to its column, or to attrs when it has none, has a second value, or does not fit the type.
/// </summary>
public sealed class EventBlock : NativeBlock
{
    /// <summary>Bytes of records and fields in one block.</summary>
    public const long MaxBytes = 64 << 20;
    /// <summary>2106-01-01: the engine's DateTime ends soon after.</summary>
    internal const long MaxTimeMs = 4_291_747_200_000;

    private readonly FixedColumn<ushort> day = new("day", "Date");
    private readonly FixedColumn<uint> tenant = new("tenant_id", "UInt32");
    private readonly FixedColumn<long> time = new("ts", "DateTime64(3, 'UTC')");
    private readonly FixedColumn<ulong> id = new("id", "UInt64");
    private readonly FixedColumn<long> received = new("received_at", "DateTime64(3, 'UTC')");
    private readonly FixedColumn<ushort> retention = new("retention_days", "UInt16");
    private readonly FixedColumn<uint> source = new("source_id", "UInt32");
    private readonly FewColumn kind = new("kind");
    private readonly FewColumn version = new("parser_version");
    private readonly FixedColumn<byte> refusal = new("refusal", "UInt8");
    private readonly FixedColumn<ushort> flags = new("flags", "UInt16");
    private readonly MapColumn attrs = new("attrs");
    private readonly TextColumn raw = new("raw");
    private readonly NativeColumn[] typed;
    private readonly ArrayColumn[] arrays;
    private readonly NativeColumn[] scalars;
    /// <summary>Catalogue id to typed column; null: attrs.</summary>
    private readonly NativeColumn?[] byField;
    private readonly int node;
    private ushort partitionDay;
    private readonly byte[] parserVersion;
    private readonly ushort retentionDays;
    private long bytes;

    /// <param name="node">This node's number: the upper bits of every id.</param>
    /// <param name="day">Partition day, days since 1970-01-01 (<see cref="EventId.Day"/>).</param>
    /// <param name="parserVersion">Version of the content that parsed these events.</param>
    /// <param name="retentionDays">Days the rows are kept, from receipt.</param>
    public EventBlock(int node, int day, string parserVersion, int retentionDays = 90) : base("events")
    {
        this.node = node;
        partitionDay = (ushort)day;
        this.parserVersion = System.Text.Encoding.UTF8.GetBytes(parserVersion);
        this.retentionDays = (ushort)retentionDays;
        byField = new NativeColumn?[FieldCatalogue.Count];
        typed = [.. EventColumns.All.Select(c => byField[c.Field] = c.Create())];
        arrays = [.. typed.OfType<ArrayColumn>()];
        scalars = [.. typed.Where(c => c is not ArrayColumn)];
        Columns = [this.day, tenant, time, id, received, retention, source, kind, version, refusal, flags, attrs, raw, .. typed];
    }

    public int Day => partitionDay;

    /// <summary>Bytes of records and fields it holds.</summary>
    public long Bytes => bytes;

    /// <summary>Empties it and begins another day.</summary>
    public void Clear(int day)
    {
        Clear();
        partitionDay = (ushort)day;
    }

    private protected override NativeColumn[] Columns { get; }

    /// <summary>Adds an event.</summary>
    /// <param name="parser">Name of the parser that read it (<c>ParserSet.NameOf</c>), UTF-16; empty: none.</param>
    /// <returns>False, with nothing added, when the block holds <see cref="MaxBytes"/>: send it first.</returns>
    public bool Add(EventBatch batch, int index, string parser = "")
    {
        if (bytes > MaxBytes) return false;
        ref readonly var header = ref batch.Header(index);
        day.Add(partitionDay);
        tenant.Add(header.Tenant);
        time.Add(Math.Clamp(header.TimeMs, 0, MaxTimeMs));
        id.Add(EventId.Of(node, header.Sequence));
        received.Add(Math.Clamp(header.ReceivedMs, 0, MaxTimeMs));
        retention.Add(retentionDays);
        source.Add(header.Source);
        AddName(kind, parser);
        version.Add(parserVersion);
        refusal.Add((byte)header.Refusal);
        flags.Add((ushort)header.Flags);
        var record = batch.Raw(index);
        raw.Add(record);
        bytes += record.Length + 64;
        AddFields(batch, index, record);
        Rows++;
        return true;
    }

    private void AddFields(EventBatch batch, int index, ReadOnlySpan<byte> record)
    {
        var fields = batch.FieldIds(index);
        for (var slot = 0; slot < fields.Length; slot++)
        {
            var field = fields[slot];
            var value = batch.ValueAt(index, slot);
            if (value.IsEmpty || field is Fields.Timestamp or Fields.EventOriginal || field == Fields.Message && value.SequenceEqual(record)) continue;
            bytes += value.Length;
            if (field < byField.Length && byField[field] is { } column && (column is ArrayColumn || column.Rows == Rows) && column.Add(value)) continue;
            if (field == Fields.UrlOriginal && IsPathAndQuery(batch, index, value)) continue;
            attrs.Add(AttributeNames.Utf8(field), value);
        }
        attrs.EndRow();
        foreach (var column in arrays) column.EndRow();
        foreach (var column in scalars)
            if (column.Rows == Rows) column.AddDefault();
    }

    /// <summary>url.original that url.path and url.query give back together is not stored twice.</summary>
    private static bool IsPathAndQuery(EventBatch batch, int index, ReadOnlySpan<byte> original)
    {
        var path = batch.Get(index, Fields.UrlPath);
        var query = batch.Get(index, Fields.UrlQuery);
        if (query.IsEmpty) return original.SequenceEqual(path);
        return original.Length == path.Length + 1 + query.Length && original.StartsWith(path) && original[path.Length] == (byte)'?' && original.EndsWith(query);
    }

    private protected override void Cleared() => bytes = 0;
}
