using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Control;

namespace Palisade.Server.Incidents;

/// <summary>What a list of incidents may be narrowed to. Null: no matter.</summary>
public sealed record IncidentFilter
{
    public IncidentStatus? Status { get; init; }
    /// <summary>New or in progress.</summary>
    public bool Open { get; init; }
    public FindingLevel? Level { get; init; }
    /// <summary>This level or worse.</summary>
    public FindingLevel? MinimumLevel { get; init; }
    public string? Class { get; init; }
    public AttackOutcome? Outcome { get; init; }
    /// <summary>An address that took part.</summary>
    public string? SourceIp { get; init; }
    public Guid? Owner { get; init; }
    /// <summary>Active at or after.</summary>
    public DateTimeOffset? From { get; init; }
    /// <summary>Active before.</summary>
    public DateTimeOffset? To { get; init; }
    /// <summary>Words of title, id, address, target, host or user.</summary>
    public string? Text { get; init; }
}

/// <summary>One incident with all that belongs to it, those merged into it included.</summary>
public sealed record IncidentDetail(
    IncidentRow Incident, IncidentStory Story, IReadOnlyList<IncidentRow> Members, IReadOnlyList<IncidentEvent> Events, IReadOnlyList<IncidentAddress> Addresses,
    IReadOnlyList<Alert> Alerts, IReadOnlyList<IncidentComment> Comments);

/// <summary>Reads incidents of one tenant.</summary>
public sealed class IncidentQueries(ControlDbFactory factory)
{
    public const int MaxPage = 500, MaxAlerts = 200;

    /// <summary>Incidents that stand for themselves, the latest first.</summary>
    /// <param name="cursor">From the page before; one that is not ours starts from the top.</param>
    public async Task<Page<IncidentRow>> ListAsync(uint tenant, IncidentFilter filter, string? cursor, int limit, CancellationToken stop)
    {
        limit = Math.Clamp(limit, 1, MaxPage);
        await using var db = factory.For(tenant);
        var query = Narrow(db, db.Set<IncidentRow>().AsNoTracking(), filter);
        if (TryRead(cursor, out var last, out var id)) query = query.Where(i => i.Last < last || (i.Last == last && string.Compare(i.Id, id) > 0));
        var rows = await query.OrderByDescending(i => i.Last).ThenBy(i => i.Id).Take(limit + 1).ToListAsync(stop);
        var next = rows.Count > limit ? string.Create(CultureInfo.InvariantCulture, $"{rows[limit - 1].Last.ToUnixTimeMilliseconds()}.{rows[limit - 1].Id}") : null;
        return new Page<IncidentRow>(rows.Count > limit ? rows.GetRange(0, limit) : rows, next);
    }

    /// <summary>How many incidents a filter leaves.</summary>
    public async Task<int> CountAsync(uint tenant, IncidentFilter filter, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return await Narrow(db, db.Set<IncidentRow>(), filter).CountAsync(stop);
    }

    /// <summary>Id of the incident that shows the one asked for: itself, or the one it is merged into; null when the tenant has none of this id.</summary>
    public async Task<string?> ShownByAsync(uint tenant, string id, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return await db.Set<IncidentRow>().Where(i => i.Id == id).Select(i => i.MergedInto ?? i.Id).FirstOrDefaultAsync(stop);
    }

