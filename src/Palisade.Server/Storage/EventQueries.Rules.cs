using Palisade.Engine.Rules.Policy;
using Palisade.Server.Storage.Native;

namespace Palisade.Server.Storage;

/// <summary>Findings of a rule in a span.</summary>
public sealed record RuleHits(string RuleId, long Count, DateTimeOffset Last);

/// <summary>Findings in a bucket of time.</summary>
public sealed record HitBucket(DateTimeOffset Start, long Count);

/// <summary>A record as it was received.</summary>
public sealed record RawRecord(ulong Id, DateTimeOffset Time, DateTimeOffset Received, uint Source, byte[] Raw);

/// <summary>What conditions like those of a mute hold for.</summary>
public sealed record LikeTotal(string RuleId, long Count, long Sources, DateTimeOffset First, DateTimeOffset Last);

/// <summary>What the rule workbench asks: hits of rules, raw records in their order, findings like others.</summary>
public sealed partial class EventQueries
{
    /// <summary>Columns of findings that a mute may ask for.</summary>
    private static readonly Dictionary<string, string> LikeColumns = new(StringComparer.Ordinal)
    {
        [Mute.RuleField] = "rule_id", [Mute.ClassField] = "class", [Mute.SourceField] = "toString(source_id)", ["host.name"] = "host_name", ["url.domain"] = "url_domain",
        ["url.path"] = "url_path", ["user.name"] = "user_name", ["source.ip"] = Address("source_ip"), ["source.geo.country_iso_code"] = "source_country", ["source.as.organization.name"] = "source_as_org",
    };

    /// <summary>Findings of each rule, revisions of one counted once, context included.</summary>
    public Task<List<RuleHits>> RuleHitsAsync(uint tenant, TimeRange range, CancellationToken stop) =>
        ReadAsync(tenant, $$"""
            SELECT rule_id, uniq(event_id) AS n, toUnixTimestamp64Milli(max(ts)) FROM findings WHERE tenant_id = {tenant:UInt32} AND {{InRange}} GROUP BY rule_id ORDER BY n DESC, rule_id LIMIT 10000
            """, r => new RuleHits(r.GetString(0), Count(r, 1), Time(r, 2)), stop, Range(range));

    /// <summary>Findings of one rule by buckets of time; empty buckets are left out.</summary>
    public Task<List<HitBucket>> RuleHistogramAsync(uint tenant, TimeRange range, string rule, TimeSpan bucket, CancellationToken stop) =>
        ReadAsync(tenant, $$"""
            SELECT toInt64(intDiv(toUnixTimestamp(ts), {bucket:Int64}) * {bucket:Int64}) * 1000 AS start, uniq(event_id) FROM findings
            WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND rule_id = {rule:String} GROUP BY start ORDER BY start LIMIT 10000
            """, r => new HitBucket(Time(r, 0), Count(r, 1)), stop, [.. Range(range), new("bucket", "Int64", (long)bucket.TotalSeconds), new("rule", "String", rule)]);

    /// <summary>The same of several rules at once; at most 200 are asked for.</summary>
    public async Task<ILookup<string, HitBucket>> RuleHistogramsAsync(uint tenant, TimeRange range, IEnumerable<string> rules, TimeSpan bucket, CancellationToken stop)
    {
        string[] asked = [.. rules.Take(200)];
        var rows = asked.Length == 0 ? [] : await ReadAsync(tenant, $$"""
            SELECT rule_id, toInt64(intDiv(toUnixTimestamp(ts), {bucket:Int64}) * {bucket:Int64}) * 1000 AS start, uniq(event_id) FROM findings
            WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND has({rules:Array(String)}, rule_id) GROUP BY rule_id, start ORDER BY rule_id, start LIMIT 50000
            """, r => (Rule: r.GetString(0), Bucket: new HitBucket(Time(r, 1), Count(r, 2))), stop, [.. Range(range), new("bucket", "Int64", (long)bucket.TotalSeconds), new("rules", "Array(String)", asked)]);
        return rows.ToLookup(r => r.Rule, r => r.Bucket, StringComparer.Ordinal);
    }

    private const string Received =
        "tenant_id = {tenant:UInt32} AND " + InDays + " AND received_at >= fromUnixTimestamp64Milli({from:Int64}) AND received_at < fromUnixTimestamp64Milli({to:Int64})";

    private static Bound[] ReceivedIn(TimeRange range) => [.. new UnreadRange(0, range.FromMs, range.ToMs).DayBounds, .. Range(range)];

