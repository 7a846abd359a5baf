using Microsoft.EntityFrameworkCore;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Ingest;
using Palisade.Server.Tenants;
using Palisade.Server.Tokens;

namespace Palisade.Server.Sources;

/// <summary>Why an edit of a source was not made.</summary>
public enum SourceEditRefusal { None, NotFound, Stale, BadText, NameTaken, BadZone, BadQuota }

/// <summary>A change to a source; null leaves a part as it is.</summary>
/// <param name="Kind">Name of a parser, or "auto".</param>
/// <param name="Zone">Zone of stamps that carry none; empty: what the parser says.</param>
/// <param name="MaxEventsPerSecond">Its quota; 0: none of its own.</param>
/// <param name="MaxBytesPerDay">Its quota; 0: none of its own.</param>
public sealed record SourceEdit(string? Name = null, string? Kind = null, string? Description = null, bool? Disabled = null, string? Zone = null, long? MaxEventsPerSecond = null, long? MaxBytesPerDay = null);

/// <summary>Changes sources, with their entry in the audit log.</summary>
internal sealed class SourceEdits(ControlDbFactory factory, SourceRegistry registry, TokenService tokens, TimeProvider clock)
{
    /// <summary>Applies an edit. A new name goes into the tokens that carry the old one, so that their senders stay with this source.</summary>
    /// <param name="version">The version that the person saw; null overwrites whatever is there.</param>
    public async Task<(SourceEditRefusal Refusal, Source? Source)> ApplyAsync(
        uint tenant, uint id, SourceEdit edit, long? version, Actor actor, CancellationToken stop)
    {
        if (edit.Name is { } name && !SourceRegistry.IsName(name)) return (SourceEditRefusal.BadText, null);
        if (edit.Kind is { Length: 0 or > 64 } || edit.Description is { Length: > 500 }) return (SourceEditRefusal.BadText, null);
        if (edit.Zone is { Length: > 0 } zone && Zones.Find(zone) is null) return (SourceEditRefusal.BadZone, null);
        if (!QuotaLimits.AreValid(edit.MaxEventsPerSecond, edit.MaxBytesPerDay)) return (SourceEditRefusal.BadQuota, null);
        var old = "";
        var (refusal, source) = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            if (await db.Set<Source>().FirstOrDefaultAsync(s => s.Id == id, stop) is not { } row) return (SourceEditRefusal.NotFound, (Source?)null);
            if (version is { } seen && seen != row.Version) return (SourceEditRefusal.Stale, row);
            old = row.Name;
            if (edit.Name is { } wanted && wanted != row.Name)
            {
                if (await db.Set<Source>().AnyAsync(s => s.Name == wanted, stop)) return (SourceEditRefusal.NameTaken, row);
                foreach (var token in await db.Set<ApiToken>().Where(t => t.DefaultSource == row.Name).ToListAsync(stop)) token.DefaultSource = wanted;
                row.Name = wanted;
            }
            row.Kind = edit.Kind ?? row.Kind;
            row.Description = edit.Description ?? row.Description;
            row.Zone = edit.Zone ?? row.Zone;
            row.MaxEventsPerSecond = edit.MaxEventsPerSecond ?? row.MaxEventsPerSecond;
            row.MaxBytesPerDay = edit.MaxBytesPerDay ?? row.MaxBytesPerDay;
            row.Disabled = edit.Disabled ?? row.Disabled;
            row.Version++;
            await AuditLog.AppendAsync(db, tenant, actor, "source.update", old, edit, clock.GetUtcNow(), stop);
            return (SourceEditRefusal.None, row);
        }, stop);
        if (refusal != SourceEditRefusal.None || source is null) return (refusal, source);
        // Tokens first: what still asks for the old name is answered from the registry until that forgets it.
        tokens.Changed();
        registry.Forget(tenant, old, id);
        registry.Forget(tenant, source.Name, id);
        return (SourceEditRefusal.None, source);
    }
}
