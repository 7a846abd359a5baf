using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Palisade.Protocol;
using Palisade.Server.Control;

namespace Palisade.Server.Alerts;

/// <summary>That an alert of a tenant is new or changed.</summary>
internal readonly record struct AlertChange(uint Tenant, bool IsNew);

/// <summary>
/// One batch of findings on its way into alerts: loads the open alerts they may belong to, adds the findings in journal
/// order in memory, and leaves each touched row changed once in the context. The result does not depend on where batches begin.
/// </summary>
/// <param name="repeats">Events may come that alerts list already: those read again. In a stream each comes once.</param>
internal sealed class AlertGrouping(ControlDb db, AlertsOptions options, DateTimeOffset now, bool repeats)
{
    /// <summary>Raw records kept: so many of the first, and so many of the latest. Persisted in AlertEvidence.Slot.</summary>
    private const int Kept = 5;
    private const int KeysAtOnce = 500;

    private readonly long gapMs = options.GapMinutes * 60_000L;
    private readonly Dictionary<(uint Tenant, string Key), List<Work>> groups = [];
    private readonly Dictionary<(uint Tenant, string AlertId, int Slot), (AlertEvidence Row, bool IsStored)> evidence = [];

    private sealed class Work(Alert alert, bool isNew)
    {
        public readonly Alert Alert = alert;
        public readonly bool IsNew = isNew;
        public readonly long CountBefore = alert.Count;
        /// <summary>Ids listed: those of these findings, and once it matters those before.</summary>
        public readonly HashSet<ulong> Listed = [];
        public bool KnowsAll = isNew;
        public bool Touched;
    }

    public async Task<IReadOnlyList<AlertChange>> AddAsync(IReadOnlyList<FindingProjection> findings, CancellationToken stop)
    {
        var keys = findings.Select(AlertKeys.Group).ToArray();
        await LoadAsync(findings, keys, stop);
        for (var i = 0; i < findings.Count; i++) await AddOneAsync(findings[i], keys[i], stop);
        // Of the many that share a place only the last one counts.
        foreach (var (row, stored) in evidence.Values) db.Entry(row).State = stored ? EntityState.Modified : EntityState.Added;
        var changes = new List<AlertChange>();
        foreach (var work in groups.Values.SelectMany(g => g).Where(w => w.Touched))
        {
            work.Alert.Version++;
            work.Alert.Updated = now;
            // Nobody is told of what a mute hides.
            if (work.Alert.Status != AlertStatus.Muted) changes.Add(new AlertChange(work.Alert.TenantId, work.IsNew));
        }
        return changes;
    }

    private async Task LoadAsync(IReadOnlyList<FindingProjection> findings, string[] keys, CancellationToken stop)
    {
        foreach (var tenant in Enumerable.Range(0, keys.Length).GroupBy(i => findings[i].Tenant))
        {
            var from = DateTimeOffset.FromUnixTimeMilliseconds(tenant.Min(i => findings[i].TimeMs) - gapMs);
            var to = DateTimeOffset.FromUnixTimeMilliseconds(tenant.Max(i => findings[i].TimeMs) + gapMs);
            foreach (var part in tenant.Select(i => keys[i]).Distinct().Chunk(KeysAtOnce))
            {
                var open = await db.Set<Alert>()
                    .Where(a => a.TenantId == tenant.Key && part.Contains(a.GroupKey) && a.Status != AlertStatus.Closed && a.Last >= from && a.First <= to)
                    .ToListAsync(stop);
                foreach (var alert in open) Group(alert.TenantId, alert.GroupKey).Add(new Work(alert, isNew: false));
            }
        }
    }

    private List<Work> Group(uint tenant, string key)
    {
        if (!groups.TryGetValue((tenant, key), out var list)) groups[(tenant, key)] = list = [];
        return list;
    }

