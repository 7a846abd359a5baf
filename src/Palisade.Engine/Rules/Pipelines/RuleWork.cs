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

    public string? Attribute(string name) => name switch
    {
        "id" => Info.Id,
        "title" => Info.Name,
        "level" => Info.Level.ToString(),
        "name" => document.Names.Count > 0 ? document.Names[^1] : null,
        _ => null,
    };
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
        File = document.File, Line = document.Line, Info = document.Info, Names = document.Names, Type = document.Type, Rules = document.Rules, GroupBy = groupBy, Optional = optional, SpanMs = document.SpanMs,
        Bounds = document.Bounds, Fields = counted, Percentile = document.Percentile, Condition = document.Condition, Generate = document.Generate, Outcome = document.Outcome,
        Aliases = aliases.ToDictionary(a => a.Key, a => (IReadOnlyDictionary<string, string>)a.Value, StringComparer.Ordinal),
    };
}
