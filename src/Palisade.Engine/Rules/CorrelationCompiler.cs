using System.Text;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Rules;

/// <summary>Resolves what correlations refer to, orders them so that inner ones come first, and decides which base rules still alert.</summary>
internal sealed class CorrelationCompiler(FieldTable fields, List<Diagnostic> diagnostics)
{
    public CompiledCorrelation[] Compile(IReadOnlyList<CorrelationDocument> documents, List<CompiledRule> rules, List<CompiledRule> unrouted)
    {
        var byName = new Dictionary<string, CompiledRule>(StringComparer.Ordinal);
        foreach (var rule in rules.Concat(unrouted))
            foreach (var name in rule.Names) byName.TryAdd(name, rule);
        var ordered = Order(documents);
        var compiled = new List<CompiledCorrelation>();
        var correlations = new Dictionary<string, CompiledCorrelation>(StringComparer.Ordinal);
        var quiet = new HashSet<object>();
        var loud = new HashSet<object>();
        foreach (var document in ordered)
        {
            try
            {
                var c = Compile(document, byName, correlations);
                c.Index = compiled.Count;
                compiled.Add(c);
                foreach (var name in document.Names.Append(document.Info.Name)) correlations.TryAdd(name, c);
                var into = document.Generate ? loud : quiet;
                foreach (var input in c.RuleInputs) if (input >= 0) into.Add(rules[input]);
                foreach (var input in c.CorrelationInputs) if (input >= 0) into.Add(compiled[input]);
            }
            catch (RuleException e)
            {
                diagnostics.Add(new Diagnostic(e.Code, document.File, e.Line, e.Message, true));
            }
        }
        foreach (var rule in rules)
        {
            rule.Feeds = quiet.Contains(rule) || loud.Contains(rule);
            rule.Alerts = !rule.Feeds || loud.Contains(rule);
        }
        foreach (var c in compiled) c.Alerts = !quiet.Contains(c) || loud.Contains(c);
        return [.. compiled];
    }

