using ClickHouse.Driver.ADO.Readers;

namespace Palisade.Server.Storage;

/// <summary>
/// The only place where SQL over events and findings is made. Every query takes the tenant first, has it as its first
/// condition, and carries a table filter on it as well. Text of users is bound, never part of a statement.
/// </summary>
public sealed partial class EventQueries(StoreClient store, StorageOptions options)
{
    private static readonly string[] Tables = ["events", "findings", "attack_hours"];

    private Task<List<T>> ReadAsync<T>(uint tenant, string sql, Func<ClickHouseDataReader, T> map, CancellationToken stop, params IEnumerable<Bound> values)
    {
        ArgumentOutOfRangeException.ThrowIfZero(tenant);
        var settings = new Dictionary<string, object>
        {
            ["additional_table_filters"] = "{" + string.Join(",", Tables.Select(t => $"'{t}':'tenant_id = {tenant}'")) + "}",
            ["max_execution_time"] = options.QuerySeconds,
            ["max_memory_usage"] = (long)options.QueryMemoryMiB << 20,
        };
        return store.ReadAsync(sql, map, settings, stop, [new("tenant", "UInt32", tenant), .. values]);
    }

    private static Bound[] Range(TimeRange range) => [new("from", "Int64", range.FromMs), new("to", "Int64", range.ToMs)];

    private const string InRange = "ts >= fromUnixTimestamp64Milli({from:Int64}) AND ts < fromUnixTimestamp64Milli({to:Int64})";

    private static DateTimeOffset Time(ClickHouseDataReader row, int ordinal) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(ordinal));

    private static long Count(ClickHouseDataReader row, int ordinal) => (long)row.GetUInt64(ordinal);
}
