using System.Runtime.CompilerServices;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

[InlineArray(Spread.MaxMembers)]
internal struct SpreadMembers
{
    private UInt128 address0;
}

/// <summary>Who tried one method at one page, a time or two each, and has a network or a payload in common. No pointers: it is written to snapshots as it lies.</summary>
internal struct Spread : IEntry
{
    public const int MaxMembers = 16;

    public long Last;
    public uint Tries;
    /// <summary>Addresses kept; once there are enough of them each further one belongs to the incident at once.</summary>
    public int Known;
    /// <summary>It is an incident: who comes next joins it with the first try.</summary>
    public bool IsOpen;
    public SpreadMembers Members;

    public readonly long LastMs => Last;
    public readonly int Worth => IsOpen ? 2 : Known > 1 ? 1 : 0;
}

/// <summary>
/// One page worked on from many addresses, none of which does enough to be told: of one network, or each with the same payload. A network that was found so is one actor for a day: what else
/// its addresses try, before and after, is part of it.
/// </summary>
internal sealed partial class TenantHabits
{
    private const int SpreadSets = 1_024, SpreadAddresses = 5, SpreadFew = 3, SpreadTries = 6;
    private const ulong OfPayload = 1, OfNetwork = 2;

    private readonly Table<Spread> spreads = new(SpreadSets);

    /// <summary>Counts a try; true where it became part of an incident.</summary>
    private bool Spreads(ref SitePath path, in Client ip, in Request r, in Finding first, Actor actor, FindingList into)
    {
        var family = Family(first.Rule.Class);
        // What never answered is searched for everywhere by everybody; people follow links that others wrote, and search engines follow all of them.
        if (family == "scanner" || path.Ok == 0 || ip.Assets > 0 || r.Kind == AgentKind.Crawler || first.Rule.Kind == "web" && first.Confidence == FindingConfidence.Low) return false;
        spreads.Prepare();
        if (OfSameNetwork(r) is { } known)
        {
            Join(actor, known);
            return true;
        }
        var (near, payload) = SpreadKeys(r, first, family);
        ref var spread = ref Note(near, r);
        if (IsEnough(spread))
        {
            Begin(actor, AttackKey(family, r.PathKey), isScan: false, "behaviour.attack", path.TextOf(), r, into);
            Gather(ref spread, actor);
            Unite(actor, r);
            return true;
        }
        spread = ref Note(payload, r);
        if (!IsEnough(spread)) return false;
        Begin(actor, AttackKey(family, r.PathKey), isScan: false, "behaviour.attack", path.TextOf(), r, into);
        Gather(ref spread, actor);
        return true;
    }

    private static bool IsEnough(in Spread s) => s.IsOpen || s.Known >= SpreadAddresses || s.Known >= SpreadFew && s.Tries >= SpreadTries;

    /// <summary>The method at the page: by the client's network (/24, /64), and by the payload without its digits and case, which tools vary.</summary>
    private static (ulong Near, ulong Payload) SpreadKeys(in Request r, in Finding first, string family)
    {
        var place = Hash.Mix(r.PathKey, Hash.Of(family));
        var payload = Hash.Of(first.Technique ?? first.Rule.Id);
        foreach (var b in r.Suspect)
            if (b is < (byte)'0' or > (byte)'9') payload = (payload ^ (byte)(b | 0x20)) * 1_099_511_628_211UL;
        return (Hash.Mix(place, Hash.Of(Address.NetworkOf(r.Ip))), Hash.Mix(Hash.Mix(place, OfPayload), payload));
    }

    private static ulong NetworkKey(in Request r) => Hash.Mix(Hash.Of(Address.NetworkOf(r.Ip)), OfNetwork);

    private ref Spread Note(ulong key, in Request r)
    {
        ref var s = ref spreads.GetOrAdd(key, out _);
        if (r.TimeMs - s.Last > DayMs) s = default;
        s.Last = Math.Max(s.Last, r.TimeMs);
        if (s.Tries < uint.MaxValue) s.Tries++;
        for (var i = 0; i < s.Known; i++)
            if (s.Members[i] == r.Ip) return ref s;
        if (s.Known < Spread.MaxMembers) s.Members[s.Known++] = r.Ip;
        return ref s;
    }

    /// <summary>The incident of a network that was found to work together.</summary>
    private Incident? OfSameNetwork(in Request r)
    {
        ref var network = ref spreads.Find(NetworkKey(r));
        if (Unsafe.IsNullRef(ref network) || r.TimeMs - network.Last > DayMs) return null;
        network.Last = Math.Max(network.Last, r.TimeMs);
        return actors.TryGetValue(network.Members[0], out var first) && first.Incident is { IsLive: true } incident ? incident : null;
    }

    /// <summary>A network is found to work together: what its addresses did within the day is one story.</summary>
    private void Unite(Actor actor, in Request r)
    {
        if (actor.Incident is not { IsLive: true } incident) return;
        ref var found = ref spreads.GetOrAdd(NetworkKey(r), out _);
        found = new Spread { Last = r.TimeMs, Known = 1, IsOpen = true };
        found.Members[0] = r.Ip;
        var (network, now) = (Address.NetworkOf(r.Ip), r.TimeMs);
        // In an order that a restart does not change.
        foreach (var other in actors.Values.Where(a => a.Incident is not null && Address.NetworkOf(a.Ip) == network && now - a.LastMs <= DayMs).OrderBy(a => a.Ip).ToArray())
        {
            if (other.Incident is { IsLive: true, IsOfOneNetwork: true } own && !ReferenceEquals(own, incident)) tracker.Unite(incident, own);
            if (other.Incident?.MergedInto == incident.Id) other.Incident = incident;
        }
    }

    /// <summary>Somebody's work on a page is told: those of the same network or with the same payload, before and after, belong to it.</summary>
    private void GatherFor(Actor actor, in Request r, in Finding first)
    {
        var family = Family(first.Rule.Class);
        if (family == "scanner") return;
        spreads.Prepare();
        var (near, payload) = SpreadKeys(r, first, family);
        Gather(ref Note(near, r), actor);
        Gather(ref Note(payload, r), actor);
    }

    private void Gather(ref Spread s, Actor actor)
    {
        if (s.IsOpen || actor.Incident is not { IsLive: true } incident) return;
        s.IsOpen = true;
        for (var i = 0; i < s.Known; i++)
            if (actors.TryGetValue(s.Members[i], out var other) && other.Incident is not { IsLive: true }) Join(other, incident);
    }

    /// <summary>What somebody tried so far goes into the incident, and what comes too.</summary>
    private void Join(Actor actor, Incident incident)
    {
        if (actor.InPool) LeavePool(actor);
        if (incident.IsOfOneNetwork) tracker.UniteAt(incident, actor.Ip, actor.LastMs);
        (actor.Incident, actor.IsScan) = (incident, false);
        foreach (var pending in actor.Pending) AddAttack(actor, incident, pending);
        actor.Pending.Clear();
        YieldPool(incident);
    }

    /// <summary>The pool of those who only try a thing or two has nobody left: what it told is told by the incident that took them.</summary>
    private void YieldPool(Incident to)
    {
        if (!groups.TryGetValue((Joined.Attack, ProbePool), out var pool) || pool.Members.Count > 0 || pool.Incident is not { IsLive: true } emptied) return;
        groups.Remove((Joined.Attack, ProbePool));
        tracker.Yield(emptied, to);
    }
}
