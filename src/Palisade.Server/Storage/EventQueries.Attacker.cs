using System.Net;
using Palisade.Protocol;
using Palisade.Server.Storage.Native;

namespace Palisade.Server.Storage;

/// <summary>What an attacker tried: a class of attack, with the ATT&amp;CK technique where a rule names one.</summary>
public sealed record AttackerTry(string Class, string Technique, long Count, AttackOutcome Best, DateTimeOffset First, DateTimeOffset Last);

/// <summary>What an attacker went for, by the nearest name there is (see <see cref="TargetKey.Nearest"/>).</summary>
public sealed record AttackerTarget(string Key, long Count, AttackOutcome Best, DateTimeOffset Last);

/// <summary>Attacks of an attacker in a bucket of time.</summary>
public sealed record AttackerBucket(DateTimeOffset Start, long Count, long Succeeded);

/// <summary>All that an attacker sent, attack or not.</summary>
/// <param name="Agents">Different user agents, about.</param>
/// <param name="Users">Different accounts, about.</param>
/// <param name="Addresses">Different addresses, about.</param>
/// <param name="TopAgents">The most frequent ones.</param>
public sealed record AttackerTraffic(long Events, long Agents, long Users, long Addresses, IReadOnlyList<AgentPrint> TopAgents, DateTimeOffset First, DateTimeOffset Last);

/// <summary>A user agent and its fingerprint.</summary>
public sealed record AgentPrint(string Agent, ulong Hash);

/// <summary>An address that belongs to an attacker.</summary>
public sealed record AttackerAddress(string Address, string Country, long Count, AttackOutcome Best, DateTimeOffset Last);

/// <summary>Attackers that are more than one address: a range, or the fingerprint of a user agent.</summary>
/// <param name="Agent">The user agent; empty for a range.</param>
public sealed record AttackerGroup(AttackerSubject Who, string Agent, long Addresses, long Count, long Succeeded, DateTimeOffset Last);

/// <summary>One record of an attacker; class to outcome are of its worst finding, empty where there is none.</summary>
/// <param name="Raw">The beginning of the record.</param>
public sealed record AttackerAct(ulong Id, DateTimeOffset Time, uint Source, string Address, byte[] Raw, string Rule, string Class, string Attempt, FindingLevel Level, AttackOutcome Outcome);

/// <summary>One attacker: what it tried, on what, when, and what else came from it. Context findings are no attacks.</summary>
public sealed partial class EventQueries
{
    /// <summary>Bytes of a record that are shown in a list.</summary>
    private const int RawShown = 600;
    /// <summary>Findings of a fingerprint, or attacks of a list, are looked at so far at most.</summary>
    private const string MostIds = "100000";

    private static string OnFindings(AttackerSubject who) => who.Kind != AttackerKind.Fingerprint ? who.OnEvents
        : $$"""event_id IN (SELECT id FROM events WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND {{who.OnEvents}} ORDER BY ts DESC LIMIT {{MostIds}})""";

    private static string AttacksOf(AttackerSubject who) => $$"""findings WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND level >= 2 AND {{OnFindings(who)}}""";

    /// <summary>Most first.</summary>
    public Task<List<AttackerTry>> AttackerTriesAsync(uint tenant, TimeRange range, AttackerSubject who, CancellationToken stop) => ReadAsync(tenant, $$"""
        SELECT class, technique, uniq(event_id) AS n, max(outcome), toUnixTimestamp64Milli(min(ts)), toUnixTimestamp64Milli(max(ts)) FROM {{AttacksOf(who)}}
        GROUP BY class, technique ORDER BY n DESC, class, technique LIMIT 50
        """, r => new AttackerTry(r.GetString(0), r.GetString(1), Count(r, 2), (AttackOutcome)r.GetByte(3), Time(r, 4), Time(r, 5)), stop, [.. Range(range), .. who.Values]);