    /// <summary>How many records were received in a span.</summary>
    public async Task<long> CountReceivedAsync(uint tenant, TimeRange range, CancellationToken stop) =>
        (await ReadAsync(tenant, $"SELECT count() FROM events WHERE {Received}", r => Count(r, 0), stop, ReceivedIn(range)))[0];

    /// <summary>Raw records received in a span, in the order in which the stream judged them: that of the journal.</summary>
    /// <param name="after">Id of the last record of the page before; 0: from the start.</param>
    public Task<List<RawRecord>> RawPageAsync(uint tenant, TimeRange range, ulong after, int limit, CancellationToken stop) =>
        // The end of the page comes first: it costs the ids alone, and then only the granules are read that hold the page.
        ReadAsync(tenant, $$"""
            SELECT id, toUnixTimestamp64Milli(ts), toUnixTimestamp64Milli(received_at), source_id, base64Encode(raw) FROM events
            WHERE {{Received}} AND id > {after:UInt64}
              AND id <= (SELECT max(id) FROM (SELECT id FROM events WHERE {{Received}} AND id > {after:UInt64} ORDER BY id LIMIT {limit:UInt32})) ORDER BY id LIMIT 1 BY id
            """, Raw, stop, [.. ReceivedIn(range), new("after", "UInt64", after), Limit(limit)]);

    /// <summary>The latest records of each source.</summary>
    public Task<List<RawRecord>> LatestOfEachSourceAsync(uint tenant, TimeRange range, int perSource, int limit, CancellationToken stop) =>
        ReadAsync(tenant, $$"""
            SELECT id, toUnixTimestamp64Milli(ts), toUnixTimestamp64Milli(received_at), source_id, base64Encode(raw) FROM events
            WHERE tenant_id = {tenant:UInt32} AND {{InRange}} ORDER BY ts DESC, id DESC LIMIT {each:UInt32} BY source_id, kind LIMIT {limit:UInt32}
            """, Raw, stop, [.. Range(range), new("each", "UInt32", (uint)Math.Clamp(perSource, 1, 10_000)), Limit(limit)]);

    private static RawRecord Raw(ClickHouse.Driver.ADO.Readers.ClickHouseDataReader r) => new(r.GetUInt64(0), Time(r, 1), Time(r, 2), r.GetUInt32(3), Convert.FromBase64String(r.GetString(4)));

    /// <summary>Whether findings are stored with the field, so that <see cref="LikeAsync"/> can ask for it.</summary>
    public static bool CanAskLike(string field) => LikeColumns.ContainsKey(field);

    /// <summary>Findings that conditions hold for, by rule, most first.</summary>
    /// <exception cref="ArgumentException">A field is none that findings are stored with (<see cref="CanAskLike"/>).</exception>
    public Task<List<LikeTotal>> LikeAsync(uint tenant, TimeRange range, IReadOnlyList<MuteCondition> conditions, CancellationToken stop)
    {
        List<Bound> values = [.. Range(range)];
        var where = new List<string>();
        for (var i = 0; i < conditions.Count; i++)
        {
            var (field, test, value) = conditions[i];
            if (!LikeColumns.TryGetValue(field, out var column)) throw new ArgumentException($"findings are not stored with {field}", nameof(conditions));
            values.Add(new($"v{i}", "String", test == MuteTest.Like ? FilterSql.SqlPattern(value) : value));
            where.Add(test switch
            {
                MuteTest.Like => $"{column} ILIKE {{v{i}:String}}",
                MuteTest.Within => $"({column} != '' AND isIPAddressInRange({column}, {{v{i}:String}}))",
                _ => $"lowerUTF8({column}) = lowerUTF8({{v{i}:String}})",
            });
        }
        return ReadAsync(tenant, $$"""
            SELECT rule_id, uniq(event_id) AS n, uniq(source_ip), toUnixTimestamp64Milli(min(ts)), toUnixTimestamp64Milli(max(ts)) FROM findings
            WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND level >= 2 AND {{string.Join(" AND ", where)}} GROUP BY rule_id ORDER BY n DESC, rule_id LIMIT 200
            """, r => new LikeTotal(r.GetString(0), Count(r, 1), Count(r, 2), Time(r, 3), Time(r, 4)), stop, values);
    }

    private static string Address(string column) => $"replaceRegexpOne(toString({column}), '^::ffff:', '')";
}
