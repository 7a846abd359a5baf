using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Palisade.Engine;
using Palisade.Server.Alerts;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Tenants;
using Palisade.Server.Tokens;

namespace Palisade.Server.Incidents;

/// <summary>
/// Splits addresses off an incident that have nothing to do with the rest: they become an incident of their own, with their examples and alerts. What they do from then on
/// stands there too: their rows say which incident shows them, and whoever writes the story that the engine tells keeps to that.
/// </summary>
public sealed class IncidentSplits(ControlDbFactory factory, ChangeFeed feed, EngineSnapshot engine, TimeProvider clock)
{
    /// <summary>Addresses of one split.</summary>
    public const int MaxAddresses = 200;

    /// <summary>Splits off addresses, and those of alerts.</summary>
    /// <returns>The incident that was made of them.</returns>
    public async Task<(MergeRefusal Refusal, IncidentRow? Incident)> SplitOffAsync(uint tenant, string from, IReadOnlyList<string> addresses, IReadOnlyList<string> alerts, Actor actor, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var result = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            if (await db.Set<IncidentRow>().FirstOrDefaultAsync(r => r.Id == from, stop) is not { } kept) return (MergeRefusal.NotFound, (IncidentRow?)null);
            if (kept.MergedInto is not null) return (MergeRefusal.Merged, kept);
            string[] asked = [.. alerts.Take(MaxAddresses)];
            var wanted = addresses.Take(MaxAddresses).Concat(await db.Set<Alert>().Where(a => asked.Contains(a.Id)).Select(a => a.SourceIp).ToListAsync(stop)).ToHashSet(StringComparer.Ordinal);
            var shown = await db.Set<IncidentAddress>().Where(a => a.ShownIn == from).ToListAsync(stop);
            var moved = shown.Where(a => wanted.Contains(a.Address)).ToList();
            if (moved.Count == 0) return (MergeRefusal.NotThere, kept);
            if (moved.Count == shown.Count) return (MergeRefusal.Everything, kept);
            var id = IdOf(tenant, from, moved.Select(a => a.Address));
            if (await db.Set<IncidentRow>().AnyAsync(r => r.Id == id, stop)) return (MergeRefusal.Same, kept);
            var part = new IncidentRow { Id = id, TenantId = tenant, Created = now, Updated = now, Version = 1, IsByHand = true, OwnerId = kept.OwnerId, Status = kept.Status == IncidentStatus.Closed ? IncidentStatus.New : kept.Status, Triaged = kept.Triaged };
            db.Add(part);
            foreach (var address in moved) address.ShownIn = id;
            string[] owners = [.. moved.Select(a => a.IncidentId).Distinct()], names = [.. moved.Select(a => a.Address).Distinct()];
            await TakeAsync(db, part, owners, names, stop);
            var whole = new List<IncidentStory>();
            foreach (var owner in await db.Set<IncidentRow>().Where(r => owners.Contains(r.Id)).OrderBy(r => r.Id).ToListAsync(stop))
            {
                whole.Add(IncidentStory.Read(owner.Story));
                if (owner.Id == from) owner.IsByHand = true;
                owner.Story = IncidentParts.Without(whole[^1], moved.Where(a => a.IncidentId == owner.Id).ToDictionary(a => a.Address, a => a.Count), engine.Incidents).Write();
            }
            kept.Version++;
            kept.Updated = now;
            await db.SaveChangesAsync(stop);
            part.Story = IncidentParts.Of(from, IncidentStory.Join(whole), moved, await db.Set<IncidentEvent>().Where(e => e.IncidentId == id).ToListAsync(stop), engine.Incidents).Write();
            await db.SaveChangesAsync(stop);
            await new IncidentWriting(db, engine.Incidents, now).SumAsync(tenant, [from, id], stop);
            await AuditLog.AppendAsync(db, tenant, actor, "incident.split_off", from, new { made = id, addresses = names }, now, stop);
            return (MergeRefusal.None, part);
        }, stop);
        if (result.Item1 == MergeRefusal.None) feed.Publish(Topic.Incidents, tenant);
        return result;
    }

    /// <summary>Hands examples and alerts of addresses over.</summary>
    private static async Task TakeAsync(ControlDb db, IncidentRow part, string[] owners, string[] names, CancellationToken stop)
    {
        var rows = await db.Set<IncidentRow>().Where(r => owners.Contains(r.Id)).ToDictionaryAsync(r => r.Id, stop);
        foreach (var e in await db.Set<IncidentEvent>().Where(e => owners.Contains(e.IncidentId) && names.Contains(e.Source)).OrderBy(e => e.EventId).ToListAsync(stop))
        {
            db.Remove(e);
            rows[e.IncidentId].EventCount--;
            if (db.Set<IncidentEvent>().Local.Any(l => l.IncidentId == part.Id && l.EventId == e.EventId)) continue;
            db.Add(new IncidentEvent
            {
                TenantId = e.TenantId, IncidentId = part.Id, EventId = e.EventId, At = e.At, RuleId = e.RuleId, Name = e.Name, NameZh = e.NameZh, Class = e.Class, Technique = e.Technique,
                Source = e.Source, Outcome = e.Outcome, Field = e.Field, FieldValue = e.FieldValue, Offset = e.Offset, Length = e.Length, Raw = e.Raw,
            });
            part.EventCount++;
        }
        foreach (var link in await db.Set<IncidentAlert>().Where(l => owners.Contains(l.IncidentId) && db.Set<Alert>().Any(a => a.Id == l.AlertId && names.Contains(a.SourceIp))).ToListAsync(stop))
        {
            db.Remove(link);
            rows[link.IncidentId].AlertCount--;
            if (db.Set<IncidentAlert>().Local.Any(l => l.IncidentId == part.Id && l.AlertId == link.AlertId)) continue;
            db.Add(new IncidentAlert { TenantId = part.TenantId, IncidentId = part.Id, AlertId = link.AlertId });
            part.AlertCount++;
        }
    }

    /// <summary>The same split has the same id.</summary>
    private static string IdOf(uint tenant, string from, IEnumerable<string> addresses) =>
        "s" + TokenText.Base32(SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant} {from} {string.Join(' ', addresses.Distinct().Order(StringComparer.Ordinal))}")).AsSpan(0, 8));
}
