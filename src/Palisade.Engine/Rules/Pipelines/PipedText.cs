using System.Text;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;
using Palisade.Engine.Rules.Explain;

namespace Palisade.Engine.Rules.Pipelines;

/// <summary>A rule's text as it leaves the pipelines, for those who look into rules: the compiler gets the same from the same.</summary>
internal static class PipedText
{
    /// <summary>A pipeline may make much of a rule: one that is larger still is told by its name alone.</summary>
    private const int MaxBytes = 64 << 20;

    /// <summary>Reads a rule's text.</summary>
    /// <param name="written">As its author wrote it; else it came from <see cref="Of"/>, and has keys that nobody may write.</param>
    public static List<YamlNode> Read(RuleText rule, bool written) => YamlTree.Read(rule.File, Encoding.UTF8.GetBytes(rule.Yaml), MaxBytes, [], parts: !written);

    /// <summary>The text with its log source and detection as the compiler sees them.</summary>
    /// <returns>The same instance where nothing changes it: no pipelines, a file that does not pass through them, no rule, or one that is refused (loading says why).</returns>
    public static RuleText Of(RuleText rule, RuleLoadOptions options, PipelineBudget budget)
    {
        if (options.Pipelines.Count == 0 || rule.Kind != "sigma" || options.PipedFiles?.Contains(rule.File) == false) return rule;
        var reader = new DocumentReader([]);
        foreach (var root in Read(rule, written: true)) reader.Read(rule.File, root);
        if (reader.Rules is not [var document]) return rule;
        try
        {
            var after = ProcessingPipeline.Apply(options.Pipelines, document, options.Placeholders, budget);
            var source = after.LogSource;
            var said = string.Join(", ", new[] { ("product", source.Product), ("category", source.Category), ("service", source.Service) }
                .Where(p => !string.IsNullOrEmpty(p.Item2)).Select(p => $"{p.Item1}: {YamlFlow.Quote(p.Item2!)}"));
            return rule with
            {
                Yaml = $"{{ title: {YamlFlow.Quote(rule.Title)}, id: {YamlFlow.Quote(rule.Id)}, logsource: {{ {said} }}, detection: {YamlFlow.Write(after.Detection)} }}\n",
                Category = source.Category ?? "", Product = source.Product ?? "", Service = source.Service ?? "",
            };
        }
        catch (RuleException)
        {
            return rule;
        }
    }
}