    private CompiledCorrelation Compile(CorrelationDocument document, Dictionary<string, CompiledRule> rules, Dictionary<string, CompiledCorrelation> correlations)
    {
        var n = document.Rules.Count;
        var (ruleInputs, correlationInputs) = (new int[n], new int[n]);
        var (groups, counted) = (new int[n][], new int[n][]);
        var known = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < n; i++)
        {
            var name = document.Rules[i];
            (ruleInputs[i], correlationInputs[i]) = (-1, -1);
            var names = new List<string> { name };
            if (rules.TryGetValue(name, out var rule))
            {
                ruleInputs[i] = rule.Index;
                names.AddRange(rule.Names);
            }
            else if (correlations.TryGetValue(name, out var inner))
            {
                correlationInputs[i] = inner.Index;
                names.AddRange(inner.Source.Names);
            }
            else throw new RuleException("SIG036", document.Line, $"no rule is named '{name}' (or it was refused)");
            known.UnionWith(names);
            groups[i] = [.. document.GroupBy.Select(g => Field(document, g, names))];
            counted[i] = [.. document.Fields.Select(f => Field(document, f, names))];
        }
        foreach (var (alias, inputs) in document.Aliases)
        {
            if (inputs.Keys.FirstOrDefault(k => !known.Contains(k)) is { } stranger)
                diagnostics.Add(new Diagnostic("SIG078", document.File, document.Line, $"the alias '{alias}' names '{stranger}', which is none of the correlation's rules", false));
        }
        return new CompiledCorrelation
        {
            Info = document.Info, Source = document, RuleInputs = ruleInputs, CorrelationInputs = correlationInputs, GroupFields = groups, Optional = [.. document.GroupBy.Select(document.Optional.Contains)], ValueFields = counted,
            OwnFields = [.. document.GroupBy.Select(fields.IndexOf)], Condition = Condition(document), DefinitionHash = Hash(document),
        };
    }

    /// <summary>The field a group-by entry or a counted field stands for in one input: what its alias says, else the name itself.</summary>
    private int Field(CorrelationDocument document, string name, List<string> inputNames)
    {
        var field = name;
        if (document.Aliases.TryGetValue(name, out var alias))
        {
            foreach (var input in inputNames)
                if (alias.TryGetValue(input, out var said)) { field = said; break; }
        }
        var index = fields.IndexOf(field);
        return index >= 0 ? index : throw new RuleException("SIG027", document.Line, $"too many field names: no room for '{field}'");
    }

    private Node? Condition(CorrelationDocument document)
    {
        if (document.Condition is null) return null;
        var names = document.Rules.ToList();
        var used = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            var condition = ConditionParser.Parse(document.Condition, names, n => Node.Of(new Atom { Kind = AtomKind.Exists, Field = names.IndexOf(n) }), used);
            if (names.Find(n => !used.Contains(n)) is { } idle)
                diagnostics.Add(new Diagnostic("SIG086", document.File, document.Line, $"'{idle}' is among the correlation's rules and no part of its condition", false));
            if (document.Type != CorrelationType.TemporalOrdered) return condition;
            return used.Count == names.Count && (condition.Kind == NodeKind.Atom || condition.Kind == NodeKind.And && Array.TrueForAll(condition.Children, c => c.Kind == NodeKind.Atom))
                ? null
                : throw new RuleException("SIG034", document.Line, "temporal_ordered asks for all its rules, in their order: its condition can only join them with 'and'");
        }
        catch (FormatException e)
        {
            throw new RuleException("SIG017", document.Line, $"condition '{document.Condition}': {e.Message}");
        }
    }

    /// <summary>Inner correlations before those that refer to them; those of a circle are refused.</summary>
    private List<CorrelationDocument> Order(IReadOnlyList<CorrelationDocument> documents)
    {
        var ordered = new List<CorrelationDocument>();
        var (path, circle) = (new List<CorrelationDocument>(), new HashSet<CorrelationDocument>());
        var state = new Dictionary<CorrelationDocument, int>();
        var byName = new Dictionary<string, CorrelationDocument>(StringComparer.Ordinal);
        foreach (var document in documents)
            foreach (var name in document.Names.Append(document.Info.Name)) byName.TryAdd(name, document);
        foreach (var document in documents) Visit(document, 0);
        ordered.RemoveAll(circle.Contains);
        return ordered;

        void Visit(CorrelationDocument document, int depth)
        {
            if (state.TryGetValue(document, out var s))
            {
                if (s != 1) return;
                diagnostics.Add(new Diagnostic("SIG037", document.File, document.Line, "correlations refer to each other in a circle", true));
                circle.UnionWith(path.Skip(path.IndexOf(document)));
                return;
            }
            state[document] = 1;
            path.Add(document);
            foreach (var name in document.Rules)
                if (depth < 64 && byName.TryGetValue(name, out var inner)) Visit(inner, depth + 1);
            path.RemoveAt(path.Count - 1);
            state[document] = 2;
            ordered.Add(document);
        }
    }

    /// <summary>FNV-1a over what gives the state its meaning; stored in snapshots.</summary>
    private static ulong Hash(CorrelationDocument d)
    {
        var text = $"{d.Type}|{string.Join(',', d.Rules)}|{string.Join(',', d.GroupBy)}|{d.SpanMs}|{string.Join(',', d.Bounds)}|{string.Join(',', d.Fields)}|{d.Percentile}|{d.Condition}";
        if (d.Optional.Count > 0) text += "|" + string.Join(',', d.GroupBy.Where(d.Optional.Contains));
        var hash = 14695981039346656037UL;
        foreach (var b in Encoding.UTF8.GetBytes(text)) hash = (hash ^ b) * 1099511628211UL;
        return hash;
    }
}
