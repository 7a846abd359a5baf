using System.Text;
using Microsoft.EntityFrameworkCore;
using Palisade.Engine;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Policy;
using Palisade.Protocol;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Streaming;
using Palisade.Server.Tenants;

namespace Palisade.Server.Rules;

/// <summary>Why a change of rules was not made.</summary>
public enum RuleRefusal { None, NotFound, Stale, Wrong, NotOne, IsFilter, IdTaken, NoId, TooMany, TooLarge, NoTitle }

/// <summary>What became of a save.</summary>
public sealed record RuleSaved(RuleRefusal Refusal, RuleView? Rule, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>The rules as each tenant has them: shipped ones with its choices, and those of its own. A change is in force from the next batch of the stream on.</summary>
public sealed class TenantRules(ControlDbFactory factory, EngineSnapshot content, LiveRules live, TimeProvider clock, ILogger<TenantRules> log) : LiveByTenant
{
    public const int MaxId = 200;
    /// <summary>Own rules of one tenant, versions kept of each, and characters of one.</summary>
    public const int MaxOwn = 2000, MaxVersions = 20, MaxYaml = 256 << 10;

    /// <summary>The rules that come with the program.</summary>
    public RuleLibrary Shipped => content.Library;

    /// <summary>What the engine finds without a text in the library: web signatures, behaviours and anomalies.</summary>
    private IEnumerable<RuleInfo> BuiltIn => content.Web.Rules.Concat(content.Incidents.Rules);

    /// <summary>Whether a rule that comes with the program has this id.</summary>
    private bool IsShipped(string id) => content.Library.Find(id) is not null || BuiltIn.Any(r => r.Id == id);

    protected override async Task<IReadOnlyList<uint>> TenantsAsync(CancellationToken stop)
    {
        await using var db = factory.ForSystem();
        return await db.Set<OwnRule>().Select(r => r.TenantId).Distinct().Union(db.Set<RuleChoice>().Select(r => r.TenantId).Distinct()).ToListAsync(stop);
    }

    /// <summary>Every rule of the tenant, by title.</summary>
    public async Task<IReadOnlyList<RuleView>> ListAsync(uint tenant, CancellationToken stop)
    {
        var (choices, own) = await ReadAsync(tenant, stop);
        var unrouted = content.Rules.Unrouted.ToHashSet();
        var views = content.Rules.Rules.Select(r => new RuleView(r, content.Library.Find(r.Id), false, !unrouted.Contains(r), choices.GetValueOrDefault(r.Id), 0))
            .Concat(BuiltIn.Select(r => new RuleView(r, null, false, true, choices.GetValueOrDefault(r.Id), 0)));
        if (own.Count > 0 && live.Current.Of(tenant)?.Own is { } compiled)
        {
            var dead = compiled.Set.Unrouted.ToHashSet();
            var infos = compiled.Own.GroupBy(r => r.Id).ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);
            views = views.Concat(own.Where(o => infos.ContainsKey(o.RuleId)).Select(o => new RuleView(
                infos[o.RuleId], Texts(o) is [var text, ..] ? text : null, true, !dead.Contains(infos[o.RuleId]), choices.GetValueOrDefault(o.RuleId), o.Version)));
            var refused = compiled.Refused.GroupBy(r => r.Rule.Id).ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);
            views = views.Concat(own.Where(o => !infos.ContainsKey(o.RuleId) && refused.ContainsKey(o.RuleId)).Select(o => new RuleView(
                refused[o.RuleId].Rule, Texts(o) is [var text, ..] ? text : null, true, false, choices.GetValueOrDefault(o.RuleId), o.Version) { Problems = refused[o.RuleId].Problems }));
        }
        return [.. views.OrderBy(v => v.Info.Name, StringComparer.OrdinalIgnoreCase).ThenBy(v => v.Info.Id, StringComparer.Ordinal)];
    }

    /// <summary>One rule; null when the tenant has none of this id.</summary>
    public async Task<RuleView?> FindAsync(uint tenant, string id, CancellationToken stop) => (await ListAsync(tenant, stop)).FirstOrDefault(r => r.Info.Id == id);

    /// <summary>Versions of an own rule, the newest first.</summary>
    public async Task<IReadOnlyList<OwnRule>> VersionsAsync(uint tenant, string id, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        return await db.Set<OwnRule>().AsNoTracking().Where(r => r.RuleId == id).OrderByDescending(r => r.Version).ToListAsync(stop);
    }

    /// <summary>The tenant's own documents, the newest of each.</summary>
    public async Task<IReadOnlyList<RuleText>> OwnTextsAsync(uint tenant, CancellationToken stop) => [.. (await ReadAsync(tenant, stop)).Own.SelectMany(Texts)];

    private async Task<(Dictionary<string, RuleChoice> Choices, List<OwnRule> Own)> ReadAsync(uint tenant, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        var choices = await db.Set<RuleChoice>().AsNoTracking().ToDictionaryAsync(r => r.RuleId, StringComparer.Ordinal, stop);
        var own = await db.Set<OwnRule>().AsNoTracking().Where(r => !db.Set<OwnRule>().Any(o => o.RuleId == r.RuleId && o.Version > r.Version)).ToListAsync(stop);
        return (choices, own);
    }

    private static IReadOnlyList<RuleText> Texts(OwnRule row) => RuleTexts.Read(PathOf(row.RuleId), Encoding.UTF8.GetBytes(row.Yaml));

    private const string OwnFolder = "own/";

    private static string PathOf(string id) => $"{OwnFolder}{id}.yml";

    /// <summary>How rules of the tenant load: its own documents, and they alone, pass through its pipelines.</summary>
    /// <param name="rule">One that is looked at beside them, its own or shipped; null: none.</param>
    public async Task<RuleLoadOptions> LoadingAsync(uint tenant, IEnumerable<RuleText> own, RuleText? rule, CancellationToken stop)
    {
        var (options, _) = await RulePassage.ReadAsync(factory, tenant, stop);
        var files = own.Select(o => o.File).ToHashSet(StringComparer.Ordinal);
        if (rule is not null && (rule.File.StartsWith(OwnFolder, StringComparison.Ordinal) || !IsShipped(rule.Id))) files.Add(rule.File);
        return options with { PipedFiles = files };
    }

    /// <summary>Compiles the tenant's own rules anew: what they pass through changed.</summary>
    internal Task RenewAsync(uint tenant, CancellationToken stop) => ApplyAsync(tenant, stop);

    /// <summary>Switches a rule on or off and gives it a level (null: its own).</summary>
    /// <param name="seen">The version that the person saw (0: nothing decided yet); null overwrites whatever is there.</param>
    public async Task<(RuleRefusal Refusal, RuleView? Rule)> ChooseAsync(uint tenant, string id, bool enabled, FindingLevel? level, long? seen, Actor actor, CancellationToken stop)
    {
        if (await FindAsync(tenant, id, stop) is not { } rule) return (RuleRefusal.NotFound, null);
        if (level == rule.Info.Level) level = null;
        var refusal = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            var row = await db.Set<RuleChoice>().FirstOrDefaultAsync(r => r.RuleId == id, stop);
            if (seen is { } version && version != (row?.Version ?? 0)) return RuleRefusal.Stale;
            var before = new { Enabled = row?.Enabled ?? true, row?.Level };
            if (row is null) db.Add(row = new RuleChoice { TenantId = tenant, RuleId = id });
            (row.Enabled, row.Level, row.Changed, row.Author) = (enabled, level, clock.GetUtcNow(), actor.Name);
            row.Version++;
            await AuditLog.AppendAsync(db, tenant, actor, "rule.choose", id,
                new { from = new { before.Enabled, level = before.Level?.ToString() }, to = new { Enabled = enabled, level = level?.ToString() } }, clock.GetUtcNow(), stop);
            return RuleRefusal.None;
        }, stop);
        if (refusal != RuleRefusal.None) return (refusal, rule);
        await ApplyAsync(tenant, stop);
        return (RuleRefusal.None, await FindAsync(tenant, id, stop));
    }

    /// <summary>Compiles a text as the tenant's next rule would be, and says what is wrong with it.</summary>
    public async Task<(RuleRefusal Refusal, RuleText? Text, IReadOnlyList<Diagnostic> Diagnostics)> CheckAsync(uint tenant, string yaml, CancellationToken stop)
    {
        if (yaml.Length > MaxYaml) return (RuleRefusal.TooLarge, null, []);
        var own = await OwnTextsAsync(tenant, stop);
        var (options, _) = await RulePassage.ReadAsync(factory, tenant, stop);
        return Check(yaml, own, options);
    }

    private (RuleRefusal, RuleText?, IReadOnlyList<Diagnostic>) Check(string yaml, IReadOnlyList<RuleText> own, RuleLoadOptions options)
    {
        const string File = "rule.yml";
        var bytes = Encoding.UTF8.GetBytes(yaml);
        var texts = RuleTexts.Read(File, bytes);
        var others = own.Where(o => texts.All(t => t.Id != o.Id)).ToList();
        // The edited text of a shipped rule asks for our fields already.
        if (texts.Any(t => IsShipped(t.Id))) options = options with { Pipelines = [] };
        var compiled = OwnRules.Compile(content.Library.SharedWith(others.Concat(texts)), [.. others.Select(o => (o.File, Encoding.UTF8.GetBytes(o.Yaml))), (File, bytes)], options, out var all);
        var problems = all.Where(d => d.File == File).ToList();
        if (problems.Exists(d => d.IsError)) return (RuleRefusal.Wrong, texts.Count > 0 ? texts[0] : null, problems);
        if (texts.Count != 1) return (RuleRefusal.NotOne, null, problems);
        var text = texts[0];
        if (text.Kind == "filter") return (RuleRefusal.IsFilter, text, problems);
        if (text.Title.Length == 0 || compiled.Own.All(r => r.Id != text.Id)) return (RuleRefusal.NoTitle, text, problems);
        if (text.Names.Count == 0 || text.Id.Length > MaxId) return (RuleRefusal.NoId, text, problems);
        if (IsShipped(text.Id)) return (RuleRefusal.IdTaken, text, problems);
        return (RuleRefusal.None, text, problems);
    }

    /// <summary>Saves a rule of the tenant's own, as the next version when there is one of this id, and puts it in force.</summary>
    /// <param name="id">The rule that is meant to be edited; null: the one that the text names.</param>
    /// <param name="seen">The version that the person saw (0: none); null overwrites whatever is there.</param>
    public async Task<RuleSaved> SaveAsync(uint tenant, string yaml, string? id, long? seen, Actor actor, CancellationToken stop)
    {
        var (refusal, text, problems) = await CheckAsync(tenant, yaml, stop);
        if (refusal != RuleRefusal.None) return new(refusal, null, problems);
        if (id is not null && id != text!.Id) return new(RuleRefusal.IdTaken, null, problems);
        // The same text again is the same rule: a repeated request is no conflict.
        if (id is null && await FindAsync(tenant, text!.Id, stop) is { IsOwn: true } there && (await VersionsAsync(tenant, text.Id, stop))[0].Yaml == yaml) return new(RuleRefusal.None, there, problems);
        refusal = await WriteAsync(tenant, [(text!, yaml)], id is not null, seen, actor, stop);
        if (refusal != RuleRefusal.None) return new(refusal, null, problems);
        await ApplyAsync(tenant, stop);
        return new(RuleRefusal.None, await FindAsync(tenant, text!.Id, stop), problems);
    }

    /// <summary>Saves many rules that loaded, each document as one rule; those that are there already get a version when they differ.</summary>
    /// <returns>How many were saved, and how many were left out because shipped rules have their ids or because there are too many.</returns>
    public async Task<(int Saved, int LeftOut)> ImportAsync(uint tenant, IReadOnlyList<RuleText> rules, Actor actor, CancellationToken stop)
    {
        var fitting = rules.Where(r => r is { Kind: not "filter", Names.Count: > 0, Title.Length: > 0 } && r.Id.Length <= MaxId && r.Yaml.Length <= MaxYaml && !IsShipped(r.Id))
            .DistinctBy(r => r.Id, StringComparer.Ordinal).ToList();
        var known = (await OwnTextsAsync(tenant, stop)).ToDictionary(t => t.Id, t => t.Yaml, StringComparer.Ordinal);
        var fresh = fitting.Where(r => !known.TryGetValue(r.Id, out var yaml) || yaml != r.Yaml).ToList();
        var room = Math.Max(0, MaxOwn - known.Count);
        var taken = fresh.Where(r => known.ContainsKey(r.Id) || room-- > 0).ToList();
        foreach (var part in taken.Chunk(200)) await WriteAsync(tenant, [.. part.Select(r => (r, r.Yaml))], false, null, actor, stop);
        if (taken.Count > 0) await ApplyAsync(tenant, stop);
        return (taken.Count, rules.Count - fitting.Count + fresh.Count - taken.Count);
    }

    private Task<RuleRefusal> WriteAsync(uint tenant, IReadOnlyList<(RuleText Text, string Yaml)> rules, bool mustExist, long? seen, Actor actor, CancellationToken stop) =>
        factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            var count = await db.Set<OwnRule>().Select(r => r.RuleId).Distinct().CountAsync(stop);
            foreach (var (text, yaml) in rules)
            {
                var versions = await db.Set<OwnRule>().Where(r => r.RuleId == text.Id).OrderBy(r => r.Version).ToListAsync(stop);
                var last = versions.LastOrDefault()?.Version ?? 0;
                if (mustExist && last == 0) return RuleRefusal.NotFound;
                if (seen is { } version && version != last) return RuleRefusal.Stale;
                if (last == 0 && ++count > MaxOwn) return RuleRefusal.TooMany;
                db.Add(new OwnRule { TenantId = tenant, RuleId = text.Id, Version = last + 1, Yaml = yaml, Saved = clock.GetUtcNow(), Author = actor.Name });
                db.RemoveRange(versions.SkipLast(MaxVersions - 1));
                await AuditLog.AppendAsync(db, tenant, actor, "rule.save", text.Id, new { Version = last + 1, text.Title, Yaml = rules.Count == 1 ? yaml : null }, clock.GetUtcNow(), stop);
            }
            return RuleRefusal.None;
        }, stop);

    /// <summary>Takes an own rule away with all its versions; the audit log keeps its text. False when there is none.</summary>
    public async Task<bool> RemoveAsync(uint tenant, string id, Actor actor, CancellationToken stop)
    {
        var done = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            var versions = await db.Set<OwnRule>().Where(r => r.RuleId == id).OrderBy(r => r.Version).ToListAsync(stop);
            if (versions.Count == 0) return false;
            db.RemoveRange(versions);
            if (await db.Set<RuleChoice>().FirstOrDefaultAsync(r => r.RuleId == id, stop) is { } choice) db.Remove(choice);
            await AuditLog.AppendAsync(db, tenant, actor, "rule.remove", id, new { versions[^1].Version, versions[^1].Yaml }, clock.GetUtcNow(), stop);
            return true;
        }, stop);
        if (done) await ApplyAsync(tenant, stop);
        return done;
    }

    protected override async Task PutInForceAsync(uint tenant, CancellationToken stop)
    {
        var (choices, rows) = await ReadAsync(tenant, stop);
        var settings = choices.Values.Where(c => !c.Enabled || c.Level is not null).ToDictionary(c => c.RuleId, c => new RuleSetting(c.Enabled, c.Level), StringComparer.Ordinal);
        OwnRules? own = null;
        if (rows.Count > 0)
        {
            var files = rows.Select(r => (PathOf(r.RuleId), Encoding.UTF8.GetBytes(r.Yaml))).ToList();
            var (options, broken) = await RulePassage.ReadAsync(factory, tenant, stop);
            foreach (var problem in broken) RulesLog.PipelineLeftOut(log, problem.File, tenant, problem.Code, problem.Message);
            own = OwnRules.Compile(content.Library.SharedWith(rows.SelectMany(Texts)), files, options, out var problems);
            foreach (var problem in problems.Where(p => p.IsError)) RulesLog.RuleLeftOut(log, problem.File, tenant, problem.Code, problem.Message);
        }
        live.SwapRules(tenant, settings, own);
    }
}
