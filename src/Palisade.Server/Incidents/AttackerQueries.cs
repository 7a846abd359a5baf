using System.Net;
using System.Text;
using ClickHouse.Driver;
using Microsoft.EntityFrameworkCore;
using Palisade.Engine.Enrich;
using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Control;
using Palisade.Server.Sources;
using Palisade.Server.Storage;

namespace Palisade.Server.Incidents;

/// <summary>Attackers of one tenant: those of findings and of incidents together, by address, range and fingerprint.</summary>
public sealed class AttackerQueries(ControlDbFactory factory, EventQueries events, ISourceRegistry registry, IGeoLookup geo)
{
    public const int MaxRows = 300;
    private const int MaxThings = 100, MaxRelatives = 12;
    /// <summary>Addresses that send one user agent, above which it tells nobody apart.</summary>
    private const int CommonAgent = 50;
    /// <summary>All records of an attacker are read over so long at most.</summary>
    private static readonly TimeSpan TrafficSpan = TimeSpan.FromDays(2);

    /// <summary>The worst first, at most <see cref="MaxRows"/>.</summary>
    public async Task<AttackerList> ListAsync(uint tenant, TimeRange range, AttackerKind kind, CancellationToken stop)
    {
        var told = kind == AttackerKind.Fingerprint ? [] : await InIncidentsAsync(tenant, range, kind, stop);
        var stored = await TryAsync(() => kind switch
        {
            AttackerKind.Address => AddressesAsync(tenant, range, stop),
            AttackerKind.Range => GroupsAsync(events.AttackerRangesAsync(tenant, range, MaxRows, stop)),
            _ => GroupsAsync(events.AttackerAgentsAsync(tenant, Recent(range), MaxRows, stop)),
        });
        var byKey = (stored ?? []).ToDictionary(a => a.Key, StringComparer.Ordinal);
        var rows = new List<AttackerRow>();
        foreach (var key in byKey.Keys.Union(told.Keys))
        {
            var place = kind == AttackerKind.Address && !byKey.ContainsKey(key) ? Lookup(key) : null;
            var row = byKey.GetValueOrDefault(key) ?? new AttackerRow(kind, key, key, place?.CountryIsoCode ?? "", place?.AsOrganization ?? "", 0, 0, 0, 0, null, default);
            if (told.TryGetValue(key, out var i))
                row = row with { Addresses = Math.Max(row.Addresses, i.Addresses), Attacks = Math.Max(row.Attacks, i.Count), Incidents = i.Incidents, Level = i.Level, Last = i.Last > row.Last ? i.Last : row.Last };
            rows.Add(row);
        }
        return new AttackerList([.. rows.Order(Worst).Take(MaxRows)], stored is not null);
    }

    /// <summary>What worked, then severity, then how much; a total order, so that a list can be paged.</summary>
    public static Comparer<AttackerRow> Worst { get; } = Comparer<AttackerRow>.Create((a, b) =>
        (b.Succeeded > 0).CompareTo(a.Succeeded > 0) is not 0 and var worked ? worked
        : Nullable.Compare(b.Level, a.Level) is not 0 and var level ? level
        : b.Attacks.CompareTo(a.Attacks) is not 0 and var attacks ? attacks : string.CompareOrdinal(a.Key, b.Key));

    private async Task<List<AttackerRow>> AddressesAsync(uint tenant, TimeRange range, CancellationToken stop) =>
        [.. (await events.TopAttackersAsync(tenant, range, AttackerKey.Address, MaxRows, stop))
            .Select(a => new AttackerRow(AttackerKind.Address, a.Key, a.Key, a.Country, a.Organization, 1, a.Count, a.Succeeded, 0, null, a.LastSeen))];

    private static async Task<List<AttackerRow>> GroupsAsync(Task<List<AttackerGroup>> groups) =>
        [.. (await groups).Select(g => new AttackerRow(g.Who.Kind, g.Who.Key, g.Agent.Length > 0 ? g.Agent : g.Who.Key, "", "", g.Addresses, g.Count, g.Succeeded, 0, null, g.Last))];

    private sealed record Told(int Addresses, int Incidents, FindingLevel Level, long Count, DateTimeOffset Last);

    private async Task<Dictionary<string, Told>> InIncidentsAsync(uint tenant, TimeRange range, AttackerKind kind, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        var rows = await db.Set<IncidentAddress>().Where(a => a.Last >= range.From && a.First < range.To)
            .Join(db.Set<IncidentRow>(), a => a.ShownIn, i => i.Id, (a, i) => new { a.Address, a.ShownIn, i.Level, a.Count, a.Last })
            .OrderByDescending(a => a.Last).ThenBy(a => a.Address).Take(MaxRows * 10).ToListAsync(stop);
        return rows.GroupBy(r => kind == AttackerKind.Range && IPAddress.TryParse(r.Address, out var address) ? AttackerSubject.Around(address).Key : r.Address)
            .ToDictionary(g => g.Key, g => new Told(g.Select(r => r.Address).Distinct().Count(), g.Select(r => r.ShownIn).Distinct().Count(), g.Max(r => r.Level), g.Sum(r => r.Count), g.Max(r => r.Last)), StringComparer.Ordinal);
    }

