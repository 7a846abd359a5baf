using System.Text;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;
using Palisade.Engine.Rules.Pipelines;

namespace Palisade.Engine.Rules.Explain;

/// <summary>
/// Tells why a rule did or did not match an event. Each part of the rule is made a rule of its own and asked of the engine that judges live events, so an
/// explanation can never disagree with a detection.
/// </summary>
/// <param name="lookups">Look-ups of log sources and field names (content/lookups/sigma), as loading takes them.</param>
/// <param name="loading">Whose rules it explains and what they pass through: a rule is told as it leaves the pipelines. Null: the platform's, as they are.</param>
public sealed class RuleExplainer(IReadOnlyList<(string path, byte[] bytes)> lookups, RuleLoadOptions? loading = null)
{
    private readonly RuleLoadOptions options = loading ?? new RuleLoadOptions();
    /// <summary>How its parts load, which have passed through the pipelines already.</summary>
    private readonly RuleLoadOptions parts = (loading ?? new RuleLoadOptions()) with { Pipelines = [], PipedFiles = null, Parts = true };

    /// <summary>Values of one item that are asked one by one.</summary>
    public const int MaxValues = 60;
    private const int MaxProbes = 2_000;
    private const int MaxFound = 20;

    /// <summary>Explains one event of a batch.</summary>
    /// <param name="rule">The rule or correlation.</param>
    /// <param name="others">Rules that a correlation refers to are looked for here.</param>
    public RuleExplanation Explain(RuleText rule, IReadOnlyList<RuleText> others, EventBatch events, int index)
    {
        ArgumentNullException.ThrowIfNull(rule);
        ArgumentNullException.ThrowIfNull(events);
        var one = Alone(events, index);
        return rule.Kind == "correlation" ? Correlation(rule, others, one) : Rule(rule, one);
    }

    private RuleExplanation Correlation(RuleText rule, IReadOnlyList<RuleText> others, EventBatch one)
    {
        var (bases, missing) = (new List<RuleExplanation>(), new List<string>());
        foreach (var name in rule.Refers)
        {
            if (others.FirstOrDefault(o => o.Kind != "filter" && (o.Names.Contains(name) || o.Title == name)) is not { } text) missing.Add(name);
            // A correlation of correlations is explained one step deep: what the inner one counted lies in other events.
            else if (text.Kind == "correlation") bases.Add(new RuleExplanation(text.Id, text.Title, false, "", null, false, [], [], []));
            else bases.Add(Rule(text, one));
        }
        var set = RuleSet.Load([.. lookups, .. others.Where(o => rule.Refers.Any(o.Names.Contains)).Select(Document), Document(rule)], options, out var problems);
        var fields = Fields();
        var source = set.Correlations.FirstOrDefault(c => c.Info.Id == rule.Id)?.Source;
        var optional = source?.Optional;
        var group = (source is null ? rule.Fields : source.GroupBy.Concat(source.Fields).Distinct(StringComparer.Ordinal)).Select(f => (Name: f, Found: Find(f, fields, one).FirstOrDefault())).ToList();
        return new RuleExplanation(rule.Id, rule.Title, bases.Exists(b => b.Matched), "", null, bases.Exists(b => b.Logic), [], [], [.. problems.Where(p => p.File == rule.File)])
        {
            Correlation = new CorrelationPart(bases, missing, [.. group.Where(g => g.Found.Field is not null).Select(g => new FoundValue(g.Name, g.Found.Value))],
                [.. group.Where(g => g.Found.Field is null && optional?.Contains(g.Name) != true).Select(g => g.Name)]),
        };
    }

    private static (string, byte[]) Document(RuleText text) => (text.File, Encoding.UTF8.GetBytes(text.Yaml));

