using System.Runtime.CompilerServices;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>
/// What is usual at the sites of one tenant, and who is not: each page's answers and readers, each client's habits. Learned from the traffic alone,
/// as it goes by; bounded. Detectors compare one with the other:
/// <code>request ► page's habit ► client's habit (address, and one agent of it) ► log-in · messages · farming · notices · reading · flood · attacks ► incidents</code>
/// </summary>
/// <remarks>Nothing here depends on a clock or on chance: the same requests in the same order give the same incidents.</remarks>
internal sealed partial class TenantHabits(uint tenant, IncidentContent content, TenantBehaviours rules, IncidentTracker tracker)
{
    private const int ClientSets = 4_096, PathSets = 1_024;
    private const int MaxGroups = 2_000, MaxActors = 20_000, MaxUploads = 64, MaxNotices = 4_096;
    private const long DayMs = 86_400_000, HourMs = 3_600_000, MinuteMs = 60_000;

    private readonly Table<Client> clients = new(ClientSets);
    private readonly Table<SitePath> paths = new(PathSets);
    private readonly Dictionary<(Joined, ulong), Group> groups = [];
    private readonly Dictionary<UInt128, Actor> actors = [];
    /// <summary>Notices that were accepted, and from whom; the oldest goes first.</summary>
    private readonly Dictionary<ulong, UInt128> seenNotices = [];
    private readonly Queue<ulong> noticeOrder = new();
    private readonly List<(long TimeMs, UInt128 Ip, ulong Sequence, ulong Path)> uploads = [];
    private uint total, bareBrowsers, fullBrowsers;
    private long firstMs;

    /// <summary>Clients and pages that had to make room.</summary>
    public long Evicted => clients.Evicted + paths.Evicted;

    /// <summary>Takes one request in.</summary>
    /// <param name="text">The shape of its path.</param>
    /// <param name="found">What rules said of it.</param>
    public void Observe(in Request r, ReadOnlySpan<byte> text, ReadOnlySpan<Finding> found, FindingList into)
    {
        clients.Prepare();
        paths.Prepare();
        if (total++ == 0) firstMs = r.TimeMs;
        ref var path = ref paths.GetOrAdd(r.PathKey, out var isNew);
        if (isNew) Meet(ref path, r, text);
        var key = Hash.Of(r.Ip);
        ref var ip = ref ClientOf(key, r, agent: 0);
        ref var agent = ref ClientOf(Hash.Mix(key, r.Agent), r, r.Agent);
        if (!path.IsAsset) Odd(path, r, into);
        LearnPath(ref path, r, key, ip.Joined != Joined.None);
        LearnValues(path, ip, r, key);
        Count(ref ip, path, r);
        Count(ref agent, path, r);
        CountBrowser(ip, r);
        if ((agent.Joined & Joined.Lonely) != 0 && agent.LonelyPath != r.PathKey) GoOn(ref agent);
        if (lonely.Count > 0) SettleLonely(r, into);
        if (!path.IsAsset)
        {
            Business(ref path, ref ip, ref agent, r, key, into);
            if (r.Shape.HasRecord && !r.IsPost) Walk(ref path, ref ip, ref agent, r, key, into);
            if (!r.IsAction) Burst(ref path, ref ip, r, key, into);
        }
        if (r.IsAttack) Attacked(ref path, ref ip, r, found, into);
        else if (r.IsRefused) Dead(ref path, ref ip, r, into);
        if ((path.Traits & PathTraits.Script) != 0 && r.IsOk) Script(ref path, r, found, into);
    }

    private void Meet(ref SitePath path, in Request r, ReadOnlySpan<byte> text)
    {
        path.SetText(text);
        path.FirstMs = r.TimeMs;
        path.FirstSequence = r.Sequence;
        path.SiteBefore = total;
        path.Site = r.Site;
        NameSite(r);
        (path.Business, path.Traits) = content.Businesses.Judge(text, r.Shape.Query, r.IsPost);
        if (path.Business == Habits.Business.Sms && Guess(path, path.TextOf()) == Habits.Business.None) path.Traits |= PathTraits.NamesPhone;
        if (r.IsAction) path.Traits |= PathTraits.Action;
        if (choices.TryGet(path.Site, path.TextOf(), out var said)) (path.Business, path.Traits) = (said, path.Traits | PathTraits.Chosen);
    }

    private ref Client ClientOf(ulong key, in Request r, ulong agent)
    {
        ref var client = ref clients.GetOrAdd(key, out var isNew);
        if (isNew)
        {
            client.Ip = r.Ip;
            client.Agent = agent;
            client.FirstMs = r.TimeMs;
        }
        // Habits are of a day or two: what was long ago counts half.
        else if (r.TimeMs - client.Last > DayMs)
        {
            var (ring, next, joined) = (client.Ring, client.RingNext, client.Joined);
            client = new Client { Ip = r.Ip, Agent = agent, FirstMs = r.TimeMs, Ring = ring, RingNext = next, Joined = joined & Joined.Attack };
        }
        client.Last = Math.Max(client.Last, r.TimeMs);
        return ref client;
    }

