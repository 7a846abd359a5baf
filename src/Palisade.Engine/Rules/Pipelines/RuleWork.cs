using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Rules.Pipelines;

/// <summary>A rule or correlation a pipeline works on.</summary>
internal sealed class RuleWork
{
    private readonly SigmaDocument document;

    public RuleWork(RuleDocument rule)
    {
        document = rule;
        Model = new DetectionModel(rule.Detection);
        LogSources = [rule.LogSource];
    }

    /// <param name="correlation">The correlation.</param>
    /// <param name="passes">Whether a rule it names passes through the pipelines too, by the name it has in the correlation.</param>
    /// <param name="sources">Log sources of its rules, as their authors wrote them.</param>
    public RuleWork(CorrelationDocument correlation, Func<string, bool> passes, IReadOnlyList<LogSource> sources)
    {
        document = correlation;
        Correlation = new CorrelationFields(correlation, passes);
        LogSources = sources;
    }

    public RuleInfo Info => document.Info;

    /// <summary>That of a rule; of a correlation those of its rules. A condition on the log source holds where it holds for one of them.</summary>
    public IReadOnlyList<LogSource> LogSources { get; private set; }

    public LogSource LogSource
    {
        get => LogSources[0];
        set { if (Correlation is null) LogSources = [value]; }
    }

    /// <summary>What a rule looks for; empty for a correlation.</summary>
    public DetectionModel Model { get; } = new();

    /// <summary>The fields a correlation names; null for a rule.</summary>
    public CorrelationFields? Correlation { get; }

    public HashSet<string> Applied { get; } = new(StringComparer.Ordinal);
    public Dictionary<string, string> State { get; } = new(StringComparer.Ordinal);
    /// <summary>Names of fields that a mapping was there for, as they were and as they are.</summary>
    public HashSet<string> Mapped { get; } = new(StringComparer.Ordinal);
    /// <summary>Values of placeholders, the pipeline's own besides those given to all.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<string>> Placeholders { get; init; }
    public required PipelineBudget Budget { get; init; }

    /// <summary>Attributes that the pipeline gave it, by name.</summary>
    public Dictionary<string, YamlNode> Given { get; } = new(StringComparer.Ordinal);

    /// <summary>Of the field names that a pipeline made: the ids of the steps that did.</summary>
    private readonly Dictionary<string, HashSet<string>> namedBy = new(StringComparer.Ordinal);

    /// <summary>A key of the rule as its author wrote it, or as the pipeline set it; null: it has none.</summary>
    public YamlNode? Attribute(string name)
    {
        if (Given.TryGetValue(name, out var given)) return given;
        return document.Root[name] is { IsNull: false } said ? said : null;
    }

    /// <summary>A step made one field of another or several.</summary>
    public void Named(string id, string from, IReadOnlyList<string> to)
    {
        var before = namedBy.GetValueOrDefault(from);
        foreach (var name in to)
        {
            if (!namedBy.TryGetValue(name, out var ids)) namedBy[name] = ids = new HashSet<string>(StringComparer.Ordinal);
            if (before is not null) ids.UnionWith(before);
            ids.Add(id);
        }
    }

    /// <summary>Whether a step made a field what it is called.</summary>
    public bool IsNamedBy(string id, string field) => namedBy.TryGetValue(field, out var ids) && ids.Contains(id);
}

/// <summary>
/// The fields a correlation names, while pipelines work on it: those of <c>group-by</c> and of the condition, and what its aliases stand for. An alias itself is no field.
/// </summary>
internal sealed class CorrelationFields(CorrelationDocument document, Func<string, bool> passes)
{
    private readonly List<string> groupBy = [.. document.GroupBy], counted = [.. document.Fields];
    private readonly Dictionary<string, Dictionary<string, string>> aliases = document.Aliases.ToDictionary(a => a.Key, a => a.Value.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);
    private HashSet<string> optional = [.. document.Optional];

    /// <summary>Gives fields other names.</summary>
    /// <param name="change">The names that a field becomes; null: it stays.</param>
    /// <returns>Whether anything changed.</returns>
    /// <exception cref="RuleException">SIG083: a field would become several; which of them to group by nobody can say.</exception>
    public bool Rename(Func<string, IReadOnlyList<string>?> change)
    {
        var changed = false;
        foreach (var (_, fields) in aliases)
            foreach (var rule in fields.Keys.Where(passes).ToList()) fields[rule] = One(fields[rule]);
        for (var i = 0; i < groupBy.Count; i++)
        {
            if (aliases.ContainsKey(groupBy[i])) continue;
            var after = One(groupBy[i]);
            if (optional.Remove(groupBy[i])) optional.Add(after);
            groupBy[i] = after;
        }
        for (var i = 0; i < counted.Count; i++)
            if (!aliases.ContainsKey(counted[i])) counted[i] = One(counted[i]);
        return changed;

        string One(string field)
        {
            if (change(field) is not { } to) return field;
            if (to.Count != 1) throw new RuleException("SIG083", document.Line, $"the pipeline makes {to.Count} fields of '{field}': a correlation groups by one and counts one");
            changed |= to[0] != field;
            return to[0];
        }
    }

    public CorrelationDocument ToDocument() => new()
    {
        File = document.File, Line = document.Line, Root = document.Root, Info = document.Info, Names = document.Names, Type = document.Type, Rules = document.Rules, GroupBy = groupBy, Optional = optional, SpanMs = document.SpanMs,
        Bounds = document.Bounds, Fields = counted, Percentile = document.Percentile, Condition = document.Condition, Generate = document.Generate, Outcome = document.Outcome,
        Aliases = aliases.ToDictionary(a => a.Key, a => (IReadOnlyDictionary<string, string>)a.Value, StringComparer.Ordinal),
    };
}
