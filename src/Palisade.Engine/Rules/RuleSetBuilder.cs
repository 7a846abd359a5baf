using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Match;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Rules;

/// <summary>Builds a rule set: read all documents, compile rules, join filters, resolve correlations, index literals.</summary>
internal sealed class RuleSetBuilder
{
    /// <summary>Keywords shorter than this stand in nearly every event: where no rule is woken by them they are searched when a rule asks.</summary>
    private const int MinKeyword = 3;

    /// <summary>Files that are read on one processor.</summary>
    private const int Few = 32;

    private readonly RuleLoadOptions options;
    private readonly DocumentReader documents;
    private readonly Pipelines.PipelineBudget budget;
    private readonly Taxonomy taxonomy = new();
    private FieldTable fields = null!;
    private AtomTable atoms = null!;
    private ValueCompiler values = null!;

    public RuleSetBuilder(RuleLoadOptions options)
    {
        this.options = options;
        documents = new DocumentReader(Diagnostics);
        budget = new Pipelines.PipelineBudget(options.Tenant);
    }

    public List<Diagnostic> Diagnostics { get; } = [];

    /// <summary>Reads files, in their order. Their YAML is read on all processors: that is most of the work.</summary>
    public void Read(IReadOnlyList<(string path, byte[] bytes)> files)
    {
        var read = new (List<YamlNode> Roots, List<Diagnostic> Problems)[files.Count];
        if (files.Count < Few) for (var i = 0; i < read.Length; i++) ReadYaml(i);
        else Parallel.For(0, read.Length, ReadYaml);
        for (var i = 0; i < read.Length; i++)
        {
            Diagnostics.AddRange(read[i].Problems);
            Take(files[i].path, read[i].Roots);
        }

        void ReadYaml(int i)
        {
            var problems = new List<Diagnostic>();
            read[i] = (YamlTree.Read(files[i].path, files[i].bytes, options.MaxFileBytes, problems, options.Parts), problems);
        }
    }

    private void Take(string path, List<YamlNode> roots)
    {
        foreach (var root in roots)
        {
            if (documents.Read(path, root) || taxonomy.Read(path, root, Diagnostics)) continue;
            Diagnostics.Add(new Diagnostic("SIG003", path, root.Line, "neither a rule nor a correlation, a filter or a look-up", true));
        }
    }

    public RuleSet Build()
    {
        fields = new FieldTable(taxonomy.Fields, options.Tenant);
        atoms = new AtomTable(fields);
        values = new ValueCompiler(atoms, options.Placeholders, options.Tenant);
        RefuseDoubles();
        var rules = new List<CompiledRule>();
        foreach (var document in documents.Rules)
            if (Compile(document) is { } rule) rules.Add(rule);
        Filter(rules);
        var routes = Route(rules, out var unrouted);
        for (var i = 0; i < rules.Count; i++) rules[i].Index = i;
        var correlations = new CorrelationCompiler(fields, Diagnostics).Compile(new Pipelines.CorrelationPassage(options, documents, budget).Pass(Diagnostics), rules, unrouted);
        return Index(rules, unrouted, correlations, routes);
    }

    private void RefuseDoubles()
    {
        var seen = new Dictionary<string, SigmaDocument>(StringComparer.Ordinal);
        foreach (var document in documents.Rules.Concat<SigmaDocument>(documents.Correlations))
        {
            foreach (var name in document.Names)
            {
                if (!seen.TryGetValue(name, out var first)) { seen[name] = document; continue; }
                Diagnostics.Add(new Diagnostic("SIG019", document.File, document.Line, $"'{name}' already names the rule at {first.File}:{first.Line}", false));
            }
        }
    }

