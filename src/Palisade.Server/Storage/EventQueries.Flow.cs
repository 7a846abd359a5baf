using System.Net;
using Palisade.Protocol;
using Palisade.Server.Storage.Native;

namespace Palisade.Server.Storage;

/// <summary>What attacks may be narrowed to. Null: no matter.</summary>
public sealed record AttackFilter
{
    /// <summary>Attack classes; empty: any.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];
    public AttackOutcome? Outcome { get; init; }
    /// <summary>ISO code; empty: where it is not known.</summary>
    public string? Country { get; init; }
    /// <summary>Number of the autonomous system; 0: where it is not known.</summary>
    public long? Network { get; init; }
    public string? Address { get; init; }
    /// <summary>The nearest name there is (see <see cref="TargetKey.Nearest"/>).</summary>
    public string? Target { get; init; }
}

/// <summary>Attacks of one kind. Source and target <see cref="AttackFlow.Rest"/>: all those without a name of their own.</summary>
public sealed record FlowRow(string Source, string Class, string Target, AttackOutcome Outcome, long Count);

/// <summary>A source or target with a name of its own.</summary>
/// <param name="Label">Of a network its organization; else empty.</param>
public sealed record FlowName(string Key, string Label, long Count);

/// <summary>From where to what end: the largest sources and targets by name, the rest together, nothing left out.</summary>
/// <param name="SourceCount">Different sources, about.</param>
/// <param name="TargetCount">Different targets, about.</param>
public sealed record AttackFlow(IReadOnlyList<FlowRow> Rows, IReadOnlyList<FlowName> Sources, IReadOnlyList<FlowName> Targets, long SourceCount, long TargetCount)
{
    /// <summary>Stands for sources or targets without a name of their own.</summary>
    public const string Rest = "*";
}

/// <summary>A way of attacking: a class, and what was tried within it in the field's words.</summary>
public sealed record MethodTotal(string Class, string Attempt, long Count, long Succeeded, long Before);

/// <summary>Attacks of one address, class, target, account and outcome among some events; what is not known is empty.</summary>
public sealed record StoryLink(string Address, string Class, string Target, string User, AttackOutcome Outcome, long Count);

/// <summary>Attacks in an hour.</summary>
public sealed record HourTotal(DateTimeOffset Hour, long Count);

/// <summary>Attacks by source, class, target and outcome.</summary>
public sealed partial class EventQueries
{
    /// <summary>Names in a column of the flow.</summary>
    private const int FlowNames = 5;
    private const int MostHours = 10_000;

    private static (string Sql, List<Bound> Values) Narrowed(TimeRange range, AttackFilter filter)
    {
        var sql = $$"""findings WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND level >= 2""";
        List<Bound> values = [.. Range(range)];
        void And(string condition, string name, string type, object value)
        {
            sql = $"{sql} AND {condition}";
            values.Add(new(name, type, value));
        }
        if (filter.Classes.Count > 0) And("class IN {classes:Array(String)}", "classes", "Array(String)", filter.Classes.ToArray());
        if (filter.Outcome is { } outcome) And("outcome = {outcome:UInt8}", "outcome", "UInt8", (byte)outcome);
        if (filter.Country is { } country) And("source_country = {country:String}", "country", "String", country);
        if (filter.Network is { } network) And("source_asn = {network:Int64}", "network", "Int64", network);
        if (filter.Address is { } address) And("source_ip = toIPv6({address:String})", "address", "String", Addresses.IsAddress(address) ? address : "::");
        if (filter.Target is { } target) And(NearestTarget + " = {target:String}", "target", "String", target);
        return (sql, values);
    }

    private static string SourceOf(AttackerKey by) => by switch { AttackerKey.Address => "toString(source_ip)", AttackerKey.Network => "toString(source_asn)", _ => "toString(source_country)" };