    /// <summary>All that is known of an attacker.</summary>
    public async Task<AttackerProfile> FindAsync(uint tenant, AttackerSubject who, TimeRange range, TimeSpan bucket, CancellationToken stop)
    {
        var traffic = await TryAsync(async () => new[] { await events.AttackerTrafficAsync(tenant, Recent(range), who, stop) });
        var isComplete = traffic is not null;
        var tries = await AskAsync(() => events.AttackerTriesAsync(tenant, range, who, stop));
        var targets = await AskAsync(() => events.AttackerTargetsAsync(tenant, range, who, stop));
        var activity = await AskAsync(() => events.AttackerHistogramAsync(tenant, range, who, bucket, stop));
        var addresses = who.Kind == AttackerKind.Address ? [] : await AskAsync(() => events.AttackerAddressesAsync(tenant, range, who, MaxThings, stop));
        var relatives = who.Kind == AttackerKind.Address ? await RelativesAsync(tenant, range, who, traffic?[0], () => isComplete, stop) : [];
        string[] own = who.Kind == AttackerKind.Address ? [who.Key] : [.. addresses.Select(a => a.Address)];
        await using var db = factory.For(tenant);
        var parts = await db.Set<IncidentAddress>().AsNoTracking().Where(a => own.Contains(a.Address)).OrderByDescending(a => a.Last).ThenBy(a => a.IncidentId).Take(MaxThings).ToListAsync(stop);
        string[] ids = [.. parts.Select(p => p.ShownIn).Distinct()];
        var incidents = await db.Set<IncidentRow>().AsNoTracking().Where(i => ids.Contains(i.Id)).OrderByDescending(i => i.Last).ThenBy(i => i.Id).ToListAsync(stop);
        var alerts = await db.Set<Alert>().AsNoTracking().Where(a => own.Contains(a.SourceIp) && a.Status != AlertStatus.Muted).OrderByDescending(a => a.Last).ThenBy(a => a.Id).Take(MaxThings).ToListAsync(stop);
        // What a fingerprint's addresses did otherwise is theirs, not the fingerprint's.
        var hasOwn = who.Kind != AttackerKind.Fingerprint;
        var spans = tries.Select(t => (t.First, t.Last)).Concat(hasOwn ? parts.Select(p => (p.First, p.Last)).Concat(alerts.Select(a => (a.First, a.Last))) : []).ToList();
        return new AttackerProfile(
            who, who.Kind == AttackerKind.Fingerprint && traffic?[0] is { TopAgents: [var top, ..] } ? top.Agent : "", who.Kind == AttackerKind.Address ? Lookup(who.Key) : null,
            spans.Count > 0 ? spans.Min(s => s.First) : null, spans.Count > 0 ? spans.Max(s => s.Last) : null, incidents, alerts, tries, await NamedAsync(targets, stop), activity, addresses, relatives, traffic?[0], isComplete);

        async Task<List<T>> AskAsync<T>(Func<Task<List<T>>> ask)
        {
            if (isComplete && await TryAsync(ask) is { } rows) return rows;
            isComplete = false;
            return [];
        }
    }

    /// <summary>Its records in order of time, the earliest first; null where the event store does not answer.</summary>
    public Task<List<AttackerAct>?> ActsAsync(uint tenant, AttackerSubject who, TimeRange range, bool attacksOnly, EventCursor? after, int limit, CancellationToken stop) =>
        TryAsync(() => events.AttackerActsAsync(tenant, range, who, attacksOnly, after, limit, stop));

    /// <summary>Attacking neighbours, and those that send the same user agent unless it is a common one.</summary>
    private async Task<IReadOnlyList<AttackerRelative>> RelativesAsync(uint tenant, TimeRange range, AttackerSubject who, AttackerTraffic? traffic, Func<bool> answers, CancellationToken stop)
    {
        if (!answers()) return [];
        var near = await TryAsync(() => events.AttackerAddressesAsync(tenant, range, AttackerSubject.Around(who.First), MaxRelatives, stop)) ?? [];
        List<AttackerAddress> alike = [];
        if (traffic is { TopAgents: [var top, ..] } && AttackerSubject.OfAgent(top.Hash) is var print
            && await TryAsync(async () => new[] { await events.AttackerTrafficAsync(tenant, Recent(range), print, stop) }) is [{ Addresses: <= CommonAgent }])
            alike = await TryAsync(() => events.AttackerAddressesAsync(tenant, Recent(range), print, MaxRelatives, stop)) ?? [];
        return [.. alike.Select(a => new AttackerRelative(a, RelativeReason.Agent)).Concat(near.Select(a => new AttackerRelative(a, RelativeReason.Range))).Where(r => r.Who.Address != who.Key).DistinctBy(r => r.Who.Address).Take(MaxRelatives)];
    }

    private static TimeRange Recent(TimeRange range) => new(range.To - range.From > TrafficSpan ? range.To - TrafficSpan : range.From, range.To);

    /// <summary>Where a record names neither host nor site, its log source stands for the target.</summary>
    private async Task<IReadOnlyList<AttackerTarget>> NamedAsync(List<AttackerTarget> targets, CancellationToken stop)
    {
        for (var i = 0; i < targets.Count; i++) targets[i] = targets[i] with { Key = await registry.TargetNameAsync(targets[i].Key, stop) };
        return targets;
    }

    private GeoInfo? Lookup(string address) => geo.TryLookup(Encoding.ASCII.GetBytes(address), out var info) ? info : null;

    /// <summary>Null where the event store does not answer: the rest of the page stands without it.</summary>
    private static async Task<T?> TryAsync<T>(Func<Task<T>> ask) where T : class
    {
        try
        {
            return await ask();
        }
        catch (Exception e) when (e is HttpRequestException or IOException or ClickHouseServerException)
        {
            return null;
        }
    }
}
