using ClickHouse.Driver;
using Palisade.Server.Storage;

namespace Palisade.Server.Incidents;

/// <summary>Who did what to whom in an incident, as far as its kept examples show it.</summary>
public sealed class IncidentLinks(EventQueries events)
{
    /// <summary>Null where the event store does not answer. Where an example's findings are not stored, the example itself stands for them.</summary>
    public async Task<IReadOnlyList<StoryLink>?> OfAsync(uint tenant, IncidentDetail incident, CancellationToken stop)
    {
        if (incident.Events.Count == 0) return [];
        var range = new TimeRange(incident.Events.Min(e => e.At), incident.Events.Max(e => e.At).AddMilliseconds(1));
        try
        {
            var stored = await events.StoryLinksAsync(tenant, range, [.. incident.Events.Select(e => e.EventId)], stop);
            if (stored.Count > 0) return stored;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or ClickHouseServerException)
        {
            return null;
        }
        return [.. incident.Events.GroupBy(e => (e.Source, e.Class, e.Outcome)).Select(g => new StoryLink(g.Key.Source, g.Key.Class, "", "", g.Key.Outcome, g.Count()))];
    }
}
