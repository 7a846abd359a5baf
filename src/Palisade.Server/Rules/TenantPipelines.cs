using System.Text;
using Microsoft.EntityFrameworkCore;
using Palisade.Engine;
using Palisade.Engine.Rules.Policy;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Streaming;
using Palisade.Server.Tenants;

namespace Palisade.Server.Rules;

/// <summary>Why a change of pipelines or placeholders was not made.</summary>
public enum PipelineRefusal { None, NotFound, Stale, Name, TooLarge, TooMany, Wrong, PlaceholderName, PlaceholderValue }

/// <summary>A pipeline as a tenant has it.</summary>
/// <param name="Title">What its text says it is called.</param>
/// <param name="Priority">Pipelines run by rising priority, equal ones by name.</param>
/// <param name="Diagnostics">What reading it says: remarks, or why it is left out.</param>
public sealed record PipelineView(string Name, string Title, int Priority, string Yaml, DateTimeOffset Saved, string Author, long Version, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>What became of a save.</summary>
public sealed record PipelineSaved(PipelineRefusal Refusal, PipelineView? Pipeline, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>Values of placeholders as a tenant has them; version 0: nobody gave any.</summary>
public sealed record PlaceholdersView(IReadOnlyDictionary<string, IReadOnlyList<string>> Values, DateTimeOffset? Saved, string Author, long Version);

/// <summary>
/// Processing pipelines and values of placeholders that a tenant's own rules pass through; shipped rules do not. A change compiles the tenant's own rules anew,
/// in force from the next batch of the stream on.
/// </summary>
public sealed class TenantPipelines(ControlDbFactory factory, TenantRules rules, LiveRules live, TimeProvider clock)
{
    /// <summary>Pipelines of one tenant, bytes of one, characters of a name.</summary>
    public const int MaxPipelines = 20, MaxBytes = 256 << 10, MaxName = 100;
    /// <summary>Placeholders of one tenant, values of one, characters of a value, and of all names and values together.</summary>
    public const int MaxPlaceholders = 200, MaxValues = 1_000, MaxValue = 1_024, MaxCharacters = 1 << 20;

    /// <summary>The tenant's pipelines in the order in which rules pass through.</summary>
    public async Task<IReadOnlyList<PipelineView>> ListAsync(uint tenant, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        var rows = await db.Set<RulePipeline>().AsNoTracking().ToListAsync(stop);
        return [.. rows.Select(View).OrderBy(p => p.Priority).ThenBy(p => p.Name, StringComparer.Ordinal)];
    }

    /// <summary>One of them; null when the tenant has none of this name.</summary>
    public async Task<PipelineView?> FindAsync(uint tenant, string name, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return await db.Set<RulePipeline>().AsNoTracking().FirstOrDefaultAsync(p => p.Name == name, stop) is { } row ? View(row) : null;
    }

    private static PipelineView View(RulePipeline row)
    {
        var pipeline = RulePassage.Parse(row.Name, row.Yaml, out var problems);
        return new(row.Name, pipeline?.Name ?? "", pipeline?.Priority ?? 0, row.Yaml, row.Saved, row.Author, row.Version, problems);
    }

    /// <summary>Own rules that do not load as things are, by title.</summary>
    public IReadOnlyList<RefusedRule> Refused(uint tenant) =>
        [.. (live.Current.Of(tenant)?.Own?.Refused ?? []).OrderBy(r => r.Rule.Name, StringComparer.OrdinalIgnoreCase).ThenBy(r => r.Rule.Id, StringComparer.Ordinal)];

    /// <summary>Whether a pipeline may have this name: letters, digits, spaces, dots, hyphens and underscores, a letter or digit at either end.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MaxName && char.IsLetterOrDigit(name[0]) && char.IsLetterOrDigit(name[^1]) && name.All(c => char.IsLetterOrDigit(c) || c is ' ' or '.' or '-' or '_');

    /// <summary>Saves a pipeline, as a new one when there is none of this name, and puts it in force.</summary>
    /// <param name="seen">The version that the person saw (0: none); null overwrites whatever is there.</param>
    public async Task<PipelineSaved> SaveAsync(uint tenant, string name, string yaml, long? seen, Actor actor, CancellationToken stop)
    {
        if (!IsName(name)) return new(PipelineRefusal.Name, null, []);
        if (Encoding.UTF8.GetByteCount(yaml) > MaxBytes) return new(PipelineRefusal.TooLarge, null, []);
        if (RulePassage.Parse(name, yaml, out var problems) is null) return new(PipelineRefusal.Wrong, null, problems);
        var (refusal, changed) = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            var row = await db.Set<RulePipeline>().FirstOrDefaultAsync(p => p.Name == name, stop);
            // The same text again is the same pipeline: a repeated request is no conflict.
            if (row?.Yaml == yaml) return (PipelineRefusal.None, false);
            if (seen is { } version && version != (row?.Version ?? 0)) return (PipelineRefusal.Stale, false);
            if (row is null)
            {
                if (await db.Set<RulePipeline>().CountAsync(stop) >= MaxPipelines) return (PipelineRefusal.TooMany, false);
                db.Add(row = new RulePipeline { TenantId = tenant, Name = name, Yaml = yaml });
            }
            (row.Yaml, row.Saved, row.Author) = (yaml, clock.GetUtcNow(), actor.Name);
            row.Version++;
            await AuditLog.AppendAsync(db, tenant, actor, "rule.pipeline.save", name, new { row.Version, Yaml = yaml }, clock.GetUtcNow(), stop);
            return (PipelineRefusal.None, true);
        }, stop);
        if (refusal != PipelineRefusal.None) return new(refusal, null, problems);
        if (changed) await rules.RenewAsync(tenant, stop);
        return new(PipelineRefusal.None, await FindAsync(tenant, name, stop), problems);
    }

    /// <summary>Takes a pipeline away; the audit log keeps its text.</summary>
    /// <param name="seen">The version that the person saw; null: whatever is there.</param>
    public async Task<PipelineRefusal> RemoveAsync(uint tenant, string name, long? seen, Actor actor, CancellationToken stop)
    {
        var refusal = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            if (await db.Set<RulePipeline>().FirstOrDefaultAsync(p => p.Name == name, stop) is not { } row) return PipelineRefusal.NotFound;
            if (seen is { } version && version != row.Version) return PipelineRefusal.Stale;
            db.Remove(row);
            await AuditLog.AppendAsync(db, tenant, actor, "rule.pipeline.remove", name, new { row.Version, row.Yaml }, clock.GetUtcNow(), stop);
            return PipelineRefusal.None;
        }, stop);
        if (refusal == PipelineRefusal.None) await rules.RenewAsync(tenant, stop);
        return refusal;
    }

    /// <summary>The tenant's placeholders.</summary>
    public async Task<PlaceholdersView> PlaceholdersAsync(uint tenant, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        var row = await db.Set<RulePlaceholders>().AsNoTracking().FirstOrDefaultAsync(stop);
        return new(RulePassage.Values(row?.Json), row?.Saved, row?.Author ?? "", row?.Version ?? 0);
    }

    /// <summary>What is wrong with placeholders; the name that is.</summary>
    public static (PipelineRefusal Refusal, string Name) Check(IReadOnlyDictionary<string, IReadOnlyList<string>> values)
    {
        if (values.Count > MaxPlaceholders) return (PipelineRefusal.TooMany, "");
        var characters = 0L;
        foreach (var (name, list) in values)
        {
            if (name.Length is 0 or > MaxName || name.Any(c => c == '%' || char.IsControl(c) || char.IsWhiteSpace(c))) return (PipelineRefusal.PlaceholderName, name);
            if (list is null || list.Count is 0 or > MaxValues || list.Any(v => string.IsNullOrEmpty(v) || v.Length > MaxValue)) return (PipelineRefusal.PlaceholderValue, name);
            if ((characters += name.Length + list.Sum(v => v.Length)) > MaxCharacters) return (PipelineRefusal.TooLarge, name);
        }
        return (PipelineRefusal.None, "");
    }

    /// <summary>Exchanges all placeholders and puts them in force.</summary>
    /// <param name="seen">The version that the person saw (0: none); null overwrites whatever is there.</param>
    public async Task<(PipelineRefusal Refusal, string Name, PlaceholdersView? Placeholders)> SavePlaceholdersAsync(
        uint tenant, IReadOnlyDictionary<string, IReadOnlyList<string>> values, long? seen, Actor actor, CancellationToken stop)
    {
        var (refusal, wrong) = Check(values);
        if (refusal != PipelineRefusal.None) return (refusal, wrong, null);
        var json = RulePassage.Json(values);
        (refusal, var changed) = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            var row = await db.Set<RulePlaceholders>().FirstOrDefaultAsync(stop);
            if (row is null ? values.Count == 0 : row.Json == json) return (PipelineRefusal.None, false);
            if (seen is { } version && version != (row?.Version ?? 0)) return (PipelineRefusal.Stale, false);
            var before = RulePassage.Values(row?.Json);
            if (row is null) db.Add(row = new RulePlaceholders { TenantId = tenant, Json = json });
            (row.Json, row.Saved, row.Author) = (json, clock.GetUtcNow(), actor.Name);
            row.Version++;
            var set = values.Where(v => !before.TryGetValue(v.Key, out var old) || !old.SequenceEqual(v.Value)).ToDictionary();
            await AuditLog.AppendAsync(db, tenant, actor, "rule.placeholders.save", "placeholders", new { row.Version, set, removed = before.Keys.Where(n => !values.ContainsKey(n)).Order(StringComparer.Ordinal) }, clock.GetUtcNow(), stop);
            return (PipelineRefusal.None, true);
        }, stop);
        if (refusal != PipelineRefusal.None) return (refusal, "", null);
        if (changed) await rules.RenewAsync(tenant, stop);
        return (PipelineRefusal.None, "", await PlaceholdersAsync(tenant, stop));
    }
}