    /// <summary>Most first.</summary>
    public Task<List<AttackerTarget>> AttackerTargetsAsync(uint tenant, TimeRange range, AttackerSubject who, CancellationToken stop) => ReadAsync(tenant, $$"""
        SELECT {{NearestTarget}} AS k, uniq(event_id) AS n, max(outcome), toUnixTimestamp64Milli(max(ts)) FROM {{AttacksOf(who)}} GROUP BY k ORDER BY n DESC, k LIMIT 50
        """, r => new AttackerTarget(r.GetString(0), Count(r, 1), (AttackOutcome)r.GetByte(2), Time(r, 3)), stop, [.. Range(range), .. who.Values]);

    /// <summary>Buckets without attacks are left out.</summary>
    public Task<List<AttackerBucket>> AttackerHistogramAsync(uint tenant, TimeRange range, AttackerSubject who, TimeSpan bucket, CancellationToken stop) => ReadAsync(tenant, $$"""
        SELECT toInt64(intDiv(toUnixTimestamp(ts), {bucket:Int64}) * {bucket:Int64}) * 1000 AS start, uniq(event_id), uniqIf(event_id, outcome >= 3) FROM {{AttacksOf(who)}}
        GROUP BY start ORDER BY start LIMIT 1000
        """, r => new AttackerBucket(Time(r, 0), Count(r, 1), Count(r, 2)), stop, [.. Range(range), .. who.Values, new("bucket", "Int64", (long)bucket.TotalSeconds)]);

    /// <summary>Null where it sent nothing.</summary>
    public async Task<AttackerTraffic?> AttackerTrafficAsync(uint tenant, TimeRange range, AttackerSubject who, CancellationToken stop)
    {
        var rows = await ReadAsync(tenant, $$"""
            SELECT count() AS n, uniqIf(user_agent_original, user_agent_original != ''), uniqIf(user_name, user_name != ''), uniqIf(source_ip, source_ip != toIPv6('::')),
              topKIf(3)(CAST(user_agent_original AS String), user_agent_original != '') AS agents, arrayMap(a -> sipHash64(a), agents), toUnixTimestamp64Milli(min(ts)), toUnixTimestamp64Milli(max(ts))
            FROM events WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND {{who.OnEvents}} HAVING n > 0
            """, r => new AttackerTraffic(Count(r, 0), Count(r, 1), Count(r, 2), Count(r, 3), [.. r.GetFieldValue<string[]>(4).Zip(r.GetFieldValue<ulong[]>(5), (a, h) => new AgentPrint(a, h))], Time(r, 6), Time(r, 7)),
            stop, [.. Range(range), .. who.Values]);
        return rows.Count > 0 ? rows[0] : null;
    }

    /// <summary>Attacking addresses of a range or fingerprint, most attacks first.</summary>
    public Task<List<AttackerAddress>> AttackerAddressesAsync(uint tenant, TimeRange range, AttackerSubject who, int limit, CancellationToken stop) => ReadAsync(tenant, $$"""
        SELECT toString(source_ip), anyIf(source_country, source_country != ''), uniq(event_id) AS n, max(outcome), toUnixTimestamp64Milli(max(ts)) FROM {{AttacksOf(who)}} AND source_ip != toIPv6('::')
        GROUP BY source_ip ORDER BY n DESC, source_ip LIMIT {limit:UInt32}
        """, r => new AttackerAddress(Addresses.Show(IPAddress.Parse(r.GetString(0))), r.GetString(1), Count(r, 2), (AttackOutcome)r.GetByte(3), Time(r, 4)), stop, [.. Range(range), .. who.Values, Limit(limit)]);