    private CompiledRule? Compile(RuleDocument document)
    {
        atoms.Warn = (code, line, message) => Diagnostics.Add(new Diagnostic(code, document.File, line, message, false));
        values.Begin();
        try
        {
            if (options.PipedFiles?.Contains(document.File) ?? true) document = Pipelines.ProcessingPipeline.Apply(options.Pipelines, document, options.Placeholders, budget);
            return new CompiledRule
            {
                Info = document.Info, Names = document.Names, LogSource = document.LogSource, Outcome = document.Outcome, File = document.File, Line = document.Line,
                Node = new DetectionCompiler(values, atoms.Warn).Compile(document.Detection),
            };
        }
        catch (RuleException e)
        {
            Diagnostics.Add(new Diagnostic(e.Code, document.File, e.Line > 0 ? e.Line : document.Line, e.Message, true));
            return null;
        }
    }

    private void Filter(List<CompiledRule> rules)
    {
        foreach (var filter in documents.Filters)
        {
            atoms.Warn = (code, line, message) => Diagnostics.Add(new Diagnostic(code, filter.File, line, message, false));
            values.Begin();
            try
            {
                var node = new DetectionCompiler(values, atoms.Warn).Compile(filter.Filter, "rules");
                Polarity(filter, node);
                if (options.Polarity == FilterPolarity.AndNot) node = Node.Not(node);
                var hit = false;
                foreach (var rule in rules)
                {
                    if (filter.Targets is { } targets && !rule.Names.Any(targets.Contains)) continue;
                    if (!rule.LogSource.Compatible(filter.LogSource)) continue;
                    rule.Node = Node.And([rule.Node, node]);
                    hit = true;
                }
                if (!hit) atoms.Warn("SIG068", filter.Line, Unfitting(filter, rules));
            }
            catch (RuleException e)
            {
                Diagnostics.Add(new Diagnostic(e.Code, filter.File, e.Line, e.Message, true));
            }
        }
    }

    /// <summary>The texts of 2.1 and 2.2 contradict each other, so a filter that looks written for the other reading is said.</summary>
    private void Polarity(FilterDocument filter, Node node)
    {
        var negated = node.Kind == NodeKind.Not || node.Kind == NodeKind.And && Array.TrueForAll(node.Children, c => c.Kind == NodeKind.Not);
        if (options.Polarity == FilterPolarity.And && !negated)
            atoms.Warn("SIG073", filter.Line, $"the filter '{filter.Info.Name}' keeps only what its condition matches; to leave that out, write 'not' before it (or load filters with the polarity and_not)");
        else if (options.Polarity == FilterPolarity.AndNot && negated)
            atoms.Warn("SIG073", filter.Line, $"the filter '{filter.Info.Name}' leaves out all that its condition does not match; it looks written for the polarity 'and'");
    }

    private string Unfitting(FilterDocument filter, List<CompiledRule> rules)
    {
        if (filter.Targets is { } targets)
        {
            if (documents.Correlations.Exists(c => c.Names.Any(targets.Contains))) return $"the filter '{filter.Info.Name}' names a correlation; filters join rules: name its rules";
            if (rules.Exists(r => targets.Contains(r.Info.Name))) return $"the filter '{filter.Info.Name}' names a rule by its title; a filter names rules by id or name";
            if (rules.Exists(r => r.Names.Any(targets.Contains))) return $"the filter '{filter.Info.Name}' names a rule of another log source and does not join it";
        }
        return $"the filter '{filter.Info.Name}' fits no rule that is loaded";
    }

    /// <summary>Gives each rule the condition of its log source; takes out those nobody gives events for.</summary>
    private List<Node> Route(List<CompiledRule> rules, out List<CompiledRule> unrouted)
    {
        var routes = new List<Node>();
        unrouted = [];
        if (options.AnyLogSource || !taxonomy.KnowsLogSources) return routes;
        var known = new Dictionary<LogSource, int>();
        foreach (var rule in rules.ToList())
        {
            if (!known.TryGetValue(rule.LogSource, out var route))
            {
                route = -1;
                if (taxonomy.Route(rule.LogSource, values) is { } node)
                {
                    route = routes.Count;
                    routes.Add(node);
                }
                known[rule.LogSource] = route;
            }
            rule.Route = route;
            if (route >= 0) continue;
            rules.Remove(rule);
            unrouted.Add(rule);
            Diagnostics.Add(new Diagnostic("SIG069", rule.File, rule.Line, $"no known source gives the log source {rule.LogSource}: the rule will not match anything", false));
        }
        return routes;
    }