    private async Task AddOneAsync(FindingProjection finding, string key, CancellationToken stop)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(finding.TimeMs);
        var group = Group(finding.Tenant, key);
        var work = group.Where(w => finding.TimeMs >= w.Alert.First.ToUnixTimeMilliseconds() - gapMs && finding.TimeMs <= w.Alert.Last.ToUnixTimeMilliseconds() + gapMs)
            .OrderByDescending(w => w.Alert.Last).ThenBy(w => w.Alert.Id, StringComparer.Ordinal).FirstOrDefault();
        if (work is null)
        {
            group.Add(work = new Work(Open(finding, key, at), isNew: true));
            db.Add(work.Alert);
        }
        work.Touched = true;
        var alert = work.Alert;
        alert.Count++;
        if (at < alert.First) alert.First = at;
        if (at > alert.Last) alert.Last = at;
        if (finding.Rule.Level > alert.Level) alert.Level = finding.Rule.Level;
        if (finding.Outcome > alert.Outcome) alert.Outcome = finding.Outcome;
        KeepEvidence(work, finding, at);
        await ListEventsAsync(work, finding, stop);
        alert.LastEventId = finding.EventId;
    }

    private static Alert Open(FindingProjection f, string key, DateTimeOffset at) => new()
    {
        Id = AlertKeys.Id(f.Tenant, key, f.EventId),
        TenantId = f.Tenant,
        GroupKey = key,
        RuleId = f.Rule.Id,
        Title = f.Rule.Name,
        TitleZh = f.Rule.NameZh,
        Technique = f.Technique ?? "",
        Level = f.Rule.Level,
        Class = f.Rule.Class,
        Outcome = f.Outcome,
        SourceIp = f.SourceIp,
        SourceCountry = f.SourceCountry,
        User = f.User,
        Host = f.Host,
        Site = f.Site,
        SourceId = f.Source,
        Mute = f.Mute,
        Status = f.Mute == 0 ? AlertStatus.New : AlertStatus.Muted,
        Group = JsonSerializer.Serialize(f.Group.DistinctBy(g => g.Key).ToDictionary(g => g.Key, g => g.Value)),
        First = at,
        Last = at,
        FirstEventId = f.EventId,
        LastEventId = f.EventId,
    };

    private void KeepEvidence(Work work, FindingProjection f, DateTimeOffset at)
    {
        var alert = work.Alert;
        var slot = SlotOf(alert.Count);
        var row = new AlertEvidence
        {
            TenantId = alert.TenantId,
            AlertId = alert.Id,
            Slot = slot,
            EventId = f.EventId,
            At = at,
            Outcome = f.Outcome,
            Technique = f.Technique ?? "",
            Field = f.Field,
            FieldValue = f.FieldValue,
            Offset = f.Offset,
            Length = f.Length,
            Raw = f.Raw.Length > FindingProjection.MaxRaw ? f.Raw[..FindingProjection.MaxRaw] : f.Raw,
        };
        evidence[(alert.TenantId, alert.Id, slot)] = (row, IsStored(work.CountBefore, slot));
    }

    private static int SlotOf(long count) => count <= Kept ? (int)count - 1 : Kept + (int)(count % Kept);

    /// <summary>Whether the first <paramref name="count"/> findings already filled a slot.</summary>
    private static bool IsStored(long count, int slot)
    {
        if (slot < Kept) return slot < count;
        for (var n = Math.Max(Kept + 1, count - Kept + 1); n <= count; n++)
        {
            if (SlotOf(n) == slot) return true;
        }
        return false;
    }

    private async Task ListEventsAsync(Work work, FindingProjection f, CancellationToken stop)
    {
        var alert = work.Alert;
        if (alert.EventCount >= options.EventsKept) return;
        if (!work.KnowsAll && (repeats || f.GroupEvents.Count > 0))
        {
            work.Listed.UnionWith(await db.Set<AlertEvent>().Where(e => e.TenantId == alert.TenantId && e.AlertId == alert.Id).Select(e => e.EventId).ToListAsync(stop));
            work.KnowsAll = true;
        }
        foreach (var id in f.GroupEvents.Append(f.EventId))
        {
            if (alert.EventCount >= options.EventsKept) return;
            if (!work.Listed.Add(id)) continue;
            db.Add(new AlertEvent { TenantId = alert.TenantId, AlertId = alert.Id, EventId = id });
            alert.EventCount++;
        }
    }
}
