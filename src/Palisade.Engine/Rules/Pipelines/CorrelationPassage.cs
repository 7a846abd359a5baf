using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Rules.Pipelines;

/// <summary>
/// Takes correlations through the pipelines that their rules pass through, so that they group by the names that the rules ask for. One whose rules do not pass through names
/// fields as they are called here, and stays as it is.
/// </summary>
internal sealed class CorrelationPassage(RuleLoadOptions options, DocumentReader documents, PipelineBudget budget)
{
    private const int MaxDepth = 16;

    private readonly Dictionary<string, SigmaDocument> byName = Named(documents);

    /// <summary>The correlations that may be compiled; of the others it is said why not.</summary>
    public List<CorrelationDocument> Pass(List<Diagnostic> diagnostics)
    {
        if (options.Pipelines.Count == 0) return documents.Correlations;
        var passed = new List<CorrelationDocument>();
        foreach (var correlation in documents.Correlations)
        {
            try
            {
                passed.Add(Piped(correlation) && correlation.Rules.Any(Passes)
                    ? ProcessingPipeline.Apply(options.Pipelines, correlation, Passes, [.. Sources(correlation, 0).Distinct()], budget)
                    : correlation);
            }
            catch (RuleException e)
            {
                diagnostics.Add(new Diagnostic(e.Code, correlation.File, e.Line > 0 ? e.Line : correlation.Line, e.Message, true));
            }
        }
        return passed;
    }

    private bool Piped(SigmaDocument document) => options.PipedFiles?.Contains(document.File) ?? true;

    private bool Passes(string name) => byName.TryGetValue(name, out var rule) && Piped(rule);

    private IEnumerable<LogSource> Sources(CorrelationDocument correlation, int depth)
    {
        foreach (var name in correlation.Rules)
        {
            if (!byName.TryGetValue(name, out var named)) continue;
            if (named is RuleDocument rule) yield return rule.LogSource;
            else if (named is CorrelationDocument inner && depth < MaxDepth)
                foreach (var source in Sources(inner, depth + 1)) yield return source;
        }
    }

    private static Dictionary<string, SigmaDocument> Named(DocumentReader documents)
    {
        var named = new Dictionary<string, SigmaDocument>(StringComparer.Ordinal);
        foreach (var document in documents.Rules.Concat<SigmaDocument>(documents.Correlations))
            foreach (var name in document.Names) named.TryAdd(name, document);
        foreach (var correlation in documents.Correlations) named.TryAdd(correlation.Info.Name, correlation);
        return named;
    }
}
