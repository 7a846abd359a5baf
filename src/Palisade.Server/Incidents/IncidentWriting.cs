using Microsoft.EntityFrameworkCore;
using Palisade.Engine.Incidents;
using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Control;

namespace Palisade.Server.Incidents;

/// <summary>Some incidents on their way into the control store, in one transaction. What people decided is left as it is.</summary>
internal sealed class IncidentWriting(ControlDb db, IncidentContent words, DateTimeOffset now)
{
    /// <summary>Examples kept with an incident; those that show a success may exceed the first number.</summary>
    public const int MaxEvents = 400, MaxEventsInAll = 500;
    private const int IdsAtOnce = 500;

    public async Task WriteAsync(IReadOnlyList<IncidentProjection> incidents, CancellationToken stop)
    {
        foreach (var tenant in incidents.GroupBy(i => i.Tenant))
        {
            var ids = tenant.Select(i => i.Id).Concat(tenant.Select(i => i.MergedInto).OfType<string>()).Distinct().ToArray();
            var rows = await db.Set<IncidentRow>().Where(r => r.TenantId == tenant.Key && ids.Contains(r.Id)).ToDictionaryAsync(r => r.Id, stop);
            var touched = new List<IncidentRow>();
            foreach (var incident in tenant)
                if (await WriteAsync(rows, incident, touched, stop) is { } row) touched.Add(row);
            await db.SaveChangesAsync(stop);
            await SumAsync(tenant.Key, touched.Select(r => r.MergedInto ?? r.Id), stop);
        }
    }

    private async Task<IncidentRow?> WriteAsync(Dictionary<string, IncidentRow> rows, IncidentProjection incident, List<IncidentRow> touched, CancellationToken stop)
    {
        var isNew = !rows.TryGetValue(incident.Id, out var row);
        if (row is null) db.Add(row = rows[incident.Id] = new IncidentRow { Id = incident.Id, TenantId = incident.Tenant, Created = now, Version = 1 });
        else if (incident.Version <= row.StoryVersion) return null;
        var away = isNew || !row.IsByHand ? [] : await AwayAsync(row, stop);
        row.Story = Left(incident, away).Write();
        row.StoryVersion = incident.Version;
        row.Updated = now;
        if (incident.MergedInto is { } into && row.MergedInto is null && !row.IsByHand && into != row.Id && rows.TryGetValue(into, out var target))
            await IncidentMerges.MoveAsync(db, row, target, stop);
        await ListEventsAsync(row, away.Count == 0 ? incident : incident with { Events = [.. incident.Events.Where(e => !away.ContainsKey(e.Source))] }, isNew, stop);
        await ListAddressesAsync(row, incident, isNew, stop);
        await LinkAlertsAsync(row, incident.EventIds, isNew, away, stop);
        foreach (var id in away.Values.Distinct()) await GrowPartAsync(row, incident, id, away, touched, stop);
        return row;
    }

    /// <summary>Addresses that a person split off, and the incident that shows each.</summary>
    private async Task<Dictionary<string, string>> AwayAsync(IncidentRow row, CancellationToken stop)
    {
        var shown = row.MergedInto ?? row.Id;
        return await db.Set<IncidentAddress>().Where(a => a.TenantId == row.TenantId && a.IncidentId == row.Id && a.ShownIn != shown).ToDictionaryAsync(a => a.Address, a => a.ShownIn, stop);
    }

    private IncidentStory Left(IncidentProjection incident, Dictionary<string, string> away) =>
        away.Count == 0 ? incident.Story : IncidentParts.Without(incident.Story, incident.Addresses.Where(a => away.ContainsKey(a.Address)).ToDictionary(a => a.Address, a => a.Count), words);

    /// <summary>What split-off addresses went on to do stands where they are shown.</summary>
    private async Task GrowPartAsync(IncidentRow row, IncidentProjection incident, string id, Dictionary<string, string> away, List<IncidentRow> touched, CancellationToken stop)
    {
        if (await db.Set<IncidentRow>().FirstOrDefaultAsync(r => r.TenantId == row.TenantId && r.Id == id, stop) is not { } part) return;
        await ListEventsAsync(part, incident with { Events = [.. incident.Events.Where(e => away.GetValueOrDefault(e.Source) == id)] }, false, stop);
        await db.SaveChangesAsync(stop);
        var addresses = await db.Set<IncidentAddress>().Where(a => a.TenantId == row.TenantId && a.ShownIn == id).ToListAsync(stop);
        part.Story = IncidentParts.Of(row.MergedInto ?? row.Id, incident.Story, addresses, await db.Set<IncidentEvent>().Where(e => e.TenantId == row.TenantId && e.IncidentId == id).ToListAsync(stop), words).Write();
        part.Updated = now;
        touched.Add(part);
    }

