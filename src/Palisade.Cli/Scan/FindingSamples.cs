using Palisade.Engine.Detect.Web;

namespace Palisade.Cli.Scan;

/// <summary>Keeps a few telling findings of each class, for reports that show evidence.</summary>
internal sealed class FindingSamples(WebDetector detector)
{
    private const int PerClass = 5;
    private readonly Dictionary<string, List<FindingRow>> byClass = new(StringComparer.Ordinal);

    public void Offer(FindingRow row)
    {
        if (row.Rule.ContextOnly || row.Evidence.Length == 0) return;
        if (!byClass.TryGetValue(row.Rule.Class, out var rows)) byClass[row.Rule.Class] = rows = [];
        if (rows.Count < PerClass && !rows.Exists(r => r.Technique == row.Technique)) rows.Add(row);
    }

    /// <summary>How a sample's evidence was decoded.</summary>
    public WebEvidence? Explain(FindingRow row) => row.Explain(detector);

    public IReadOnlyList<FindingRow> Of(string attackClass) => byClass.TryGetValue(attackClass, out var rows) ? rows : [];
}
