using Palisade.Protocol;

namespace Palisade.Engine.Incidents;

/// <summary>What ties findings to incidents: entities and the time they were seen at.</summary>
public sealed partial class IncidentTracker
{
    /// <summary>Entities, each by its spans of time, that lead to one incident.</summary>
    private const int MaxTies = 8_192;

    /// <summary>
    /// The open incident that shares an entity, the most telling first: the address, the user on the host, the host for a while; where somebody got in there, the host
    /// for as long as the story lives, of what is serious.
    /// </summary>
    private Incident? Find(Tenant tenant, UInt128 address, string host, string user, FindingLevel level, long time)
    {
        if (address != 0 && Alive(tenant, 'a', Hash.Of(address), time) is { } byAddress && IsOneActor(byAddress)) return byAddress;
        if (host.Length > 0 && user.Length > 0 && Alive(tenant, 'u', Hash.Of(user, Hash.Of(host)), time) is { } byUser
            && (address == 0 || byUser.SourceCount == 0 || !content.Hosts.IsShared(user))) return byUser;
        if (host.Length == 0 || address != 0) return null;
        if (Alive(tenant, 'h', Hash.Of(host), time) is { } byHost) return byHost;
        return level >= FindingLevel.High && Alive(tenant, 'H', Hash.Of(host), time) is { Outcome: >= AttackOutcome.Likely } gotIn ? gotIn : null;
    }

    /// <summary>How far an entity of a kind (a: address, u: user on a host, H: host, h: host for a while) leads in time, milliseconds.</summary>
    private long Reach(char kind) => kind == 'h' ? options.QuietMs / 24 : options.QuietMs;

    /// <summary>
    /// Where an entity is tied to an incident: by spans as long as it reaches, so that records of several days that come mixed, as from files read side by side, each find
    /// their own.
    /// </summary>
    private (char, ulong) Place(char kind, ulong entity, long time, int spans = 0) => (kind, Hash.Mix(entity, (ulong)(time / Reach(kind) + spans)));

    /// <summary>The open incident that an entity leads to: that of the time's own span first, then of the one before and behind.</summary>
    private Incident? Alive(Tenant tenant, char kind, ulong entity, long time)
    {
        var reach = Reach(kind);
        foreach (var spans in (ReadOnlySpan<int>)[0, -1, 1])
            if (tenant.ByEntity.TryGetValue(Place(kind, entity, time, spans), out var incident) && incident.IsLive && time - incident.LastMs <= reach && incident.FirstMs - time <= reach) return incident;
        return null;
    }

    private void Tie(Tenant tenant, Incident incident, char kind, ulong entity, long time)
    {
        var place = Place(kind, entity, time);
        if (!tenant.ByEntity.ContainsKey(place))
        {
            // the times that records tell are without bound
            if (incident.Ties >= MaxTies) return;
            incident.Ties++;
        }
        tenant.ByEntity[place] = incident;
    }

    /// <summary>Ties an address that acts in an incident, where it is new there or nothing is tied to it for that time.</summary>
    private void TieActor(Tenant tenant, Incident incident, ulong entity, long time, bool isNew)
    {
        if ((isNew || !tenant.ByEntity.ContainsKey(Place('a', entity, time))) && IsOneActor(incident)) Tie(tenant, incident, 'a', entity, time);
    }

    private void Index(Tenant tenant, Incident incident, UInt128 address, string host, string user, long time)
    {
        if (address != 0) Tie(tenant, incident, 'a', Hash.Of(address), time);
        if (host.Length == 0) return;
        Tie(tenant, incident, 'h', Hash.Of(host), time);
        Tie(tenant, incident, 'H', Hash.Of(host), time);
        if (user.Length > 0) Tie(tenant, incident, 'u', Hash.Of(user, Hash.Of(host)), time);
    }
}
