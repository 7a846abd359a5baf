using Palisade.Protocol;
using Palisade.Server.Storage.Native;

namespace Palisade.Server.Storage;

/// <summary>Who attacks what, how, and what came of it. Whole hours come from the roll-up, the rest from the findings.</summary>
public sealed partial class EventQueries
{
    private const long HourMs = 3_600_000;
    /// <summary>Of a finding: see <see cref="TargetKey.Nearest"/>.</summary>
    private const string NearestTarget = "multiIf(host_name != '', toString(host_name), url_domain != '', toString(url_domain), concat('#', toString(source_id)))";

    /// <summary>Attacks per class and bucket of time; buckets without any are left out. A bucket starts at a multiple of its length since 1970 UTC.</summary>
    public Task<List<AttackBucket>> AttackHistogramAsync(uint tenant, TimeRange range, TimeSpan bucket, CancellationToken stop)
    {
        var seconds = (long)bucket.TotalSeconds;
        ArgumentOutOfRangeException.ThrowIfLessThan(seconds, 1, nameof(bucket));
        var attacks = Attacks(range, wholeHours: seconds % 3600 == 0);
        return ReadAsync(tenant, $$"""
            SELECT toInt64(intDiv(toUnixTimestamp(t), {bucket:Int64}) * {bucket:Int64}) * 1000 AS start, class, sum(hits) AS n
            FROM {{attacks.Sql}} GROUP BY start, class ORDER BY start, class
            """, r => new AttackBucket(Time(r, 0), r.GetString(1), Count(r, 2)), stop, [.. attacks.Values, new("bucket", "Int64", seconds)]);
    }

    /// <summary>Attacks per class, most first, with those of the span before.</summary>
    public async Task<List<ClassTotal>> ClassTotalsAsync(uint tenant, TimeRange range, CancellationToken stop)
    {
        var now = await CountByClassAsync(tenant, range, stop);
        var before = await CountByClassAsync(tenant, range.Before, stop);
        return [.. now.Keys.Union(before.Keys).Select(c => new ClassTotal(c, now.GetValueOrDefault(c), before.GetValueOrDefault(c)))
            .OrderByDescending(c => c.Count).ThenByDescending(c => c.Before).ThenBy(c => c.Class, StringComparer.Ordinal)];
    }

    private async Task<Dictionary<string, long>> CountByClassAsync(uint tenant, TimeRange range, CancellationToken stop)
    {
        var attacks = Attacks(range);
        var rows = await ReadAsync(tenant, $"SELECT class, sum(hits) FROM {attacks.Sql} GROUP BY class", r => (Class: r.GetString(0), Count: Count(r, 1)), stop, attacks.Values);
        return rows.ToDictionary(r => r.Class, r => r.Count, StringComparer.Ordinal);
    }

    /// <summary>Attacks per outcome, most first.</summary>
    public Task<List<OutcomeTotal>> OutcomeTotalsAsync(uint tenant, TimeRange range, CancellationToken stop)
    {
        var attacks = Attacks(range);
        return ReadAsync(tenant, $"SELECT outcome, sum(hits) AS n FROM {attacks.Sql} GROUP BY outcome ORDER BY n DESC, outcome",
            r => new OutcomeTotal((AttackOutcome)r.GetByte(0), Count(r, 1)), stop, attacks.Values);
    }

    /// <summary>Attackers with most attacks.</summary>
    public Task<List<AttackerTotal>> TopAttackersAsync(uint tenant, TimeRange range, AttackerKey by, int limit, CancellationToken stop)
    {
        var attacks = Attacks(range);
        var (key, known) = by switch
        {
            AttackerKey.Address => ("source_ip", "source_ip != toIPv6('::')"),
            AttackerKey.Country => ("source_country", "source_country != ''"),
            _ => ("source_asn", "source_asn != 0"),
        };
        return ReadAsync(tenant, $$"""
            SELECT toString({{key}}) AS k, anyIf(source_country, source_country != '') AS country, anyIf(source_as_org, source_as_org != '') AS organization,
              sum(hits) AS n, sumIf(hits, outcome = 1) AS blocked, sumIf(hits, outcome >= 3) AS succeeded, toUnixTimestamp64Milli(max(last)) AS seen
            FROM {{attacks.Sql}} WHERE {{known}} GROUP BY {{key}} ORDER BY n DESC, k LIMIT {limit:UInt32}
            """, r => new AttackerTotal(
                by == AttackerKey.Address ? Addresses.Show(System.Net.IPAddress.Parse(r.GetString(0))) : r.GetString(0),
                r.GetString(1), r.GetString(2), Count(r, 3), Count(r, 4), Count(r, 5), Time(r, 6)), stop, [.. attacks.Values, Limit(limit)]);
    }

    /// <summary>Targets with most attacks.</summary>
    public Task<List<TargetTotal>> TopTargetsAsync(uint tenant, TimeRange range, TargetKey by, int limit, CancellationToken stop)
    {
        var key = by switch
        {
            TargetKey.Host => "host_name",
            TargetKey.Site => "url_domain",
            TargetKey.Path => "url_path",
            TargetKey.User => "user_name",
            _ => NearestTarget,
        };
        return ReadAsync(tenant, $$"""
            SELECT {{key}} AS k, count() AS n, countIf(outcome >= 3), uniq(source_ip) FROM findings
            WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND level >= 2 AND {{key}} != '' GROUP BY k ORDER BY n DESC, k LIMIT {limit:UInt32}
            """, r => new TargetTotal(r.GetString(0), Count(r, 1), Count(r, 2), Count(r, 3)), stop, [.. Range(range), Limit(limit)]);
    }

    private static Bound Limit(int limit) => new("limit", "UInt32", (uint)Math.Clamp(limit, 1, 10_000));

    /// <summary>
    /// Attacks of a span as a table (t, class, outcome, source…, hits, last): hours that lie whole within it from the roll-up,
    /// what stands out at both ends from the findings. The sum is exact.
    /// </summary>
    private static (string Sql, Bound[] Values) Attacks(TimeRange range, bool wholeHours = true)
    {
        const string Columns = "class, outcome, source_ip, source_country, source_asn, source_as_org";
        var first = (range.FromMs + HourMs - 1) / HourMs * HourMs;
        var end = range.ToMs / HourMs * HourMs;
        const string FindingsOf = $$"""SELECT toDateTime(ts) AS t, {{Columns}}, toUInt64(1) AS hits, ts AS last FROM findings WHERE tenant_id = {tenant:UInt32} AND level >= 2""";
        if (!wholeHours || first >= end) return ($"({FindingsOf} AND {InRange})", Range(range));
        return ($$"""
            (SELECT hour AS t, {{Columns}}, hits, last_seen AS last FROM attack_hours
              WHERE tenant_id = {tenant:UInt32} AND hour >= fromUnixTimestamp64Milli({first:Int64}) AND hour < fromUnixTimestamp64Milli({end:Int64})
            UNION ALL {{FindingsOf}} AND {{InRange}} AND (ts < fromUnixTimestamp64Milli({first:Int64}) OR ts >= fromUnixTimestamp64Milli({end:Int64})))
            """, [.. Range(range), new("first", "Int64", first), new("end", "Int64", end)]);
    }
}