    private RuleSet Index(List<CompiledRule> rules, List<CompiledRule> unrouted, CompiledCorrelation[] correlations, List<Node> routes)
    {
        var used = new List<Atom>();
        foreach (var rule in rules) Collect(rule.Node, used);
        foreach (var route in routes) Collect(route, used);
        var byAtom = used.Select(_ => new List<int>()).ToArray();
        var byField = Enumerable.Range(0, fields.Count).Select(_ => new List<int>()).ToArray();
        List<int> always = [], unless = [];
        var witnesses = new Witness?[rules.Count];
        foreach (var rule in rules)
        {
            var node = rule.Route >= 0 ? Node.And([rule.Node, routes[rule.Route]]) : rule.Node;
            var witness = witnesses[rule.Index] = Witness.Of(node);
            if (witness is null)
            {
                if (Has(node, static a => a.Field == 0)) always.Add(rule.Index);
                else
                {
                    Await(node, rule.Index, byAtom, byField);
                    if (HoldsForNothing(node)) unless.Add(rule.Index);
                }
                continue;
            }
            foreach (var atom in witness.Atoms) byAtom[atom.Index].Add(rule.Index);
            foreach (var field in witness.Fields) byField[field].Add(rule.Index);
        }
        foreach (var atom in used) atom.Late = atom.Field == 0 && byAtom[atom.Index].Count == 0 && atom.Kind == AtomKind.Literals && Array.Exists(atom.Literals, static l => l.Bytes.Length < MinKeyword);
        var decisions = new DecisionTable();
        int[] routed = [.. routes.Select(r => decisions.Add(r, null))];
        RuleHead[] heads = [.. rules.Select(r => new RuleHead(decisions.Add(r.Node, witnesses[r.Index]), r.Route))];
        var indexes = Literals(used);
        var unnamed = indexes[0] is { } keywords ? FieldPlan.None with { WithKeywords = new ScanPlan(1, [keywords]) } : FieldPlan.None;
        List<int[]> present = [[]];
        var plans = Plans(indexes, byField, unnamed.WithKeywords, present);
        return new RuleSet
        {
            Rules = [.. rules.Concat(unrouted).Select(r => r.Info), .. correlations.Select(c => c.Info)],
            Unrouted = [.. unrouted.Select(r => r.Info)],
            Refused = Refused([.. rules.Concat(unrouted).Select(r => r.Info), .. correlations.Select(c => c.Info)]),
            UnroutedRules = [.. unrouted],
            FieldNamesByNumber = [.. Enumerable.Range(0, fields.Count).Select(fields.Name)],
            Compiled = [.. rules],
            Correlations = correlations,
            Atoms = [.. used],
            Routes = routed,
            Heads = heads,
            Steps = decisions.Steps,
            FieldCount = fields.Count,
            FieldIds = [.. Enumerable.Range(0, fields.Count).Select(fields.Ids)],
            Indexes = indexes,
            Plans = plans,
            Present = [.. present],
            Unnamed = unnamed,
            KeywordRoutes = KeywordRoutes(rules, routes),
            WokenByAtom = [.. byAtom.Select(l => l.ToArray())],
            AlwaysWoken = [.. always],
            UnlessWoken = [.. unless],
        };
    }

    private List<RuleInfo> Refused(List<RuleInfo> loaded)
    {
        var known = new HashSet<RuleInfo>(loaded, ReferenceEqualityComparer.Instance);
        return [.. documents.Rules.Concat<SigmaDocument>(documents.Correlations).Select(d => d.Info).Where(i => !known.Contains(i))];
    }

