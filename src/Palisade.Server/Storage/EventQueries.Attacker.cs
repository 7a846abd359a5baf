using Palisade.Protocol;
using Palisade.Server.Storage.Native;

namespace Palisade.Server.Storage;

/// <summary>What an address tried: a class of attack, with the ATT&amp;CK technique where a rule names one.</summary>
public sealed record AttackerTry(string Class, string Technique, long Count, AttackOutcome Best, DateTimeOffset First, DateTimeOffset Last);

/// <summary>What an address went for, by the nearest name there is (see <see cref="TargetKey.Nearest"/>).</summary>
public sealed record AttackerTarget(string Key, long Count, AttackOutcome Best, DateTimeOffset Last);

/// <summary>Attacks of an address in a bucket of time.</summary>
public sealed record AttackerBucket(DateTimeOffset Start, long Count, long Succeeded);

/// <summary>All that an address sent, attack or not.</summary>
/// <param name="Agents">Different user agents, about.</param>
/// <param name="Users">Different accounts, about.</param>
/// <param name="TopAgents">The most frequent ones.</param>
public sealed record AttackerTraffic(long Events, long Agents, long Users, IReadOnlyList<string> TopAgents, DateTimeOffset First, DateTimeOffset Last);

/// <summary>One address: what it tried, on what, when, and what else came from it. Context findings are no attacks.</summary>
public sealed partial class EventQueries
{
    private const string OfAddress = "source_ip = toIPv6({ip:String})";

    /// <summary>Most first.</summary>
    public Task<List<AttackerTry>> AttackerTriesAsync(uint tenant, TimeRange range, string address, CancellationToken stop) => OfAsync(tenant, range, address, $$"""
        SELECT class, technique, uniq(event_id) AS n, max(outcome), toUnixTimestamp64Milli(min(ts)), toUnixTimestamp64Milli(max(ts)) FROM findings
        WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND level >= 2 AND {{OfAddress}} GROUP BY class, technique ORDER BY n DESC, class, technique LIMIT 50
        """, r => new AttackerTry(r.GetString(0), r.GetString(1), Count(r, 2), (AttackOutcome)r.GetByte(3), Time(r, 4), Time(r, 5)), stop);

    /// <summary>Most first.</summary>
    public Task<List<AttackerTarget>> AttackerTargetsAsync(uint tenant, TimeRange range, string address, CancellationToken stop) => OfAsync(tenant, range, address, $$"""
        SELECT multiIf(host_name != '', toString(host_name), url_domain != '', toString(url_domain), concat('#', toString(source_id))) AS k,
          uniq(event_id) AS n, max(outcome), toUnixTimestamp64Milli(max(ts)) FROM findings
        WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND level >= 2 AND {{OfAddress}} GROUP BY k ORDER BY n DESC, k LIMIT 50
        """, r => new AttackerTarget(r.GetString(0), Count(r, 1), (AttackOutcome)r.GetByte(2), Time(r, 3)), stop);

    /// <summary>Buckets without attacks are left out.</summary>
    public Task<List<AttackerBucket>> AttackerHistogramAsync(uint tenant, TimeRange range, string address, TimeSpan bucket, CancellationToken stop) => OfAsync(tenant, range, address, $$"""
        SELECT toInt64(intDiv(toUnixTimestamp(ts), {bucket:Int64}) * {bucket:Int64}) * 1000 AS start, uniq(event_id), uniqIf(event_id, outcome >= 3) FROM findings
        WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND level >= 2 AND {{OfAddress}} GROUP BY start ORDER BY start LIMIT 1000
        """, r => new AttackerBucket(Time(r, 0), Count(r, 1), Count(r, 2)), stop, new Bound("bucket", "Int64", (long)bucket.TotalSeconds));

    /// <summary>Null where it sent nothing.</summary>
    public async Task<AttackerTraffic?> AttackerTrafficAsync(uint tenant, TimeRange range, string address, CancellationToken stop)
    {
        var rows = await OfAsync(tenant, range, address, $$"""
            SELECT count() AS n, uniqIf(user_agent_original, user_agent_original != ''), uniqIf(user_name, user_name != ''),
              topKIf(3)(toString(user_agent_original), user_agent_original != ''), toUnixTimestamp64Milli(min(ts)), toUnixTimestamp64Milli(max(ts)) FROM events
            WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND {{OfAddress}} HAVING n > 0
            """, r => new AttackerTraffic(Count(r, 0), Count(r, 1), Count(r, 2), r.GetFieldValue<string[]>(3), Time(r, 4), Time(r, 5)), stop);
        return rows.Count > 0 ? rows[0] : null;
    }

    private Task<List<T>> OfAsync<T>(uint tenant, TimeRange range, string address, string sql, Func<ClickHouse.Driver.ADO.Readers.ClickHouseDataReader, T> map, CancellationToken stop, params Bound[] more) =>
        Addresses.IsAddress(address) ? ReadAsync(tenant, sql, map, stop, [.. Range(range), new("ip", "String", address), .. more]) : Task.FromResult<List<T>>([]);
}
