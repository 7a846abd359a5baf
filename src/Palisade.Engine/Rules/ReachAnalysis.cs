using System.Text;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;
using Palisade.Engine.Rules.Explain;
using Palisade.Engine.Rules.Pipelines;

namespace Palisade.Engine.Rules;

/// <summary>Whether a rule can fire with the data there is, and if not, why. Persisted by name: only grows.</summary>
public enum ReachVerdict
{
    /// <summary>Events of its log source came, with fields enough for its condition.</summary>
    CanFire,
    /// <summary>No source that is known here gives its log source.</summary>
    NoSource,
    /// <summary>Its log source is known, but no event of it was among the data.</summary>
    NoEvents,
    /// <summary>Events of its log source lack fields without which its condition never holds.</summary>
    NoFields,
    /// <summary>A correlation whose rules cannot fire, or are not there.</summary>
    NoRules,
    /// <summary>It does not load.</summary>
    Refused,
}

/// <summary>What the data say of one rule.</summary>
/// <param name="Missing">Fields (or, of a correlation, rules) that it lacks.</param>
/// <param name="Events">Events of its log source among the data.</param>
public sealed record RuleReach(RuleText Rule, ReachVerdict Verdict, IReadOnlyList<string> Missing, long Events, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>
/// Looks at events and says which rules could fire on events like these. It says "cannot" only where that is certain: a field that a rule asks for never
/// came with its log source. What is "not" something may always hold.
/// </summary>
public sealed class ReachAnalysis
{
    private readonly IReadOnlyList<RuleText> rules;
    /// <summary>Rules as they leave the pipelines, where those change them.</summary>
    private readonly Dictionary<RuleText, RuleText> piped = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<string> unrouted;
    private readonly HashSet<string> loaded;
    private readonly ILookup<string, Diagnostic> problems;
    private readonly Dictionary<string, IReadOnlyList<string>> mapped = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Seen> bySource = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Seen> byProbe = new(StringComparer.Ordinal);
    private readonly SigmaDetector detector;
    private readonly FindingList findings = new();

    private sealed class Seen
    {
        public long Events;
        public readonly HashSet<ushort> Fields = [];
    }

    private readonly uint tenant;

    /// <param name="lookups">Look-ups of log sources and field names (content/lookups/sigma).</param>
    /// <param name="files">Rule files; several documents a file are judged one by one.</param>
    /// <param name="options">Whose rules they are and what they pass through; null: the platform's, as they are.</param>
    public ReachAnalysis(IReadOnlyList<(string path, byte[] bytes)> lookups, IReadOnlyList<(string path, byte[] bytes)> files, RuleLoadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(lookups);
        ArgumentNullException.ThrowIfNull(files);
        options ??= new RuleLoadOptions();
        tenant = options.Tenant;
        rules = [.. files.SelectMany(f => RuleTexts.Read(f.path, f.bytes)).Where(r => r.Kind != "filter")];
        var budget = new PipelineBudget(tenant);
        foreach (var rule in rules)
            if (PipedText.Of(rule, options, budget) is var after && !ReferenceEquals(after, rule)) piped[rule] = after;
        var set = RuleSet.Load([.. lookups, .. files], options, out var diagnostics);
        Diagnostics = diagnostics;
        problems = diagnostics.ToLookup(d => d.File, StringComparer.Ordinal);
        unrouted = set.Unrouted.Select(r => r.Id).ToHashSet(StringComparer.Ordinal);
        loaded = set.Rules.Select(r => r.Id).ToHashSet(StringComparer.Ordinal);
        var taxonomy = new Taxonomy();
        foreach (var (path, bytes) in lookups)
            foreach (var root in YamlTree.Read(path, bytes, RuleTexts.MaxBytes, [])) taxonomy.Read(path, root, []);
        foreach (var (name, targets) in taxonomy.Fields) mapped[name] = targets;
        detector = new SigmaDetector(RuleSet.Load([.. lookups, ("sources.yml", Encoding.UTF8.GetBytes(Probes()))], new RuleLoadOptions { MaxFileBytes = 64 << 20 }, out _));
    }

    /// <summary>What loading the rules said.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics { get; }

    /// <summary>The rule by which events are judged.</summary>
    private RuleText Piped(RuleText rule) => piped.GetValueOrDefault(rule, rule);

    /// <summary>For each log source a rule that holds for every event of it.</summary>
    private string Probes()
    {
        var yaml = new StringBuilder();
        foreach (var rule in rules.Where(r => r.Kind == "sigma" && !unrouted.Contains(r.Id)).Select(Piped).Where(r => r.LogSource.Length > 0).DistinctBy(r => r.LogSource, StringComparer.OrdinalIgnoreCase))
        {
            var source = string.Join(", ", new[] { ("product", rule.Product), ("category", rule.Category), ("service", rule.Service) }.Where(p => p.Item2.Length > 0).Select(p => $"{p.Item1}: {YamlFlow.Quote(p.Item2)}"));
            var id = "source-" + byProbe.Count;
            byProbe[id] = bySource[rule.LogSource] = new Seen();
            yaml.Append($"--- {{ title: probe, id: {id}, logsource: {{ {source} }}, detection: {{ a: {{ palisade.none|exists: true }}, condition: not a }} }}\n");
        }
        return yaml.ToString();
    }

    /// <summary>Notes of which log sources the events are, and which fields they have.</summary>
    public void Observe(EventBatch events)
    {
        ArgumentNullException.ThrowIfNull(events);
        findings.Clear();
        detector.Detect(events, findings);
        foreach (ref readonly var finding in findings.Items)
        {
            if (!byProbe.TryGetValue(finding.Rule.Id, out var seen)) continue;
            seen.Events++;
            foreach (var id in events.FieldIds(finding.Event)) seen.Fields.Add(id);
        }
    }

    /// <summary>What the events so far say of each rule, in the order of the files.</summary>
    public IReadOnlyList<RuleReach> Judge()
    {
        var judged = rules.Where(r => r.Kind == "sigma").ToDictionary(r => r, JudgeRule);
        var byName = new Dictionary<string, RuleReach>(StringComparer.Ordinal);
        foreach (var (rule, reach) in judged)
            foreach (var name in rule.Names.Append(rule.Title)) byName.TryAdd(name, reach);
        // Correlations of correlations: as many rounds as there may be steps between them.
        var correlations = rules.Where(r => r.Kind == "correlation").ToList();
        for (var round = 0; round < 8 && correlations.Exists(c => !judged.ContainsKey(c)); round++)
        {
            foreach (var rule in correlations.Where(c => !judged.ContainsKey(c)).ToList())
            {
                if (round < 7 && rule.Refers.Any(n => !byName.ContainsKey(n) && correlations.Exists(c => c.Names.Contains(n) || c.Title == n))) continue;
                var reach = judged[rule] = JudgeCorrelation(rule, byName);
                foreach (var name in rule.Names.Append(rule.Title)) byName.TryAdd(name, reach);
            }
        }
        return [.. rules.Select(r => judged[r])];
    }

    private RuleReach JudgeCorrelation(RuleText rule, Dictionary<string, RuleReach> byName)
    {
        if (!loaded.Contains(rule.Id)) return new RuleReach(rule, ReachVerdict.Refused, [], 0, Of(rule));
        string[] dead = [.. rule.Refers.Where(n => !byName.TryGetValue(n, out var reach) || reach.Verdict != ReachVerdict.CanFire)];
        var needsAll = YamlTree.Read(rule.File, Encoding.UTF8.GetBytes(rule.Yaml), RuleTexts.MaxBytes, []) is [var root] && root["correlation"]?["type"]?.Text is "temporal" or "temporal_ordered";
        var cannot = needsAll ? dead.Length > 0 : dead.Length == rule.Refers.Count;
        return new RuleReach(rule, cannot ? ReachVerdict.NoRules : ReachVerdict.CanFire, dead, 0, Of(rule));
    }

    private RuleReach JudgeRule(RuleText rule)
    {
        if (!loaded.Contains(rule.Id)) return new RuleReach(rule, ReachVerdict.Refused, [], 0, Of(rule));
        if (unrouted.Contains(rule.Id)) return new RuleReach(rule, ReachVerdict.NoSource, [], 0, Of(rule));
        var judged = Piped(rule);
        if (!bySource.TryGetValue(judged.LogSource, out var seen) || seen.Events == 0) return new RuleReach(rule, ReachVerdict.NoEvents, [], 0, Of(rule));
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        var can = CanHold(judged, written: ReferenceEquals(judged, rule), seen, missing);
        return new RuleReach(rule, can ? ReachVerdict.CanFire : ReachVerdict.NoFields, can ? [] : [.. missing], seen.Events, Of(rule));
    }

    private IReadOnlyList<Diagnostic> Of(RuleText rule) => [.. problems[rule.File].Where(d => d.Line == 0 || d.Line >= rule.Line && d.Line < rule.Line + rule.Yaml.Count(c => c == '\n') + 1)];

    private bool CanHold(RuleText rule, bool written, Seen seen, SortedSet<string> missing)
    {
        if (PipedText.Read(rule, written) is not [{ Kind: YamlKind.Mapping } root] || root["detection"] is not { Kind: YamlKind.Mapping } detection) return true;
        var names = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (var (key, value) in detection.Pairs)
            if (key.Text is not ("condition" or "timeframe")) names[key.Text] = CanHold(value, seen, missing);
        var condition = detection["condition"]!;
        var texts = condition.Kind == YamlKind.Sequence ? condition.Items.Select(i => i.Text) : [condition.Text];
        return texts.Any(t => ConditionTree.Read(t, names) is not { } tree || CanHold(tree));
    }

    private static bool CanHold(ConditionPart part) => part.Text switch
    {
        "not" => true,
        _ when part.Parts.Count == 0 => part.Holds,
        "and" => part.Parts.All(CanHold),
        "or" => part.Parts.Any(CanHold),
        var quantified => quantified.StartsWith("all", StringComparison.OrdinalIgnoreCase) ? part.Parts.All(CanHold) : part.Parts.Any(CanHold),
    };

    private bool CanHold(YamlNode value, Seen seen, SortedSet<string> missing)
    {
        if (value.Kind == YamlKind.Mapping)
        {
            var can = true;
            foreach (var (key, wanted) in value.Pairs)
            {
                if (key.Text is DetectionCompiler.AnyOf or DetectionCompiler.AllOf)
                {
                    // What a pipeline made of one field: any of several, or all.
                    var parts = wanted.Items.Select(i => CanHold(i, seen, missing)).ToList();
                    if (key.Text == DetectionCompiler.AnyOf ? !parts.Contains(true) : parts.Contains(false)) can = false;
                    continue;
                }
                if (CanHold(key.Text.Split('|'), wanted, seen)) continue;
                missing.Add(key.Text.Split('|')[0]);
                can = false;
            }
            return can;
        }
        if (value.Kind != YamlKind.Sequence || !value.Items.Exists(i => i.Kind == YamlKind.Mapping)) return true;
        // All of them are looked at, so that every missing field is named.
        return value.Items.Select(i => CanHold(i, seen, missing)).ToList().Contains(true);
    }

    private bool CanHold(string[] words, YamlNode wanted, Seen seen)
    {
        if (words[0].Length == 0 || words.Contains("neq")) return true;
        if (words.Contains("exists") && wanted.Bool == false) return true;
        if (wanted.IsNull || wanted.Kind == YamlKind.Sequence && wanted.Items.Exists(i => i.IsNull)) return true;
        return Has(words[0], seen) || mapped.TryGetValue(words[0], out var targets) && targets.Any(t => Has(t, seen));
    }

    private bool Has(string field, Seen seen) => FieldNames.GetOrAdd(field, tenant) is var id && (id == 0 || seen.Fields.Contains(id));
}
