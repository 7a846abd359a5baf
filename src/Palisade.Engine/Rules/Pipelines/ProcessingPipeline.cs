using System.Globalization;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Rules.Pipelines;

/// <summary>
/// A processing pipeline in the YAML notation of pySigma: an ordered list of transformations that rules pass through before they are compiled. Immutable.
/// </summary>
/// <remarks>
/// <c>name, priority, vars, transformations</c>. What pySigma does to the query it writes (<c>postprocessing</c>, <c>finalizers</c>) has no meaning here and is left
/// out with a remark. A transformation or condition that is unknown refuses the pipeline: left out silently it would make other rules of all that pass.
/// </remarks>
public sealed class ProcessingPipeline
{
    private const int MaxBytes = 4 << 20;
    private const int MaxTransformations = 1_000;

    private readonly List<Transformation> transformations = [];
    private readonly Dictionary<string, IReadOnlyList<string>> vars = new(StringComparer.Ordinal);

    private ProcessingPipeline() { }

    /// <summary>What the file says it is called.</summary>
    public string Name { get; private init; } = "";

    /// <summary>Pipelines run by rising priority; equal ones in the order given.</summary>
    public int Priority { get; private init; }

    /// <summary>Reads one; null, with diagnostics, when any part of it cannot be carried out.</summary>
    public static ProcessingPipeline? Read(string path, byte[] bytes, out IReadOnlyList<Diagnostic> diagnostics)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        var problems = new List<Diagnostic>();
        diagnostics = problems;
        var roots = YamlTree.Read(path, bytes, MaxBytes, problems);
        if (problems.Count > 0) return null;
        if (roots is not [{ Kind: YamlKind.Mapping } root] || root["transformations"] is not { Kind: YamlKind.Sequence } steps)
        {
            problems.Add(new Diagnostic("SIG080", path, 1, "a pipeline is one mapping with a list of 'transformations'", true));
            return null;
        }
        foreach (var key in new[] { "postprocessing", "finalizers" })
            if (root[key] is { } left) problems.Add(new Diagnostic("SIG084", path, left.Line, $"'{key}' is about the text of queries and does nothing here", false));
        if (steps.Items.Count > MaxTransformations) problems.Add(new Diagnostic("SIG080", path, steps.Line, $"a pipeline has at most {MaxTransformations} transformations", true));
        var pipeline = new ProcessingPipeline
        {
            Name = root["name"]?.Text ?? path,
            Priority = int.TryParse(root["priority"]?.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var p) ? p : 0,
        };
        foreach (var (name, value) in root["vars"]?.Pairs ?? [])
            pipeline.vars[name.Text] = value.Kind == YamlKind.Sequence ? [.. value.Items.Select(i => i.Text)] : [value.Text];
        foreach (var step in steps.Items.Take(MaxTransformations))
        {
            try
            {
                pipeline.transformations.Add(new Transformation(step));
                if (step["type"]?.Text is "add_field" or "remove_field" or "set_field")
                    problems.Add(new Diagnostic("SIG084", path, step.Line, $"'{step["type"]!.Text}' is about the query that a rule becomes elsewhere and does nothing here", false));
            }
            catch (RuleException e)
            {
                problems.Add(new Diagnostic(e.Code, path, e.Line, e.Message, true));
            }
        }
        return problems.Exists(x => x.IsError) ? null : pipeline;
    }

    /// <summary>The rule as it leaves the pipelines; throws <see cref="RuleException"/> where one of them refuses it.</summary>
    internal static RuleDocument Apply(IEnumerable<ProcessingPipeline> pipelines, RuleDocument document, IReadOnlyDictionary<string, IReadOnlyList<string>> placeholders, PipelineBudget budget)
    {
        budget.Begin();
        var ordered = pipelines.OrderBy(p => p.Priority).ToList();
        if (ordered.Count == 0) return document;
        var work = new RuleWork(document) { Placeholders = Values(ordered, placeholders), Budget = budget };
        foreach (var transformation in ordered.SelectMany(p => p.transformations)) transformation.Apply(work);
        return new RuleDocument
        {
            File = document.File, Line = document.Line, Root = document.Root, Info = document.Info, Names = document.Names, Outcome = document.Outcome, LogSource = work.LogSource, Detection = work.Model.ToYaml(),
        };
    }

    /// <summary>The correlation as it leaves the pipelines: the fields it names have the names that those of its rules have. Throws as the other does.</summary>
    /// <param name="passes">Whether a rule it names passes through the pipelines too.</param>
    /// <param name="sources">Log sources of its rules, as written.</param>
    internal static CorrelationDocument Apply(IEnumerable<ProcessingPipeline> pipelines, CorrelationDocument document, Func<string, bool> passes, IReadOnlyList<LogSource> sources, PipelineBudget budget)
    {
        budget.Begin();
        var ordered = pipelines.OrderBy(p => p.Priority).ToList();
        var work = new RuleWork(document, passes, sources) { Placeholders = Values(ordered, new Dictionary<string, IReadOnlyList<string>>()), Budget = budget };
        foreach (var transformation in ordered.SelectMany(p => p.transformations)) transformation.Apply(work);
        return work.Correlation!.ToDocument();
    }

    private static Dictionary<string, IReadOnlyList<string>> Values(List<ProcessingPipeline> pipelines, IReadOnlyDictionary<string, IReadOnlyList<string>> placeholders)
    {
        var values = new Dictionary<string, IReadOnlyList<string>>(placeholders, StringComparer.Ordinal);
        foreach (var (name, list) in pipelines.SelectMany(p => p.vars)) values.TryAdd(name, list);
        return values;
    }
}
