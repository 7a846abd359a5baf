using ClickHouse.Driver.ADO.Readers;
using Palisade.Server.Storage.Schema;

namespace Palisade.Server.Storage;

/// <summary>Single events: by id, by search, by source.</summary>
public sealed partial class EventQueries
{
    private const int FixedColumns = 9;
    private static readonly string EventColumnList =
        "id, toUnixTimestamp64Milli(ts), toUnixTimestamp64Milli(received_at), source_id, kind, refusal, flags, base64Encode(raw), attrs, " + string.Join(", ", EventColumns.All.Select(Shown));

    /// <summary>A column as text, the zero value as empty.</summary>
    private static string Shown(EventColumn column) => column.Shape switch
    {
        ColumnShape.Text or ColumnShape.Few => $"toString({column.Name})",
        ColumnShape.FewArray or ColumnShape.TextArray => $"arrayStringConcat({column.Name}, ', ')",
        ColumnShape.AddressArray => $"arrayStringConcat(arrayMap(a -> replaceRegexpOne(toString(a), '^::ffff:', ''), {column.Name}), ', ')",
        ColumnShape.Address => $"if({column.Name} = toIPv6('::'), '', replaceRegexpOne(toString({column.Name}), '^::ffff:', ''))",
        ColumnShape.Bool => $"if({column.Name}, 'true', '')",
        _ => $"if({column.Name} = 0, '', toString({column.Name}))",
    };

    /// <summary>One event; null when this tenant has none of that id.</summary>
    public async Task<StoredEvent?> EventAsync(uint tenant, ulong id, CancellationToken stop) =>
        (await ReadAsync(tenant, $$"""SELECT {{EventColumnList}} FROM events WHERE tenant_id = {tenant:UInt32} AND id = {id:UInt64} LIMIT 1""",
            Event, stop, [new("id", "UInt64", id)])).FirstOrDefault();

    /// <summary>Events that fit, newest first.</summary>
    public Task<List<StoredEvent>> SearchAsync(uint tenant, EventSearch search, CancellationToken stop)
    {
        var (where, values) = Where(search);
        values.Add(Limit(search.Limit));
        return ReadAsync(tenant, $$"""
            SELECT {{EventColumnList}} FROM events WHERE tenant_id = {tenant:UInt32} AND {{where}} ORDER BY ts DESC, id DESC LIMIT {limit:UInt32}
            """, Event, stop, values);
    }

    /// <summary>How many events fit (paging aside).</summary>
    public async Task<long> CountAsync(uint tenant, EventSearch search, CancellationToken stop)
    {
        var (where, values) = Where(search with { After = null });
        return (await ReadAsync(tenant, $$"""SELECT count() FROM events WHERE tenant_id = {tenant:UInt32} AND {{where}}""", r => Count(r, 0), stop, values))[0];
    }

    /// <summary>Stored events of each source by event time, and when the newest was received.</summary>
    public Task<List<SourceTotal>> SourceTotalsAsync(uint tenant, TimeRange range, CancellationToken stop) =>
        ReadAsync(tenant, $$"""
            SELECT source_id, count(), countIf(refusal != 0), toUnixTimestamp64Milli(max(received_at)) FROM events
            WHERE tenant_id = {tenant:UInt32} AND {{InRange}} GROUP BY source_id ORDER BY source_id
            """, r => new SourceTotal(r.GetUInt32(0), Count(r, 1), Count(r, 2), Time(r, 3)), stop, Range(range));

    /// <summary>A source's latest records that no parser understood (blank ones aside), newest first.</summary>
    public Task<List<StoredEvent>> UnparsedAsync(uint tenant, uint source, TimeRange range, int limit, CancellationToken stop) =>
        ReadAsync(tenant, $$"""
            SELECT {{EventColumnList}} FROM events WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND source_id = {source:UInt32} AND refusal > 1
            ORDER BY ts DESC, id DESC LIMIT {limit:UInt32}
            """, Event, stop, [.. Range(range), new("source", "UInt32", source), Limit(limit)]);

    private static (string Sql, List<Bound> Values) Where(EventSearch search)
    {
        var where = new List<string> { InRange };
        var values = new List<Bound>(Range(search.Range));
        if (search.Source is { } source)
        {
            where.Add("source_id = {source:UInt32}");
            values.Add(new("source", "UInt32", source));
        }
        if (search.After is { } after)
        {
            where.Add("(ts, id) < (fromUnixTimestamp64Milli({aftertime:Int64}), {afterid:UInt64})");
            values.AddRange([new("aftertime", "Int64", after.Time.ToUnixTimeMilliseconds()), new("afterid", "UInt64", after.Id)]);
        }
        for (var i = 0; i < search.Filters.Count; i++) where.Add(FilterSql.Condition(search.Filters[i], i, values));
        for (var i = 0; i < search.Words.Count; i++)
        {
            where.Add($"positionCaseInsensitive(raw, {{word{i}:String}}) > 0");
            values.Add(new($"word{i}", "String", search.Words[i]));
        }
        var number = search.Filters.Count;
        if (search.Condition is { } condition) where.Add(FilterSql.Tree(condition, ref number, values));
        return (string.Join(" AND ", where), values);
    }

    private static StoredEvent Event(ClickHouseDataReader r)
    {
        var fields = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in r.GetFieldValue<Dictionary<string, string>>(8)) fields[name] = value;
        for (var i = 0; i < EventColumns.All.Count; i++)
        {
            var value = r.GetString(FixedColumns + i);
            if (value.Length == 0) continue;
            var name = EventColumns.All[i].Ecs;
            fields[name] = fields.TryGetValue(name, out var more) ? value + ", " + more : value;
        }
        // not stored when the other two give it
        if (!fields.ContainsKey("url.original") && fields.TryGetValue("url.path", out var path))
            fields["url.original"] = fields.TryGetValue("url.query", out var query) ? path + "?" + query : path;
        return new StoredEvent(r.GetUInt64(0), Time(r, 1), Time(r, 2), r.GetUInt32(3), r.GetString(4), r.GetByte(5), r.GetFieldValue<ushort>(6), Convert.FromBase64String(r.GetString(7)), fields);
    }
}
