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

/// <summary>An attacking address in a list.</summary>
/// <param name="Country">ISO code; empty where it is not known.</param>
/// <param name="Attacks">Findings; of an address known from incidents alone, their records.</param>
public sealed record AttackerRow(string Address, string Country, string Organization, long Attacks, long Succeeded, int Incidents, FindingLevel? Level, DateTimeOffset Last);

/// <param name="IsComplete">False: the event store did not answer, and only incidents were asked.</param>
public sealed record AttackerList(IReadOnlyList<AttackerRow> Rows, bool IsComplete);

/// <summary>Why blocking an address may hit others, or why it may be no attacker.</summary>
public enum AttackerNature { None, Shared, Crawler }

/// <summary>One address, as far as incidents, alerts and the event store know it.</summary>
/// <param name="Geo">Null where it is not known, or the address is private.</param>
/// <param name="Events">Examples kept with incidents, in order of time.</param>
/// <param name="IsComplete">False: the event store did not answer.</param>
public sealed record AttackerProfile(
    string Address, GeoInfo? Geo, DateTimeOffset? First, DateTimeOffset? Last, IReadOnlyList<IncidentRow> Incidents, IReadOnlyList<Alert> Alerts, IReadOnlyList<IncidentEvent> Events,
    IReadOnlyList<AttackerTry> Tries, IReadOnlyList<AttackerTarget> Targets, IReadOnlyList<AttackerBucket> Activity, AttackerTraffic? Traffic, bool IsComplete)
{
    /// <summary>User agents from one address above which it stands for many people: an office, a mobile network, a VPN.</summary>
    public const int SharedAgents = 20, SharedUsers = 10;

    public bool IsKnown => First is not null;
    public AttackOutcome Best => Tries.Select(t => t.Best).Concat(Incidents.Select(i => i.Outcome)).DefaultIfEmpty(AttackOutcome.Unknown).Max();

    public AttackerNature Nature => Traffic is null ? AttackerNature.None
        : Traffic.TopAgents.Count > 0 && AttackerQueries.IsCrawler(Traffic.TopAgents[0]) ? AttackerNature.Crawler
        : Traffic.Agents >= SharedAgents || Traffic.Users >= SharedUsers ? AttackerNature.Shared : AttackerNature.None;
}

/// <summary>Attackers by address: those of findings and of incidents together.</summary>
public sealed class AttackerQueries(ControlDbFactory factory, EventQueries events, ISourceRegistry registry, IGeoLookup geo)
{
    public const int MaxRows = 300;
    private const int MaxThings = 100;
    /// <summary>All events of an address are read over so long at most.</summary>
    private static readonly TimeSpan TrafficSpan = TimeSpan.FromDays(2);

    /// <summary>The worst first.</summary>
    public async Task<AttackerList> ListAsync(uint tenant, TimeRange range, CancellationToken stop)
    {
        var stored = await TryAsync(() => events.TopAttackersAsync(tenant, range, AttackerKey.Address, MaxRows, stop));
        var byAddress = (stored ?? []).ToDictionary(a => a.Key, StringComparer.Ordinal);
        var told = await InIncidentsAsync(tenant, range, stop);
        var rows = new List<AttackerRow>();
        foreach (var address in byAddress.Keys.Union(told.Keys))
        {
            var (a, i) = (byAddress.GetValueOrDefault(address), told.GetValueOrDefault(address));
            var place = a is null ? Lookup(address) : null;
            rows.Add(new AttackerRow(address, a?.Country ?? place?.CountryIsoCode ?? "", a?.Organization ?? place?.AsOrganization ?? "", Math.Max(a?.Count ?? 0, i?.Count ?? 0), a?.Succeeded ?? 0,
                i?.Incidents ?? 0, i?.Level, i is not null && (a is null || i.Last > a.LastSeen) ? i.Last : a!.LastSeen));
        }
        return new AttackerList([.. rows.OrderByDescending(r => r.Succeeded > 0).ThenByDescending(r => r.Level ?? 0).ThenByDescending(r => r.Attacks).ThenBy(r => r.Address, StringComparer.Ordinal).Take(MaxRows)], stored is not null);
    }

    private sealed record Told(int Incidents, FindingLevel Level, long Count, DateTimeOffset Last);