    /// <summary>One incident; null when the tenant has none of this id.</summary>
    public async Task<IncidentDetail?> FindAsync(uint tenant, string id, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        var rows = await db.Set<IncidentRow>().AsNoTracking().Where(i => i.Id == id || i.MergedInto == id).OrderBy(i => i.First).ThenBy(i => i.Id).ToListAsync(stop);
        if (rows.FirstOrDefault(r => r.Id == id) is not { } row) return null;
        string[] ids = [.. rows.Select(r => r.Id)];
        var events = await db.Set<IncidentEvent>().AsNoTracking().Where(e => ids.Contains(e.IncidentId)).OrderBy(e => e.At).ThenBy(e => e.EventId).Take(IncidentWriting.MaxEventsInAll * 2).ToListAsync(stop);
        var addresses = await db.Set<IncidentAddress>().AsNoTracking().Where(a => ids.Contains(a.ShownIn)).OrderBy(a => a.First).ThenBy(a => a.Address).Take(IncidentProjection.MaxAddresses * 2).ToListAsync(stop);
        var alerts = await db.Set<Alert>().AsNoTracking().Where(a => db.Set<IncidentAlert>().Any(l => ids.Contains(l.IncidentId) && l.AlertId == a.Id) && a.Status != AlertStatus.Muted)
            .OrderByDescending(a => a.Level).ThenBy(a => a.First).ThenBy(a => a.Id).Take(MaxAlerts).ToListAsync(stop);
        var comments = await db.Set<IncidentComment>().AsNoTracking().Where(c => ids.Contains(c.IncidentId)).OrderBy(c => c.At).ThenBy(c => c.Id).ToListAsync(stop);
        var story = IncidentStory.Join([.. rows.Where(r => r.Id == id || r.IsByHand).OrderByDescending(r => r.Id == id).Select(r => IncidentStory.Read(r.Story))]);
        return new IncidentDetail(row, story, [.. rows.Where(r => r.Id != id)], [.. events.DistinctBy(e => e.EventId)], addresses, alerts, comments);
    }

    /// <summary>Incidents that an alert belongs to, as they are shown.</summary>
    public async Task<IReadOnlyList<IncidentRow>> OfAlertAsync(uint tenant, string alert, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        var ids = await db.Set<IncidentAlert>().Where(l => l.AlertId == alert).Join(db.Set<IncidentRow>(), l => l.IncidentId, i => i.Id, (_, i) => i.MergedInto ?? i.Id).Distinct().Take(10).ToListAsync(stop);
        return await db.Set<IncidentRow>().AsNoTracking().Where(i => ids.Contains(i.Id)).OrderByDescending(i => i.Last).ThenBy(i => i.Id).ToListAsync(stop);
    }

    private static IQueryable<IncidentRow> Narrow(ControlDb db, IQueryable<IncidentRow> query, IncidentFilter f)
    {
        query = query.Where(i => i.MergedInto == null);
        if (f.Status is { } status) query = query.Where(i => i.Status == status);
        if (f.Open) query = query.Where(i => i.Status != IncidentStatus.Closed);
        if (f.Level is { } level) query = query.Where(i => i.Level == level);
        if (f.MinimumLevel is { } least) query = query.Where(i => i.Level >= least);
        if (f.Class is { } name) query = query.Where(i => i.Class == name);
        if (f.Outcome is { } outcome) query = query.Where(i => i.Outcome == outcome);
        if (f.SourceIp is { } ip) query = query.Where(i => db.Set<IncidentAddress>().Any(a => a.Address == ip && (a.ShownIn == i.Id || db.Set<IncidentRow>().Any(m => m.Id == a.ShownIn && m.MergedInto == i.Id))));
        if (f.Owner is { } owner) query = query.Where(i => i.OwnerId == owner);
        if (f.From is { } from) query = query.Where(i => i.Last >= from);
        if (f.To is { } to) query = query.Where(i => i.First < to);
        foreach (var word in (f.Text ?? "").ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(8))
            query = query.Where(i => i.Title.ToLower().Contains(word) || i.TitleZh.Contains(word) || i.Id == word || i.Keywords.Contains(word));
        return query;
    }

    private static bool TryRead(string? text, out DateTimeOffset last, out string id)
    {
        last = default;
        id = "";
        var dot = text?.IndexOf('.') ?? -1;
        if (dot < 1 || !long.TryParse(text.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var ms) || ms > 253_402_300_799_999) return false;
        last = DateTimeOffset.FromUnixTimeMilliseconds(ms);
        id = text![(dot + 1)..];
        return true;
    }
}