    private async Task ListEventsAsync(IncidentRow row, IncidentProjection incident, bool isNew, CancellationToken stop)
    {
        if (incident.Events.Count == 0 || row.EventCount >= MaxEventsInAll) return;
        HashSet<ulong> listed = isNew ? [] : [.. await db.Set<IncidentEvent>().Where(e => e.TenantId == row.TenantId && e.IncidentId == row.Id).Select(e => e.EventId).ToListAsync(stop)];
        foreach (var e in incident.Events)
        {
            if (row.EventCount >= (e.Outcome >= AttackOutcome.Likely ? MaxEventsInAll : MaxEvents) || !listed.Add(e.EventId)) continue;
            db.Add(new IncidentEvent
            {
                TenantId = row.TenantId, IncidentId = row.Id, EventId = e.EventId, At = DateTimeOffset.FromUnixTimeMilliseconds(e.TimeMs), RuleId = e.Rule, Name = e.Name, NameZh = e.NameZh,
                Class = e.Class, Technique = e.Technique, Source = e.Source, Outcome = e.Outcome, Field = e.Field, FieldValue = e.FieldValue, Offset = e.Offset, Length = e.Length, Raw = e.Raw,
            });
            row.EventCount++;
        }
    }

    private async Task ListAddressesAsync(IncidentRow row, IncidentProjection incident, bool isNew, CancellationToken stop)
    {
        var listed = isNew ? [] : await db.Set<IncidentAddress>().Where(a => a.TenantId == row.TenantId && a.IncidentId == row.Id).ToDictionaryAsync(a => a.Address, stop);
        foreach (var source in incident.Addresses)
        {
            if (!listed.TryGetValue(source.Address, out var address))
            {
                if (listed.Count >= IncidentProjection.MaxAddresses) continue;
                db.Add(address = listed[source.Address] = new IncidentAddress { TenantId = row.TenantId, IncidentId = row.Id, Address = source.Address, ShownIn = row.MergedInto ?? row.Id });
            }
            (address.Count, address.First, address.Last) = (source.Count, DateTimeOffset.FromUnixTimeMilliseconds(source.FirstMs), DateTimeOffset.FromUnixTimeMilliseconds(source.LastMs));
        }
    }

    /// <summary>Links the alerts that list one of the new events.</summary>
    private async Task LinkAlertsAsync(IncidentRow row, IReadOnlyList<ulong> eventIds, bool isNew, Dictionary<string, string> away, CancellationToken stop)
    {
        if (eventIds.Count == 0) return;
        HashSet<string>? linked = isNew ? [] : null;
        foreach (var part in eventIds.Chunk(IdsAtOnce))
        {
            var found = await db.Set<AlertEvent>().Where(e => e.TenantId == row.TenantId && part.Contains(e.EventId)).Select(e => e.AlertId).Distinct().ToListAsync(stop);
            if (away.Count > 0) found = await LinkAwayAsync(row, found, away, stop);
            if (found.Count == 0) continue;
            linked ??= [.. await db.Set<IncidentAlert>().Where(a => a.TenantId == row.TenantId && a.IncidentId == row.Id).Select(a => a.AlertId).ToListAsync(stop)];
            foreach (var alert in found.Where(a => !linked.Contains(a)).ToList())
            {
                linked.Add(alert);
                db.Add(new IncidentAlert { TenantId = row.TenantId, IncidentId = row.Id, AlertId = alert });
                row.AlertCount++;
            }
        }
    }

    /// <summary>Links alerts of split-off addresses to the incident that shows them; gives the others.</summary>
    private async Task<List<string>> LinkAwayAsync(IncidentRow row, List<string> found, Dictionary<string, string> away, CancellationToken stop)
    {
        string[] addresses = [.. away.Keys];
        var theirs = await db.Set<Alert>().Where(a => a.TenantId == row.TenantId && found.Contains(a.Id) && addresses.Contains(a.SourceIp)).Select(a => new { a.Id, a.SourceIp }).ToListAsync(stop);
        foreach (var alert in theirs)
        {
            if (await db.Set<IncidentAlert>().FindAsync([row.TenantId, away[alert.SourceIp], alert.Id], stop) is not null) continue;
            db.Add(new IncidentAlert { TenantId = row.TenantId, IncidentId = away[alert.SourceIp], AlertId = alert.Id });
        }
        return [.. found.Except(theirs.Select(a => a.Id))];
    }

    /// <summary>Puts into the columns of incidents what they and those merged into them amount to. What was changed must be saved.</summary>
    public async Task SumAsync(uint tenant, IEnumerable<string> ids, CancellationToken stop)
    {
        foreach (var id in ids.Distinct())
        {
            // One after the other: for either at once SQLite would read all incidents of the tenant.
            if (await db.Set<IncidentRow>().FirstOrDefaultAsync(r => r.TenantId == tenant && r.Id == id, stop) is not { } row) continue;
            var members = await db.Set<IncidentRow>().Where(r => r.TenantId == tenant && r.MergedInto == id).ToListAsync(stop);
            IncidentRow[] parts = [.. members.Append(row).OrderBy(r => r.Id, StringComparer.Ordinal)];
            // What the engine took up is in the story of what took it up.
            var story = IncidentStory.Join([.. parts.Where(r => r.Id == id || r.IsByHand).OrderByDescending(r => r.Id == id).Select(r => IncidentStory.Read(r.Story))]);
            (row.Title, row.TitleZh, row.Class, row.Level, row.Outcome, row.Score) = (story.Title, story.TitleZh, story.Class, story.Level, story.Outcome, story.Score);
            (row.First, row.Last, row.Count, row.SourceCount, row.Members) = (story.First, story.Last, story.Count, story.SourceCount, members.Count);
            var words = string.Join(' ', story.Sources.Concat(story.Targets).Concat(story.Hosts).Concat(story.Users)).ToLowerInvariant();
            row.Keywords = words.Length > 4000 ? words[..4000] : words;
        }
    }
}