    public async Task<AttackFlow> AttackFlowAsync(uint tenant, TimeRange range, AttackFilter filter, AttackerKey by, CancellationToken stop)
    {
        var (sql, values) = Narrowed(range, filter);
        var sources = await ReadAsync(tenant, $$"""SELECT {{SourceOf(by)}} AS k, anyIf(source_as_org, source_as_org != ''), count() AS n FROM {{sql}} GROUP BY k ORDER BY n DESC, k LIMIT {{FlowNames}}""", r => new FlowName(r.GetString(0), r.GetString(1), Count(r, 2)), stop, values);
        var targets = await ReadAsync(tenant, $$"""SELECT {{NearestTarget}} AS k, count() AS n FROM {{sql}} GROUP BY k ORDER BY n DESC, k LIMIT {{FlowNames}}""", r => new FlowName(r.GetString(0), "", Count(r, 1)), stop, values);
        var counts = await ReadAsync(tenant, $$"""SELECT uniq({{SourceOf(by)}}), uniq({{NearestTarget}}) FROM {{sql}}""", r => (Sources: Count(r, 0), Targets: Count(r, 1)), stop, values);
        var rows = await ReadAsync(tenant, $$"""
            SELECT if(has({sources:Array(String)}, {{SourceOf(by)}}), {{SourceOf(by)}}, '{{AttackFlow.Rest}}') AS s, class,
              if(has({targets:Array(String)}, {{NearestTarget}}), {{NearestTarget}}, '{{AttackFlow.Rest}}') AS t, outcome, count() AS n
            FROM {{sql}} GROUP BY s, class, t, outcome ORDER BY n DESC, s, class, t, outcome LIMIT 10000
            """, r => new FlowRow(Shown(r.GetString(0)), r.GetString(1), r.GetString(2), (AttackOutcome)r.GetByte(3), Count(r, 4)), stop,
            [.. values, new("sources", "Array(String)", sources.Select(s => s.Key).ToArray()), new("targets", "Array(String)", targets.Select(t => t.Key).ToArray())]);
        return new AttackFlow(rows, [.. sources.Select(s => s with { Key = Shown(s.Key) })], targets, counts[0].Sources, counts[0].Targets);

        string Shown(string key) => by == AttackerKey.Address && key != AttackFlow.Rest ? Addresses.Show(IPAddress.Parse(key)) : key;
    }

    /// <summary>Ways of attacking, most attacks first, with those of the span before.</summary>
    public async Task<List<MethodTotal>> AttackMethodsAsync(uint tenant, TimeRange range, AttackFilter filter, int limit, CancellationToken stop)
    {
        var now = await MethodsAsync(tenant, range, filter, limit, stop);
        var before = (await MethodsAsync(tenant, range.Before, filter, 1000, stop)).ToDictionary(m => (m.Class, m.Attempt), m => m.Count);
        return [.. now.Select(m => m with { Before = before.GetValueOrDefault((m.Class, m.Attempt)) })];
    }

    private Task<List<MethodTotal>> MethodsAsync(uint tenant, TimeRange range, AttackFilter filter, int limit, CancellationToken stop)
    {
        var (sql, values) = Narrowed(range, filter);
        return ReadAsync(tenant, $$"""SELECT class, attempt, count() AS n, countIf(outcome >= 3) FROM {{sql}} GROUP BY class, attempt ORDER BY n DESC, class, attempt LIMIT {limit:UInt32}""",
            r => new MethodTotal(r.GetString(0), r.GetString(1), Count(r, 2), Count(r, 3), 0), stop, [.. values, Limit(limit)]);
    }

    /// <summary>Regions, most attacks first; one of them, where none is known, is empty.</summary>
    public Task<List<AttackerTotal>> AttackRegionsAsync(uint tenant, TimeRange range, AttackFilter filter, int limit, CancellationToken stop)
    {
        var (sql, values) = Narrowed(range, filter);
        return ReadAsync(tenant, $$"""
            SELECT toString(source_country) AS k, count() AS n, countIf(outcome = 1), countIf(outcome >= 3), toUnixTimestamp64Milli(max(ts)) FROM {{sql}} GROUP BY k ORDER BY n DESC, k LIMIT {limit:UInt32}
            """, r => new AttackerTotal(r.GetString(0), r.GetString(0), "", Count(r, 1), Count(r, 2), Count(r, 3), Time(r, 4)), stop, [.. values, Limit(limit)]);
    }

    /// <summary>Who did what to whom in these events.</summary>
    public Task<List<StoryLink>> StoryLinksAsync(uint tenant, TimeRange range, IReadOnlyList<ulong> ids, CancellationToken stop) => ReadAsync(tenant, $$"""
        SELECT toString(source_ip), class, {{NearestTarget}} AS t, toString(user_name), outcome, uniq(event_id) AS n FROM findings
        WHERE tenant_id = {tenant:UInt32} AND {{InRange}} AND event_id IN {ids:Array(UInt64)} GROUP BY source_ip, class, t, user_name, outcome ORDER BY n DESC, class, t LIMIT 2000
        """, r => new StoryLink(Addresses.Show(IPAddress.Parse(r.GetString(0))), r.GetString(1), r.GetString(2), r.GetString(3), (AttackOutcome)r.GetByte(4), Count(r, 5)), stop,
        [.. Range(range), new("ids", "Array(UInt64)", ids.ToArray())]);

    /// <summary>Attacks by the hour (UTC); hours without any are left out.</summary>
    public Task<List<HourTotal>> AttackHoursAsync(uint tenant, TimeRange range, AttackFilter filter, CancellationToken stop)
    {
        var (sql, values) = Narrowed(range, filter);
        return ReadAsync(tenant, $$"""SELECT toInt64(toUnixTimestamp(toStartOfHour(ts))) * 1000 AS h, count() FROM {{sql}} GROUP BY h ORDER BY h LIMIT {{MostHours}}""", r => new HourTotal(Time(r, 0), Count(r, 1)), stop, values);
    }
}