    private void LearnPath(ref SitePath path, in Request r, ulong client, bool suspect)
    {
        path.Last = Math.Max(path.Last, r.TimeMs);
        path.Count++;
        // What is posted to may be for something else than what is only read: judged once more with the first.
        if (r.IsPost && path.Posts++ == 0 && path.Business == Habits.Business.None && (path.Traits & PathTraits.Chosen) == 0) Purpose(ref path, path.TextOf());
        path.Clients.Add(client);
        if (path.FirstClient == 0) path.FirstClient = r.Ip;
        if (r.IsOk) path.Ok++;
        else if (r.IsRefused) path.Errors++;
        if (r.Kind == AgentKind.Crawler && r.IsOk) path.Traits |= PathTraits.Public;
        // What attackers were given is no habit of the page.
        if (r.IsOk && !r.IsAttack && !suspect)
        {
            path.Ordinary++;
            path.BytesOk += (ulong)Math.Max(0, r.Bytes);
            path.MaxOk = Math.Max(path.MaxOk, (uint)Math.Clamp(r.Bytes, 0, uint.MaxValue));
        }
        var minute = r.TimeMs / MinuteMs;
        if (minute > path.Minute)
        {
            // A flood that lasts becomes usual only slowly.
            path.Usual = (path.Usual * 31 + Math.Min(path.InMinute * 16, path.Usual * 3 + 320)) / 32;
            path.Minute = minute;
            path.InMinute = 0;
        }
        path.InMinute++;
    }

    private static void Count(ref Client c, in SitePath path, in Request r)
    {
        c.Total++;
        if (path.IsAsset) c.Assets++;
        else c.PageBits |= 1UL << (int)(r.PathKey >> 32 & 63);
        if (r.HasReferrer) c.Referred++;
        if (r.Subject == 0 || r.Subject == c.Subject) return;
        c.Subject = r.Subject;
        Client.Up(ref c.Subjects);
    }

    /// <summary>Of browsers that came to a dozen requests: whether any of them was for what a page is made of. Where style and pictures lie elsewhere, nobody's is.</summary>
    private void CountBrowser(in Client ip, in Request r)
    {
        if (ip.Total != 12 || r.Kind != AgentKind.Browser) return;
        if (ip.Assets == 0) bareBrowsers++;
        else fullBrowsers++;
        if (bareBrowsers + fullBrowsers < 4_096) return;
        bareBrowsers /= 2;
        fullBrowsers /= 2;
    }

    /// <summary>Finds or makes the group at a place; one that was quiet for a day begins anew.</summary>
    private Group GroupOf(Joined detector, ulong place, in SitePath path, long time, long quietMs = DayMs)
    {
        if (groups.TryGetValue((detector, place), out var group))
        {
            if (time - group.LastMs <= quietMs) return group;
            groups.Remove((detector, place));
        }
        if (groups.Count >= MaxGroups)
        {
            var oldest = groups.Values.MinBy(g => (g.LastMs, g.Place))!;
            groups.Remove((oldest.Detector, oldest.Place));
        }
        return groups[(detector, place)] = new Group(detector, place, path.TextOf()) { FirstMs = time, LastMs = time };
    }

    /// <summary>Counts a client into a group; true where it was not there yet.</summary>
    private static bool Join(Group group, ref Client client, ulong key, Joined detector)
    {
        if ((client.Joined & detector) != 0 && (group.Incident is not null || group.Members.Contains(key))) return false;
        client.Joined |= detector;
        if (group.Members.Count < Group.MaxMembers && !group.Members.Contains(key)) group.Members.Add(key);
        return true;
    }

    /// <summary>Opens the group's incident with what its members did so far, as far as they remember.</summary>
    private Incident OpenGroup(Group group, RuleInfo rule, string name, in Request r, UInt128 tieTo, Business what, FindingList into)
    {
        var incident = tracker.OpenFor(tenant, $"{name} {group.Place:x16}", tieTo, r.Sequence, r.TimeMs);
        var opened = incident.Count == 0;
        group.Incident = incident;
        foreach (var key in group.Members) Recall(incident, group, rule, key, what, r.Sequence);
        Report(rule, group.Target, r, incident, opened, into);
        return incident;
    }

    /// <summary>What a client remembers of its deeds goes into the incident it belongs to.</summary>
    /// <param name="now">The request at hand: it is added by itself.</param>
    private void Recall(Incident incident, Group group, RuleInfo rule, ulong key, Business what, ulong now)
    {
        ref var client = ref clients.Find(key);
        if (Unsafe.IsNullRef(ref client)) return;
        var step = incident.Step(rule, "");
        for (var i = 0; i < Math.Min((int)client.RingNext, Ring.Size); i++)
        {
            var sequence = client.Ring[i] & Ring.SequenceMask;
            var kind = client.Ring[i] >> 56 & 31;
            if (sequence == now || kind == 0 || what != Habits.Business.None && kind != (ulong)what) continue;
            incident.Add(step, sequence, i == 0 ? client.FirstMs : client.Last, client.Ip, (AttackOutcome)(client.Ring[i] >> 61));
        }
        incident.AddSource(client.Ip, client.FirstMs);
        incident.AddTarget(group.Target);
    }

    /// <summary>Says once, as a finding like any other, that a behaviour was recognised.</summary>
    /// <param name="opened">The incident was opened for it.</param>
    private void Report(RuleInfo rule, string target, in Request r, Incident incident, bool opened, FindingList into)
    {
        var finding = Told(rule, target, r, incident);
        tracker.Recognise(incident, opened, rules.MutedBy(r.Events, finding));
        into.Add(finding);
    }

    private static Finding Told(RuleInfo rule, string target, in Request r, Incident incident)
    {
        var sequences = incident.Sequences;
        return new Finding(r.Event, rule, incident.Outcome, 0, 0, 0, null, new Firing(
            [new("source.ip", Address.Text(r.Ip)), new("url.path", target)], Math.Min(incident.FirstMs, r.TimeMs), sequences.Count > 0 ? sequences[0] : r.Sequence, Math.Max(1, incident.Count),
            [.. sequences.Take(1_000)]));
    }

    private void Add(Group group, RuleInfo rule, in Request r, AttackOutcome outcome)
    {
        if (group.Incident is not { IsLive: true } incident) return;
        tracker.Add(incident, rule, "", r.Sequence, r.TimeMs, r.Ip, outcome, group.Target);
    }

}