    private RuleExplanation Rule(RuleText rule, EventBatch one)
    {
        var problems = new List<Diagnostic>();
        var set = RuleSet.Load([.. lookups, Document(rule)], options, out var loading);
        problems.AddRange(loading.Where(d => d.File == rule.File));
        var piped = PipedText.Of(rule, options, new PipelineBudget(options.Tenant));
        var roots = PipedText.Read(piped, written: ReferenceEquals(piped, rule));
        rule = piped;
        var detection = roots is [{ Kind: YamlKind.Mapping } root] ? root["detection"] : null;
        if (detection is not { Kind: YamlKind.Mapping }) return new RuleExplanation(rule.Id, rule.Title, false, rule.LogSource, null, false, [], [], problems);
        var probes = new Probes();
        var shapes = detection.Pairs.Where(p => p.Key.Text is not ("condition" or "timeframe")).Select(p => Shape.Of(p.Key.Text, p.Value, probes)).ToList();
        var whole = probes.Add(YamlFlow.Write(detection), wrap: false);
        var held = Ask(probes, one);
        var fields = Fields();
        var identifiers = shapes.Select(s => s.Judge(held, f => Find(f, fields, one))).ToList();
        var names = identifiers.ToDictionary(i => i.Name, i => i.Holds, StringComparer.Ordinal);
        var condition = detection["condition"];
        var texts = condition?.Kind == YamlKind.Sequence ? condition.Items.Select(i => i.Text) : condition is { IsText: true } ? [condition.Text] : [];
        var matched = Matches(set, one, rule.Id);
        bool? ofSource = set.Unrouted.Any(r => r.Id == rule.Id) ? null : matched || Routed(rule, one);
        return new RuleExplanation(rule.Id, rule.Title, matched, rule.LogSource, ofSource, held.Contains(whole), identifiers,
            [.. texts.Select(t => ConditionTree.Read(t, names)).OfType<ConditionPart>()], problems);
    }

    /// <summary>Whether an event is of the rule's log source: a rule of that source that holds for any event.</summary>
    private bool Routed(RuleText rule, EventBatch one)
    {
        var source = string.Join(", ", new[] { ("product", rule.Product), ("category", rule.Category), ("service", rule.Service) }
            .Where(p => p.Item2.Length > 0).Select(p => $"{p.Item1}: {YamlFlow.Quote(p.Item2)}"));
        if (source.Length == 0 || options.AnyLogSource) return true;
        var yaml = $$"""{ title: route, id: route, logsource: { {{source}} }, detection: { a: { palisade.none|exists: true }, condition: not a } }""";
        return Matches(RuleSet.Load([.. lookups, ("route.yml", Encoding.UTF8.GetBytes(yaml))], parts, out _), one, "route");
    }

    private static bool Matches(RuleSet set, EventBatch one, string id)
    {
        var findings = new FindingList();
        new SigmaDetector(set).Detect(one, findings);
        foreach (ref readonly var finding in findings.Items)
            if (finding.Rule.Id == id) return true;
        return false;
    }

    private HashSet<int> Ask(Probes probes, EventBatch one)
    {
        var set = RuleSet.Load([.. lookups, ("probes.yml", Encoding.UTF8.GetBytes(probes.Yaml))], parts with { AnyLogSource = true, MaxFileBytes = 64 << 20 }, out _);
        var findings = new FindingList();
        new SigmaDetector(set).Detect(one, findings);
        var held = new HashSet<int>();
        foreach (ref readonly var finding in findings.Items)
            if (finding.Rule.Id.StartsWith("probe-", StringComparison.Ordinal)) held.Add(int.Parse(finding.Rule.Id.AsSpan(6), System.Globalization.CultureInfo.InvariantCulture));
        return held;
    }

    private Dictionary<string, IReadOnlyList<string>> Fields()
    {
        var taxonomy = new Taxonomy();
        foreach (var (path, bytes) in lookups)
            foreach (var root in YamlTree.Read(path, bytes, RuleTexts.MaxBytes, [])) taxonomy.Read(path, root, []);
        return taxonomy.Fields;
    }

    private List<FoundValue> Find(string field, Dictionary<string, IReadOnlyList<string>> fields, EventBatch one)
    {
        var found = new List<FoundValue>();
        var names = field.Length == 0 ? [] : new[] { field }.Concat(fields.TryGetValue(field, out var mapped) ? mapped : []).Distinct(StringComparer.Ordinal);
        foreach (var name in names)
        {
            var id = FieldNames.GetOrAdd(name, options.Tenant);
            var ids = one.FieldIds(0);
            for (var slot = 0; slot < ids.Length && id != 0; slot++)
                if (ids[slot] == id && found.Count < MaxFound) found.Add(new FoundValue(name, one.IsNull(0, slot) ? "null" : Encoding.UTF8.GetString(one.ValueAt(0, slot))));
        }
        return found;
    }

    /// <summary>A batch with the one event, so that the rest of the batch is not judged for each question.</summary>
    private static EventBatch Alone(EventBatch events, int index)
    {
        var one = new EventBatch();
        ref readonly var header = ref events.Header(index);
        one.Begin(new RecordInfo(header.Sequence, header.ReceivedMs, header.Tenant, header.Source, header.Parser), events.Raw(index));
        one.Header(0).TimeMs = header.TimeMs;
        one.Header(0).Flags = header.Flags;
        var ids = events.FieldIds(index);
        for (var slot = 0; slot < ids.Length; slot++)
        {
            if (events.IsNull(index, slot)) one.AddNull(ids[slot]);
            else one.Add(ids[slot], events.ValueAt(index, slot));
        }
        return one;
    }