    private async Task<Dictionary<string, Told>> InIncidentsAsync(uint tenant, TimeRange range, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        var rows = await db.Set<IncidentAddress>().Where(a => a.Last >= range.From && a.First < range.To)
            .Join(db.Set<IncidentRow>(), a => a.ShownIn, i => i.Id, (a, i) => new { a.Address, a.ShownIn, i.Level, a.Count, a.Last })
            .OrderByDescending(a => a.Last).ThenBy(a => a.Address).Take(MaxRows * 10).ToListAsync(stop);
        return rows.GroupBy(r => r.Address).ToDictionary(g => g.Key, g => new Told(g.Select(r => r.ShownIn).Distinct().Count(), g.Max(r => r.Level), g.Sum(r => r.Count), g.Max(r => r.Last)), StringComparer.Ordinal);
    }

    /// <summary>The profile of an address; null where the text is none.</summary>
    public async Task<AttackerProfile?> FindAsync(uint tenant, string text, TimeRange range, TimeSpan bucket, CancellationToken stop)
    {
        if (!IPAddress.TryParse(text, out var parsed)) return null;
        var address = (parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed).ToString();
        await using var db = factory.For(tenant);
        var parts = await db.Set<IncidentAddress>().AsNoTracking().Where(a => a.Address == address).OrderByDescending(a => a.Last).Take(MaxThings).ToListAsync(stop);
        string[] ids = [.. parts.Select(p => p.ShownIn).Distinct()], own = [.. parts.Select(p => p.IncidentId)];
        var incidents = await db.Set<IncidentRow>().AsNoTracking().Where(i => ids.Contains(i.Id)).OrderByDescending(i => i.Last).ThenBy(i => i.Id).ToListAsync(stop);
        var examples = await db.Set<IncidentEvent>().AsNoTracking().Where(e => own.Contains(e.IncidentId) && e.Source == address).OrderByDescending(e => e.At).ThenBy(e => e.EventId).Take(MaxThings).ToListAsync(stop);
        var alerts = await db.Set<Alert>().AsNoTracking().Where(a => a.SourceIp == address && a.Status != AlertStatus.Muted).OrderByDescending(a => a.Last).ThenBy(a => a.Id).Take(MaxThings).ToListAsync(stop);
        var tries = await TryAsync(() => events.AttackerTriesAsync(tenant, range, address, stop));
        var targets = tries is null ? null : await TryAsync(() => events.AttackerTargetsAsync(tenant, range, address, stop));
        var activity = tries is null ? null : await TryAsync(() => events.AttackerHistogramAsync(tenant, range, address, bucket, stop));
        var recent = new TimeRange(range.To - range.From > TrafficSpan ? range.To - TrafficSpan : range.From, range.To);
        var traffic = tries is null ? null : await TryAsync(async () => new[] { await events.AttackerTrafficAsync(tenant, recent, address, stop) });
        var firsts = parts.Select(p => p.First).Concat(alerts.Select(a => a.First)).Concat((tries ?? []).Select(t => t.First)).ToList();
        var lasts = parts.Select(p => p.Last).Concat(alerts.Select(a => a.Last)).Concat((tries ?? []).Select(t => t.Last)).ToList();
        examples.Reverse();
        return new AttackerProfile(
            address, Lookup(address), firsts.Count > 0 ? firsts.Min() : null, lasts.Count > 0 ? lasts.Max() : null, incidents, alerts, [.. examples.DistinctBy(e => e.EventId)],
            tries ?? [], await NamedAsync(targets ?? [], stop), activity ?? [], traffic?[0], tries is not null);
    }

    /// <summary>Where a record names neither host nor site, its log source stands for the target.</summary>
    private async Task<IReadOnlyList<AttackerTarget>> NamedAsync(List<AttackerTarget> targets, CancellationToken stop)
    {
        for (var i = 0; i < targets.Count; i++)
            if (targets[i].Key.StartsWith('#') && uint.TryParse(targets[i].Key.AsSpan(1), out var source) && await registry.FindAsync(source, stop) is { } known) targets[i] = targets[i] with { Key = known.Name };
        return targets;
    }

    private GeoInfo? Lookup(string address) => geo.TryLookup(Encoding.ASCII.GetBytes(address), out var info) ? info : null;

    /// <summary>Whether a user agent says that it is a search engine or monitor. Anybody can say so.</summary>
    internal static bool IsCrawler(string agent) => new[] { "bot", "spider", "crawl", "slurp", "monitor", "uptime", "pingdom" }.Any(w => agent.Contains(w, StringComparison.OrdinalIgnoreCase));

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
