namespace Palisade.Server.Storage;

/// <summary>A record that no source could read: where it stands, and how long it is.</summary>
public readonly record struct UnreadPlace(ulong Id, int Length);

/// <summary>A record that no source could read.</summary>
public readonly record struct UnreadRecord(ulong Id, long ReceivedMs, byte[] Raw);

/// <summary>Which records of a source: by receipt.</summary>
public readonly record struct UnreadRange(uint Source, long FromMs, long ToMs)
{
    private const long DayMs = 86_400_000;
    /// <summary>Partition days they can lie in: an event's own day is at most seven days before its receipt and one behind it.</summary>
    internal (ushort First, ushort Last) Days => ((ushort)Math.Clamp(FromMs / DayMs - 8, 0, ushort.MaxValue), (ushort)Math.Clamp(ToMs / DayMs + 2, 0, ushort.MaxValue));

    internal Bound[] Bounds => [.. DayBounds, new("source", "UInt32", Source), new("from", "Int64", FromMs), new("to", "Int64", ToMs)];

    internal Bound[] DayBounds => [new("firstday", "UInt16", Days.First), new("lastday", "UInt16", Days.Last)];
}

/// <summary>Records that no source could read, in the order of their ids, for reading them once more.</summary>
public sealed partial class EventQueries
{
    internal const string InDays = "day >= toDate({firstday:UInt16}) AND day <= toDate({lastday:UInt16})";
    private const string Unread =
        "tenant_id = {tenant:UInt32} AND " + InDays + " AND source_id = {source:UInt32} AND refusal > 1 AND received_at >= fromUnixTimestamp64Milli({from:Int64}) AND received_at < fromUnixTimestamp64Milli({to:Int64})";

    /// <summary>How many there are.</summary>
    public async Task<long> CountUnreadAsync(uint tenant, UnreadRange range, CancellationToken stop) =>
        (await ReadAsync(tenant, $"SELECT count() FROM events WHERE {Unread}", r => Count(r, 0), stop, range.Bounds))[0];

    /// <summary>The next ones behind an id.</summary>
    public Task<List<UnreadPlace>> UnreadPlacesAsync(uint tenant, UnreadRange range, ulong after, int limit, CancellationToken stop) =>
        ReadAsync(tenant, $$"""SELECT id, toUInt32(length(raw)) FROM events WHERE {{Unread}} AND id > {after:UInt64} ORDER BY id LIMIT {limit:UInt32}""",
            r => new UnreadPlace(r.GetUInt64(0), (int)r.GetUInt32(1)), stop, [.. range.Bounds, new("after", "UInt64", after), Limit(limit)]);

    /// <summary>Those behind an id, up to another.</summary>
    public Task<List<UnreadRecord>> UnreadAsync(uint tenant, UnreadRange range, ulong after, ulong last, CancellationToken stop) =>
        ReadAsync(tenant, $$"""
            SELECT id, toUnixTimestamp64Milli(received_at), base64Encode(raw) FROM events WHERE {{Unread}} AND id > {after:UInt64} AND id <= {last:UInt64} ORDER BY id LIMIT 1 BY id
            """, r => new UnreadRecord(r.GetUInt64(0), r.GetInt64(1), Convert.FromBase64String(r.GetString(2))), stop, [.. range.Bounds, new("after", "UInt64", after), new("last", "UInt64", last)]);

    /// <summary>Of these events, those that are stored as read.</summary>
    public async Task<HashSet<ulong>> ReadOfAsync(uint tenant, UnreadRange range, IReadOnlyList<ulong> ids, CancellationToken stop) =>
        [.. await ReadAsync(tenant, $$"""
            SELECT id FROM events WHERE tenant_id = {tenant:UInt32} AND {{InDays}} AND id IN {ids:Array(UInt64)} AND refusal < 2
            """, r => r.GetUInt64(0), stop, [.. range.DayBounds, new("ids", "Array(UInt64)", ids.ToArray())])];

    /// <summary>What was found in these events before: event and rule.</summary>
    public async Task<HashSet<(ulong Event, string Rule)>> FoundInAsync(uint tenant, IReadOnlyList<ulong> ids, CancellationToken stop) =>
        [.. await ReadAsync(tenant, $$"""
            SELECT DISTINCT event_id, rule_id FROM findings WHERE tenant_id = {tenant:UInt32} AND event_id IN {ids:Array(UInt64)}
            """, r => (r.GetUInt64(0), r.GetString(1)), stop, [new("ids", "Array(UInt64)", ids.ToArray())])];
}