    /// <summary>Parts as rules of their own, numbered.</summary>
    private sealed class Probes
    {
        private readonly StringBuilder yaml = new();
        private int count;

        public string Yaml => yaml.ToString();

        /// <summary>Adds a search value, or a whole detection; -1 when there are too many.</summary>
        public int Add(string flow, bool wrap = true)
        {
            if (count >= MaxProbes) return -1;
            var detection = wrap ? $"{{ s: {flow}, condition: s }}" : flow;
            yaml.Append("--- { title: probe, id: probe-").Append(count).Append(", logsource: { category: any }, detection: ").Append(detection).Append(" }\n");
            return count++;
        }
    }

    /// <param name="Fields">Usually one; several where a pipeline asks for a field under several names.</param>
    /// <param name="All">Each of the fields must fulfil it.</param>
    private sealed record Item(IReadOnlyList<string> Fields, string Modifiers, int Probe, List<(string Text, int Probe)> Values, int More, bool All = false);

    /// <summary>An identifier and the probes that stand for its parts.</summary>
    private sealed class Shape(string name, int probe, List<(int Probe, List<Item> Items)> alternatives)
    {
        public static Shape Of(string name, YamlNode value, Probes probes)
        {
            var maps = value.Kind == YamlKind.Sequence && value.Items.Exists(i => i.Kind == YamlKind.Mapping) ? value.Items : [value];
            return new Shape(name, probes.Add(YamlFlow.Write(value)), [.. maps.Select(m => (probes.Add(YamlFlow.Write(m)), Items(m, probes)))]);
        }

        private static List<Item> Items(YamlNode node, Probes probes)
        {
            if (node.Kind != YamlKind.Mapping) return [new Item([""], "", probes.Add(YamlFlow.Write(node)), Values("", node, probes, out var more), more)];
            var items = new List<Item>();
            foreach (var (key, value) in node.Pairs)
            {
                var leaves = Leaves(key.Text, value).ToList();
                // Of an item that a pipeline dropped nothing is left to tell.
                if (leaves.Count == 0) continue;
                var whole = probes.Add($"{{{YamlFlow.Quote(key.Text)}: {YamlFlow.Write(value)}}}");
                var bar = leaves[0].Key.IndexOf('|', StringComparison.Ordinal);
                var (values, more) = (new List<(string, int)>(), 0);
                foreach (var (leaf, wanted) in leaves)
                {
                    values.AddRange(Values(leaf, wanted, probes, out var left));
                    more += left;
                }
                items.Add(new Item([.. leaves.Select(l => l.Key.Split('|')[0]).Distinct(StringComparer.Ordinal)], bar < 0 ? "" : leaves[0].Key[(bar + 1)..], whole, values, more, key.Text == DetectionCompiler.AllOf));
            }
            return items;
        }

        /// <summary>The fields that are asked for: where a pipeline made several of one, each of them.</summary>
        private static IEnumerable<(string Key, YamlNode Value)> Leaves(string key, YamlNode value) => key is DetectionCompiler.AnyOf or DetectionCompiler.AllOf
            ? value.Items.SelectMany(i => i.Pairs).SelectMany(p => Leaves(p.Key.Text, p.Value))
            : [(key, value)];

        private static List<(string, int)> Values(string key, YamlNode value, Probes probes, out int more)
        {
            var values = value.Kind == YamlKind.Sequence ? value.Items : [value];
            more = Math.Max(0, values.Count - MaxValues);
            return [.. values.Take(MaxValues).Where(v => v.Kind == YamlKind.Scalar)
                .Select(v => (v.IsNull ? "null" : v.Text, probes.Add(key.Length == 0 ? YamlFlow.Write(v) : $"{{{YamlFlow.Quote(key)}: {YamlFlow.Write(v)}}}")))];
        }

        public IdentifierPart Judge(HashSet<int> held, Func<string, List<FoundValue>> find) => new(name, held.Contains(probe),
            [.. alternatives.Select(a => new AlternativePart(held.Contains(a.Probe), [.. a.Items.Select(i => new ItemPart(
                string.Join(" / ", i.Fields), i.Modifiers, held.Contains(i.Probe), [.. i.Fields.SelectMany(find)],
                [.. i.Values.GroupBy(v => v.Text, StringComparer.Ordinal).Select(g => new ValuePart(g.Key, i.All ? g.All(v => held.Contains(v.Probe)) : g.Any(v => held.Contains(v.Probe))))], i.More))]))]);
    }
}
