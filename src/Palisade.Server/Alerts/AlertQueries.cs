using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Palisade.Protocol;
using Palisade.Server.Control;
using Palisade.Server.Tenants;

namespace Palisade.Server.Alerts;

/// <summary>What a list of alerts may be narrowed to. Null: no matter.</summary>
public sealed record AlertFilter
{
    public AlertStatus? Status { get; init; }
    /// <summary>This level or worse.</summary>
    public FindingLevel? MinimumLevel { get; init; }
    public FindingLevel? Level { get; init; }
    public string? Class { get; init; }
    public AttackOutcome? Outcome { get; init; }
    public string? Rule { get; init; }
    public string? SourceIp { get; init; }
    public string? Host { get; init; }
    public string? Site { get; init; }
    public Guid? Owner { get; init; }
    /// <summary>Active at or after.</summary>
    public DateTimeOffset? From { get; init; }
    /// <summary>Active before.</summary>
    public DateTimeOffset? To { get; init; }
    /// <summary>Words of title, rule, address, user, host or site.</summary>
    public string? Text { get; init; }
}

/// <summary>A page of a list; <paramref name="Next"/> asks for the one after, null at the end.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

public sealed record AlertDetail(
    Alert Alert, AlertRule? Rule, IReadOnlyList<AlertEvidence> Evidence, IReadOnlyList<AlertComment> Comments, IReadOnlyList<ulong> Events);

/// <summary>Reads alerts of one tenant.</summary>
public sealed class AlertQueries(ControlDbFactory factory)
{
    public const int MaxPage = 500;

    /// <summary>Alerts, the latest first.</summary>
    /// <param name="cursor">From the page before; one that is not ours starts from the top.</param>
    public async Task<Page<Alert>> ListAsync(uint tenant, AlertFilter filter, string? cursor, int limit, CancellationToken stop)
    {
        limit = Math.Clamp(limit, 1, MaxPage);
        await using var db = factory.For(tenant);
        var query = Narrow(db.Set<Alert>().AsNoTracking(), filter);
        if (Cursor.TryRead(cursor, out var last, out var id))
            query = query.Where(a => a.Last < last || (a.Last == last && string.Compare(a.Id, id) > 0));
        var rows = await query.OrderByDescending(a => a.Last).ThenBy(a => a.Id).Take(limit + 1).ToListAsync(stop);
        var next = rows.Count > limit ? Cursor.Write(rows[limit - 1].Last, rows[limit - 1].Id) : null;
        return new Page<Alert>(rows.Count > limit ? rows.GetRange(0, limit) : rows, next);
    }

    /// <summary>How many alerts a filter leaves.</summary>
    public async Task<int> CountAsync(uint tenant, AlertFilter filter, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return await Narrow(db.Set<Alert>(), filter).CountAsync(stop);
    }

    /// <summary>One alert with all that belongs to it; null when the tenant has none of this id.</summary>
    public async Task<AlertDetail?> FindAsync(uint tenant, string id, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        if (await db.Set<Alert>().AsNoTracking().FirstOrDefaultAsync(a => a.Id == id, stop) is not { } alert) return null;
        var rule = await db.Set<AlertRule>().AsNoTracking().FirstOrDefaultAsync(r => r.RuleId == alert.RuleId, stop);
        var evidence = await db.Set<AlertEvidence>().AsNoTracking().Where(e => e.AlertId == id).OrderBy(e => e.At).ThenBy(e => e.EventId).ToListAsync(stop);
        var comments = await db.Set<AlertComment>().AsNoTracking().Where(c => c.AlertId == id).OrderBy(c => c.At).ThenBy(c => c.Id).ToListAsync(stop);
        var events = await db.Set<AlertEvent>().AsNoTracking().Where(e => e.AlertId == id).Select(e => e.EventId).Order().ToListAsync(stop);
        return new AlertDetail(alert, rule, evidence, comments, events);
    }

    private static IQueryable<Alert> Narrow(IQueryable<Alert> query, AlertFilter f)
    {
        if (f.Status is { } status) query = query.Where(a => a.Status == status);
        if (f.Level is { } level) query = query.Where(a => a.Level == level);
        if (f.MinimumLevel is { } least) query = query.Where(a => a.Level >= least);
        if (f.Class is { } name) query = query.Where(a => a.Class == name);
        if (f.Outcome is { } outcome) query = query.Where(a => a.Outcome == outcome);
        if (f.Rule is { } rule) query = query.Where(a => a.RuleId == rule);
        if (f.SourceIp is { } ip) query = query.Where(a => a.SourceIp == ip);
        if (f.Host is { } host) query = query.Where(a => a.Host == host);
        if (f.Site is { } site) query = query.Where(a => a.Site == site);
        if (f.Owner is { } owner) query = query.Where(a => a.OwnerId == owner);
        if (f.From is { } from) query = query.Where(a => a.Last >= from);
        if (f.To is { } to) query = query.Where(a => a.First < to);
        foreach (var word in (f.Text ?? "").ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(8))
        {
            if (word[0] == '#' && uint.TryParse(word.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var source))
            {
                query = query.Where(a => a.SourceId == source);
                continue;
            }
            query = query.Where(a => a.Title.ToLower().Contains(word) || a.TitleZh.Contains(word) || a.RuleId.ToLower().Contains(word)
                || a.Id == word || a.SourceIp.Contains(word) || a.User.ToLower().Contains(word) || a.Host.ToLower().Contains(word) || a.Site.ToLower().Contains(word));
        }
        return query;
    }

    private static class Cursor
    {
        public static string Write(DateTimeOffset last, string id) => string.Create(CultureInfo.InvariantCulture, $"{last.ToUnixTimeMilliseconds()}.{id}");

        public static bool TryRead(string? text, out DateTimeOffset last, out string id)
        {
            last = default;
            id = "";
            var dot = text?.IndexOf('.') ?? -1;
            if (dot < 1 || !long.TryParse(text.AsSpan(0, dot), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var ms)) return false;
            if (ms is < 0 or > 253_402_300_799_999) return false;
            last = DateTimeOffset.FromUnixTimeMilliseconds(ms);
            id = text![(dot + 1)..];
            return true;
        }
    }
}