    private FieldPlan?[] Plans(FieldIndexes?[] indexes, List<int>[] wokenByField, ScanPlan keywordsAlone, List<int[]> present)
    {
        var fieldsById = new Dictionary<ushort, List<int>>();
        for (var field = 1; field < fields.Count; field++)
        {
            foreach (var id in fields.Ids(field))
            {
                if (!fieldsById.TryGetValue(id, out var list)) fieldsById[id] = list = [];
                list.Add(field);
            }
        }
        var plans = new FieldPlan?[fieldsById.Count == 0 ? 0 : fieldsById.Keys.Max() + 1];
        var number = 1;
        foreach (var (id, list) in fieldsById)
        {
            FieldIndexes[] own = [.. list.Select(f => indexes[f]).OfType<FieldIndexes>()];
            var alone = own.Length == 0 ? ScanPlan.Nothing : new ScanPlan(++number, own);
            var joined = indexes[0] is not { } keywords ? alone : own.Length == 0 ? keywordsAlone : new ScanPlan(++number, [.. own, keywords]);
            int[] woken = [.. list.SelectMany(f => wokenByField[f]).Distinct()];
            plans[id] = new FieldPlan(woken.Length == 0 ? 0 : present.Count, alone, joined);
            if (woken.Length > 0) present.Add(woken);
        }
        return plans;
    }

    private static int[] KeywordRoutes(List<CompiledRule> rules, List<Node> routes)
    {
        var own = rules.Where(r => Has(r.Node, static a => a.Field == 0)).Select(r => r.Route).Distinct().ToArray();
        return own.Contains(-1) || routes.Exists(r => Has(r, static a => a.Field == 0)) ? [] : own;
    }

    /// <summary>The verdict on an event that has none of the fields.</summary>
    private static bool HoldsForNothing(Node node) => node.Kind switch
    {
        NodeKind.Atom => node.Atom!.Kind == AtomKind.Null,
        NodeKind.And => Array.TrueForAll(node.Children, HoldsForNothing),
        NodeKind.Or => Array.Exists(node.Children, HoldsForNothing),
        NodeKind.Not => !HoldsForNothing(node.Children[0]),
        _ => true,
    };

    /// <summary>Wakes a rule by all that can make its verdict another than that on an event that has none of its fields: what the scan finds, and else the fields.</summary>
    private static void Await(Node node, int rule, List<int>[] byAtom, List<int>[] byField)
    {
        if (node.Atom is { } atom)
        {
            var wakes = atom.Kind == AtomKind.Literals || atom.Required.Length > 0 ? byAtom[atom.Index] : byField[atom.Field];
            if (wakes.Count == 0 || wakes[^1] != rule) wakes.Add(rule);
        }
        foreach (var child in node.Children) Await(child, rule, byAtom, byField);
    }

    private static bool Has(Node node, Func<Atom, bool> test) => node.Atom is { } atom && test(atom) || Array.Exists(node.Children, c => Has(c, test));

    private FieldIndexes?[] Literals(List<Atom> used)
    {
        var indexes = new FieldIndexes?[fields.Count];
        foreach (var group in used.GroupBy(a => a.Field))
        {
            var plain = Entries(group.Where(a => !a.Dashes)).ToList();
            var dashes = Entries(group.Where(a => a.Dashes)).ToList();
            if (plain.Count == 0 && dashes.Count == 0) continue;
            indexes[group.Key] = new FieldIndexes(plain.Count == 0 ? null : new LiteralIndex(plain), dashes.Count == 0 ? null : new LiteralIndex(dashes));
        }
        return indexes;
    }

    private static IEnumerable<(Literal Literal, int Atom, bool Exact)> Entries(IEnumerable<Atom> atoms)
    {
        foreach (var atom in atoms)
        {
            if (atom.Late) continue;
            foreach (var literal in atom.Literals) yield return (literal, atom.Index, true);
            foreach (var required in atom.Required) yield return (new Literal(required, Place.Anywhere), atom.Index, false);
        }
    }

    private static void Collect(Node node, List<Atom> into)
    {
        if (node.Atom is { Index: < 0 } atom)
        {
            atom.Index = into.Count;
            into.Add(atom);
        }
        foreach (var child in node.Children) Collect(child, into);
    }
}
