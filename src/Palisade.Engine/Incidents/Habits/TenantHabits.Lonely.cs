using System.Runtime.CompilerServices;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>One thing done at a page of business by a client that did nothing before.</summary>
internal readonly record struct LonelyAct(ulong Client, ulong Path, long TimeMs, ulong Sequence, UInt128 Ip, Business What, AttackOutcome Outcome);

/// <summary>Lonely acts at one page: how many clients stayed with it, how many went on, in the last half day.</summary>
internal sealed class LonelyPlace(string target)
{
    public const int MaxRecent = 1_024;

    public string Target { get; } = target;
    /// <summary>Known from what an application says of itself.</summary>
    public bool IsAction { get; init; }
    public int Stayed { get; set; }
    public int Went { get; set; }
    public int Refused { get; set; }
    public long SinceMs { get; set; }
    public Sketch Addresses;
    /// <summary>Those who stayed, the last ones.</summary>
    public Queue<LonelyAct> Recent { get; } = new();
}

/// <summary>
/// Abuse spread so thin that each address acts once or twice. A person who logs in, asks for a code, registers or takes a bonus does something else within a
/// quarter of an hour; a program with a list and a new address for each entry does not.
/// </summary>
internal sealed partial class TenantHabits
{
    private const int MaxLonely = 8_192, MaxLonelyPlaces = 256, LonelyClients = 40, LonelyAddresses = 30;
    private const long LonelyMs = 15 * MinuteMs;

    private readonly Queue<LonelyAct> lonely = new();
    private readonly Dictionary<ulong, LonelyPlace> lonelyPlaces = [];

    /// <summary>Notes an act of a client that did nothing else so far.</summary>
    /// <param name="acts">Acts of this kind so far, this one among them.</param>
    private void Alone(ref Client agent, in Request r, ulong key, int acts, AttackOutcome outcome)
    {
        if (agent.Total != acts || acts > 3 || r.HasReferrer || lonely.Count >= MaxLonely || (agent.Joined & ~Joined.Lonely) != 0) return;
        if (acts > 1 && agent.LonelyPath != r.PathKey) return;
        agent.Joined |= Joined.Lonely;
        agent.LonelyPath = r.PathKey;
        ref var path = ref paths.Find(r.PathKey);
        lonely.Enqueue(new LonelyAct(Hash.Mix(key, r.Agent), r.PathKey, r.TimeMs, r.Sequence, r.Ip, path.Business, outcome));
    }

    /// <summary>It does something else: as people do.</summary>
    private void GoOn(ref Client agent)
    {
        agent.Joined &= ~Joined.Lonely;
        if (lonelyPlaces.TryGetValue(agent.LonelyPath, out var place)) place.Went++;
        else if (PlaceAt(agent.LonelyPath) is { } made) made.Went++;
    }

    private LonelyPlace? PlaceAt(ulong path)
    {
        if (lonelyPlaces.TryGetValue(path, out var place)) return place;
        ref var page = ref paths.Find(path);
        if (Unsafe.IsNullRef(ref page)) return null;
        // The place where least happened makes room: names that somebody makes up do not take those of real pages.
        if (lonelyPlaces.Count >= MaxLonelyPlaces) lonelyPlaces.Remove(lonelyPlaces.MinBy(p => (p.Value.Stayed + p.Value.Went, p.Key)).Key);
        return lonelyPlaces[path] = new LonelyPlace(page.TextOf()) { SinceMs = page.Last, IsAction = (page.Traits & PathTraits.Action) != 0 };
    }

    /// <summary>Looks at acts a quarter of an hour old: who is still alone with them.</summary>
    private void SettleLonely(in Request r, FindingList into)
    {
        while (lonely.TryPeek(out var act) && r.TimeMs - act.TimeMs > LonelyMs)
        {
            lonely.Dequeue();
            ref var client = ref clients.Find(act.Client);
            if (Unsafe.IsNullRef(ref client) || (client.Joined & Joined.Lonely) == 0 || client.LonelyPath != act.Path || client.Total > 3) continue;
            ref var path = ref paths.Find(act.Path);
            // Nobody knows the page any more, or somebody said that it is for something else.
            if (Unsafe.IsNullRef(ref path) || path.Business != act.What || PlaceAt(act.Path) is not { } place) continue;
            if (act.TimeMs - place.SinceMs > 12 * HourMs)
            {
                (place.Stayed, place.Went, place.Refused, place.SinceMs) = (place.Stayed / 2, place.Went / 2, place.Refused / 2, act.TimeMs);
                if (place.Stayed < LonelyClients / 2) place.Addresses = default;
            }
            place.Stayed++;
            if (act.Outcome == AttackOutcome.Failed) place.Refused++;
            place.Addresses.Add(Hash.Of(act.Ip));
            place.Recent.Enqueue(act);
            if (place.Recent.Count > LonelyPlace.MaxRecent) place.Recent.Dequeue();
            Judge(place, act, r, into);
        }
    }

    private void Judge(LonelyPlace place, in LonelyAct act, in Request r, FindingList into)
    {
        if (place.Stayed < LonelyClients || place.Addresses.Count < LonelyAddresses || place.Stayed * 10 < (act.What == Habits.Business.Login ? 2 : 6) * (place.Stayed + place.Went)) return;
        // Where an application logs nothing else of anybody, nobody goes on.
        if (act.What != Habits.Business.Login && place.IsAction && place.Went < LonelyClients / 2) return;
        // Log-ins that a program does for somebody are let in; a list of stolen passwords mostly is not.
        if (act.What == Habits.Business.Login && place.Refused * 10 < place.Stayed * 7) return;
        var (id, name, detector) = act.What switch
        {
            Habits.Business.Login => ("behaviour.login_stuffing", "stuffing", Joined.Login),
            Habits.Business.Sms => ("behaviour.sms_bombing", "sms", Joined.Sms),
            _ => ("behaviour.bonus_farming", "lonely", Joined.Lonely),
        };
        ref var path = ref paths.Find(act.Path);
        if (Unsafe.IsNullRef(ref path) || rules.Of(id) is not { } rule) return;
        var group = GroupOf(detector, act.Path, path, r.TimeMs);
        group.LastMs = r.TimeMs;
        var opens = group.Incident is not { IsLive: true };
        if (opens) group.Incident = tracker.OpenFor(tenant, $"{name} {group.Place:x16}", 0, act.Sequence, act.TimeMs);
        var isNew = group.Incident!.Count == 0;
        while (place.Recent.TryDequeue(out var each)) tracker.Add(group.Incident, rule, "", each.Sequence, each.TimeMs, each.Ip, each.Outcome, place.Target);
        // The request at hand only moved the clock.
        if (!opens) return;
        var finding = new Finding(r.Event, rule, group.Incident.Outcome, 0, 0, 0, null, new Firing(
            [new("source.ip", Address.Text(act.Ip)), new("url.path", place.Target)], group.Incident.FirstMs, group.Incident.Sequences[0], group.Incident.Count, [.. group.Incident.Sequences.Take(1_000)]) { AtClose = true, EndMs = act.TimeMs, Source = r.Events.Header(r.Event).Source });
        tracker.Recognise(group.Incident, isNew, rules.MutedBy(r.Events, finding));
        into.Add(finding);
    }
}
