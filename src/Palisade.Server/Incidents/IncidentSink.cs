using Palisade.Engine;
using Palisade.Server.Control;
using Palisade.Server.Tenants;

namespace Palisade.Server.Incidents;

internal sealed class IncidentSink(ControlDbFactory factory, ChangeFeed feed, EngineSnapshot engine, TimeProvider clock) : IIncidentSink
{
    /// <summary>Incidents of one transaction.</summary>
    private const int AtOnce = 50;

    public async Task ApplyAsync(IReadOnlyList<IncidentProjection> incidents, CancellationToken stop)
    {
        // What was taken up comes after what took it up, which is then there to point at.
        foreach (var part in incidents.OrderBy(i => i.MergedInto is not null).Chunk(AtOnce))
        {
            await factory.ChangeAsync(TenantContext.System, db => new IncidentWriting(db, engine.Incidents, clock.GetUtcNow()).WriteAsync(part, stop), stop);
            feed.Publish(Topic.Incidents, part.Select(i => i.Tenant));
        }
    }
}