    /// <summary>Records in order of time, the earliest first; of its attacks only, or of all that it sent.</summary>
    public async Task<List<AttackerAct>> AttackerActsAsync(uint tenant, TimeRange range, AttackerSubject who, bool attacksOnly, EventCursor? after, int limit, CancellationToken stop)
    {
        List<Bound> values = [.. Range(range), .. who.Values, Limit(limit)];
        var conditions = who.OnEvents;
        if (attacksOnly) conditions += $$""" AND id IN (SELECT event_id FROM {{AttacksOf(who)}} LIMIT {{MostIds}})""";
        if (after is { } last)
        {
            conditions += " AND (ts, id) > (fromUnixTimestamp64Milli({aftertime:Int64}), {afterid:UInt64})";
            values.AddRange([new("aftertime", "Int64", last.Time.ToUnixTimeMilliseconds()), new("afterid", "UInt64", last.Id)]);
        }
        var acts = await ReadAsync(tenant, $$"""
            SELECT id, toUnixTimestamp64Milli(ts), source_id, toString(source_ip), base64Encode(substring(raw, 1, {{RawShown}})) FROM events
            WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND {{conditions}} ORDER BY ts, id LIMIT {limit:UInt32}
            """, r => new AttackerAct(r.GetUInt64(0), Time(r, 1), r.GetUInt32(2), Addresses.Show(IPAddress.Parse(r.GetString(3))), Convert.FromBase64String(r.GetString(4)), "", "", "", default, default), stop, values);
        if (acts.Count == 0) return acts;
        var found = (await ReadAsync(tenant, $$"""
            SELECT event_id, argMax(rule_id, (level, outcome)), argMax(class, (level, outcome)), argMax(attempt, (level, outcome)), max(level), max(outcome) FROM findings
            WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND level >= 2 AND event_id IN {ids:Array(UInt64)} GROUP BY event_id
            """, r => (Id: r.GetUInt64(0), Rule: r.GetString(1), Class: r.GetString(2), Attempt: r.GetString(3), Level: r.GetByte(4), Outcome: r.GetByte(5)), stop,
            [.. Range(new TimeRange(acts[0].Time, acts[^1].Time.AddMilliseconds(1))), new("ids", "Array(UInt64)", acts.Select(a => a.Id).ToArray())])).ToDictionary(f => f.Id);
        return [.. acts.Select(a => found.TryGetValue(a.Id, out var f) ? a with { Rule = f.Rule, Class = f.Class, Attempt = f.Attempt, Level = (FindingLevel)f.Level, Outcome = (AttackOutcome)f.Outcome } : a)];
    }

    /// <summary>Ranges with most attacks: the /24s, and /48s of IPv6.</summary>
    public Task<List<AttackerGroup>> AttackerRangesAsync(uint tenant, TimeRange range, int limit, CancellationToken stop)
    {
        var attacks = Attacks(range);
        return ReadAsync(tenant, $$"""
            SELECT toString(if(source_ip >= toIPv6('::ffff:0.0.0.0') AND source_ip <= toIPv6('::ffff:255.255.255.255'), IPv6CIDRToRange(source_ip, 120).1, IPv6CIDRToRange(source_ip, 48).1)) AS k,
              uniq(source_ip), sum(hits) AS n, sumIf(hits, outcome >= 3), toUnixTimestamp64Milli(max(last)) FROM {{attacks.Sql}} WHERE source_ip != toIPv6('::') GROUP BY k ORDER BY n DESC, k LIMIT {limit:UInt32}
            """, r => new AttackerGroup(AttackerSubject.Around(IPAddress.Parse(r.GetString(0))), "", Count(r, 1), Count(r, 2), Count(r, 3), Time(r, 4)), stop, [.. attacks.Values, Limit(limit)]);
    }

    /// <summary>User agents that attacks were sent with, most attacks first.</summary>
    public Task<List<AttackerGroup>> AttackerAgentsAsync(uint tenant, TimeRange range, int limit, CancellationToken stop) => ReadAsync(tenant, $$"""
        SELECT sipHash64(CAST(user_agent_original AS String)) AS k, any(CAST(user_agent_original AS String)), uniq(source_ip), uniq(id) AS n,
          uniqIf(id, id IN (SELECT event_id FROM findings WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND level >= 2 AND outcome >= 3 LIMIT {{MostIds}})), toUnixTimestamp64Milli(max(ts))
        FROM events WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND user_agent_original != ''
          AND id IN (SELECT event_id FROM findings WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND level >= 2 ORDER BY ts DESC LIMIT {{MostIds}})
        GROUP BY k ORDER BY n DESC, k LIMIT {limit:UInt32}
        """, r => new AttackerGroup(AttackerSubject.OfAgent(r.GetUInt64(0)), r.GetString(1), Count(r, 2), Count(r, 3), Count(r, 4), Time(r, 5)), stop, [.. Range(range), Limit(limit)]);
}
