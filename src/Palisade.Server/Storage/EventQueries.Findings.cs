using System.Net;
using ClickHouse.Driver.ADO.Readers;
using Palisade.Protocol;
using Palisade.Server.Storage.Native;

namespace Palisade.Server.Storage;

/// <summary>Single findings; of several revisions of one, the newest.</summary>
public sealed partial class EventQueries
{
    private const string FindingColumns = """
        event_id, toUnixTimestamp64Milli(ts), source_id, rule_id, class, technique, attempt, level, outcome, field, evidence_offset, evidence_length,
        toString(source_ip), source_country, host_name, url_domain, url_path, user_name, correlation, proof_ids, confidence
        """;

    /// <summary>Findings of one event, worst first, context included.</summary>
    public Task<List<StoredFinding>> FindingsOfEventAsync(uint tenant, ulong eventId, CancellationToken stop) =>
        ReadAsync(tenant, $$"""
            SELECT {{FindingColumns}} FROM findings FINAL WHERE tenant_id = {tenant:UInt32} AND event_id = {event:UInt64} ORDER BY level DESC, rule_id LIMIT 1000
            """, Finding, stop, [new("event", "UInt64", eventId)]);

    /// <summary>Findings behind an alert, newest first.</summary>
    /// <param name="sourceIp">Address of the attacker; empty: any.</param>
    /// <param name="target">Host or site; empty: any.</param>
    public Task<List<StoredFinding>> FindingsOfAlertAsync(uint tenant, TimeRange range, string ruleId, string sourceIp, string target, int limit, CancellationToken stop)
    {
        var values = new List<Bound>(Range(range)) { new("rule", "String", ruleId), Limit(limit) };
        var conditions = "";
        if (sourceIp.Length > 0)
        {
            if (!Addresses.IsAddress(sourceIp)) return Task.FromResult<List<StoredFinding>>([]);
            conditions += " AND source_ip = toIPv6({ip:String})";
            values.Add(new("ip", "String", sourceIp));
        }
        if (target.Length > 0)
        {
            conditions += " AND (host_name = {target:String} OR url_domain = {target:String})";
            values.Add(new("target", "String", target));
        }
        return ReadAsync(tenant, $$"""
            SELECT {{FindingColumns}} FROM findings FINAL WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND rule_id = {rule:String}{{conditions}}
            ORDER BY ts DESC, event_id DESC LIMIT {limit:UInt32}
            """, Finding, stop, values);
    }

    private static StoredFinding Finding(ClickHouseDataReader r) => new(
        r.GetUInt64(0), Time(r, 1), r.GetUInt32(2), r.GetString(3), r.GetString(4), r.GetString(5), r.GetString(6), (FindingLevel)r.GetByte(7), (AttackOutcome)r.GetByte(8),
        r.GetString(9), (int)r.GetUInt32(10), (int)r.GetUInt32(11), Addresses.Show(IPAddress.Parse(r.GetString(12))), r.GetString(13), r.GetString(14), r.GetString(15),
        r.GetString(16), r.GetString(17), r.GetBoolean(18), r.GetFieldValue<ulong[]>(19), (FindingConfidence)r.GetByte(20));
}
