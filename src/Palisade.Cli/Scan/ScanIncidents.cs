using Palisade.Engine;
using Palisade.Engine.Incidents;

namespace Palisade.Cli.Scan;

/// <summary>Keeps the incidents of a scan, those included that are over, until the reports are written.</summary>
internal sealed class ScanIncidents(EngineSnapshot engine)
{
    /// <summary>More than a person could ever read; what comes after is left out.</summary>
    private const int Most = 50_000;
    private readonly Dictionary<string, Incident> byId = new(StringComparer.Ordinal);

    public void Take(IncidentTracker tracker)
    {
        foreach (var incident in tracker.Changed)
            if (byId.Count < Most || byId.ContainsKey(incident.Id)) byId[incident.Id] = incident;
    }

    /// <summary>The most pressing first.</summary>
    public IReadOnlyList<IncidentRow> Rows(IReadOnlyList<string> files, IReadOnlyList<ulong> starts) =>
        [.. byId.Values.Where(i => i.MergedInto is null).OrderByDescending(i => i.Level).ThenByDescending(i => i.Score).ThenBy(i => i.FirstMs).ThenBy(i => i.Id, StringComparer.Ordinal)
            .Select(i => IncidentRow.Of(i, engine.Incidents, files, starts))];
}
