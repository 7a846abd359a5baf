using System.Text;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents;

/// <summary>Bounds of the incidents a node keeps open.</summary>
public sealed record IncidentOptions
{
    /// <summary>An incident that nothing joined for so long is over; milliseconds.</summary>
    public long QuietMs { get; init; } = 24 * 3_600_000L;
    /// <summary>Open incidents of one tenant; one that is over goes first, then the one that asks least for a person's eyes and did not get anywhere, of equals the one quiet for longest.</summary>
    public int MaxOpen { get; init; } = 2_000;
    /// <summary>An incident with more addresses than this, of more than one network, is no reason to join another that shares one of them: shared exits and botnets would tie everything together.</summary>
    public int HubSources { get; init; } = 16;
}

/// <summary>
/// Ties findings together by the entities they share (address, user on a host, host) and by time. Bounded; holds state, so one instance a shard.
/// The same findings in the same order give the same incidents with the same ids.
/// </summary>
public sealed partial class IncidentTracker(IncidentContent content, IncidentOptions options)
{
    private readonly Dictionary<uint, Tenant> tenants = [];
    private readonly List<Incident> changed = [];
    private const int MaxSeen = 16_384, FirstSweep = 8_192;

    private sealed class Tenant
    {
        public readonly Dictionary<string, Incident> ByKey = new(StringComparer.Ordinal);
        public readonly Dictionary<(char Kind, ulong Entity), Incident> ByEntity = [];
        /// <summary>Entities at which those of closed incidents are taken away.</summary>
        public int SweepAt = FirstSweep;
        /// <summary>In how many incidents each rule had a part.</summary>
        public readonly Dictionary<string, int> Seen = new(StringComparer.Ordinal);
    }

    public IncidentTracker(IncidentContent content) : this(content, new IncidentOptions()) { }

    /// <summary>Incidents that changed since <see cref="ClearChanged"/>, each once, in the order of their first change.</summary>
    public IReadOnlyList<Incident> Changed => changed;

    /// <summary>Tells which mutes are in force; null: there are none.</summary>
    internal Rules.Policy.PolicyStage? Policy { get; init; }

    /// <summary>Open incidents.</summary>
    public int OpenCount => tenants.Values.Sum(t => t.ByKey.Count);

    public void ClearChanged()
    {
        foreach (var incident in changed) incident.IsDirty = false;
        changed.Clear();
    }

    /// <summary>Takes what a rule or correlation found on a host; requests to sites come by way of the habits.</summary>
    internal void Take(EventBatch events, in Finding finding)
    {
        if (finding.Muted != 0 || finding.Rule.ContextOnly || finding.Rule.Kind is "web" or "behaviour") return;
        // A single match on a request to a site is the habits' business.
        if (finding.Firing is null && events.TryGet(finding.Event, Fields.HttpRequestMethod, out _)) return;
        TakeHost(events, finding);
    }

    private void TakeHost(EventBatch events, in Finding finding)
    {
        // the event at hand only moved the clock: it is not the group's
        if (finding.Firing is { AtClose: true }) return;
        ref readonly var header = ref events.Header(finding.Event);
        var tenant = Of(header.Tenant);
        var time = TimeOf(header);
        var address = AddressOf(events, finding);
        var host = GroupValue(finding.Firing, "host.name") ?? events.GetString(finding.Event, Fields.HostName);
        var user = GroupValue(finding.Firing, "user.name") ?? events.GetString(finding.Event, Fields.UserName);
        // Whose log-in is refused from elsewhere is aimed at; who is refused on the host itself acts there.
        var isAim = address != 0 && events.Get(finding.Event, Fields.EventOutcome).SequenceEqual("failure"u8);
        var actor = isAim ? "" : user;
        // What names no host and no address happened on that of its log.
        var place = host.Length > 0 || address != 0 ? host : $"log {header.Source}";
        var incident = Find(tenant, address, place, actor, finding.Rule.Level, time);
        // A single match of a rule joins a story; it begins one where it is serious by itself. What a correlation counted always does; what is only odd never.
        if (incident is null && (finding.Firing is null || finding.Rule.Kind == "anomaly") && finding.Rule.Level < FindingLevel.High) return;
        incident ??= Open(header.Tenant, tenant, HostKey(address, place, user, time), header.Sequence, time);
        incident.MutedBy = 0;
        var step = incident.Step(finding.Rule, finding.Technique ?? "");
        if (finding.Firing is { } firing)
        {
            incident.AddTime(step, firing.WindowStartMs, finding.Outcome);
            foreach (var sequence in firing.Sequences) incident.AddSequence(sequence);
        }
        incident.Add(step, header.Sequence, time, address, finding.Outcome);
        incident.AddHost(host);
        incident.AddUser(user);
        if (events.TryGet(finding.Event, Fields.ProcessExecutable, out var program) && !program.IsEmpty) incident.AddTarget(Encoding.UTF8.GetString(program[..Math.Min(program.Length, 256)]));
        else incident.AddTarget(host);
        Unite(tenant, incident, place, actor, time);
        Index(tenant, incident, address, isAim ? "" : place, actor, time);
        Touch(incident);
    }

    /// <summary>The address led to one story and the account on the host to another: they were one.</summary>
    private void Unite(Tenant tenant, Incident incident, string host, string user, long time)
    {
        if (host.Length == 0 || user.Length == 0) return;
        if (Alive(tenant, 'u', Hash.Of(user, Hash.Of(host)), time) is not { } other || ReferenceEquals(other, incident) || other.IsShared || incident.IsShared) return;
        if (other.SourceCount > options.HubSources || incident.SourceCount > options.HubSources) return;
        // Two who both became root are not therefore one.
        if (other.SourceCount > 0 && incident.SourceCount > 0 && content.Hosts.IsShared(user)) return;
        Absorb(tenant, incident, other);
    }

    private void Absorb(Tenant tenant, Incident incident, Incident other)
    {
        incident.Absorb(other);
        if (other.MutedBy == 0) (incident.MutedBy, incident.TookOver) = (0, incident.TookOver || !other.IsHeld);
        var entities = tenant.ByEntity.Where(e => ReferenceEquals(e.Value, other)).Select(e => e.Key).ToArray();
        Close(tenant, other);
        foreach (var entity in entities) tenant.ByEntity[entity] = incident;
        incident.Ties += entities.Length;
        Mark(other);
    }

    /// <summary>Two stories proved to be one.</summary>
    internal void Unite(Incident incident, Incident other)
    {
        Absorb(Of(incident.Tenant), incident, other);
        Touch(incident);
    }

    /// <summary>What is told of an address alone is part of the story of its network.</summary>
    internal void UniteAt(Incident incident, UInt128 address, long time)
    {
        if (Alive(Of(incident.Tenant), 'a', Hash.Of(address), time) is { SourceCount: 1 } other && !ReferenceEquals(other, incident)) Unite(incident, other);
    }

    /// <summary>All that an incident told is told by another now.</summary>
    internal void Yield(Incident emptied, Incident to)
    {
        Close(Of(emptied.Tenant), emptied);
        emptied.MergedInto = to.Id;
        to.TookOver |= emptied.MutedBy == 0 && !emptied.IsHeld;
        Mark(emptied);
    }

    private static UInt128 AddressOf(EventBatch events, in Finding finding)
    {
        var text = GroupValue(finding.Firing, "source.ip");
        if (text is not null && Address.TryParse(Encoding.UTF8.GetBytes(text), out var address)) return address;
        return Address.TryParse(events.Get(finding.Event, Fields.SourceIp), out address) ? address : 0;
    }

    private static string? GroupValue(Firing? firing, string field)
    {
        if (firing is not null)
            foreach (var (name, value) in firing.Group)
                if (name == field && value.Length > 0) return value;
        return null;
    }

    private string HostKey(UInt128 address, string host, string user, long time) => $"{(address != 0 ? "ip " + Address.Text(address) : $"host {host} {user}")} {time / Reach('h')}";

    internal static long TimeOf(in EventHeader header) => (header.Flags & EventFlags.FutureTime) != 0 ? header.ReceivedMs : header.TimeMs;

    private Tenant Of(uint id)
    {
        if (!tenants.TryGetValue(id, out var tenant)) tenants[id] = tenant = new Tenant();
        return tenant;
    }

    private Incident Open(uint id, Tenant tenant, string key, ulong sequence, long time)
    {
        if (tenant.ByKey.Count >= options.MaxOpen) Close(tenant, tenant.ByKey.Values.MinBy(i => (WorthOf(i, time), i.LastMs, i.Id))!);
        var incident = new Incident(Hash.Mix(Hash.Of(key, id), Hash.Mix(sequence, (ulong)time)).ToString("x16"), id, key);
        if (tenant.ByKey.TryGetValue(key, out var old)) Close(tenant, old);
        tenant.ByKey[key] = incident;
        return incident;
    }

    /// <summary>Few addresses, or all of one network.</summary>
    private bool IsOneActor(Incident incident) => incident.SourceCount <= options.HubSources || incident.IsOfOneNetwork;

    private int WorthOf(Incident incident, long time) => time - incident.LastMs > options.QuietMs ? -1 : incident.Score + (incident.Outcome >= AttackOutcome.Likely ? 1_000 : 0);

    /// <summary>The open incident of a key; else, where one is tied to the address and small enough to be one story, that; else a new one.</summary>
    /// <param name="address">0: only the key counts.</param>
    internal Incident OpenFor(uint tenantId, string key, UInt128 address, ulong sequence, long time)
    {
        var tenant = Of(tenantId);
        if (tenant.ByKey.TryGetValue(key, out var incident) && incident.IsLive && time - incident.LastMs <= options.QuietMs) return incident;
        if (address != 0 && Alive(tenant, 'a', Hash.Of(address), time) is { } other && IsOneActor(other)) return other;
        var opened = Open(tenantId, tenant, key, sequence, time);
        opened.IsShared = address == 0;
        return opened;
    }

    /// <summary>The event that the habits added last, and as what.</summary>
    internal (ulong Sequence, RuleInfo? Rule, AttackOutcome Outcome) LastAdded { get; private set; }

    /// <summary>Adds an event that the habits found to belong to an incident.</summary>
    internal void Add(Incident incident, RuleInfo rule, string technique, ulong sequence, long time, UInt128 source, AttackOutcome outcome, string target)
    {
        var had = source == 0 || incident.HasSource(source);
        incident.Add(incident.Step(rule, technique), sequence, time, source, outcome);
        incident.AddTarget(target);
        LastAdded = (sequence, rule, outcome);
        if (source != 0 && !incident.IsShared) TieActor(Of(incident.Tenant), incident, Hash.Of(source), time, isNew: !had);
        Touch(incident);
    }

    /// <summary>
    /// A behaviour was recognised that an incident tells of. Where a mute hides that, the incident it opened is kept from people, until something joins it that no mute hides,
    /// or the mute is over; one that was there before stays.
    /// </summary>
    /// <param name="opened">The incident was opened for it.</param>
    /// <param name="mute">Number of the mute; 0: none hides it.</param>
    internal void Recognise(Incident incident, bool opened, int mute)
    {
        if (mute == 0)
        {
            if (incident.MutedBy == 0) return;
            incident.MutedBy = 0;
            Mark(incident);
            return;
        }
        if (!opened || incident.TookOver) return;
        incident.MutedBy = mute;
        if (!incident.IsDirty) return;
        changed.Remove(incident);
        incident.IsDirty = false;
    }

    /// <summary>Notes a change made to an incident directly.</summary>
    internal void Note(Incident incident) => Touch(incident);

    private static void Close(Tenant tenant, Incident incident)
    {
        incident.IsClosed = true;
        tenant.ByKey.Remove(incident.Key);
        // Entities of what is over lead nowhere; they are taken away many at a time.
        if (tenant.ByEntity.Count < tenant.SweepAt) return;
        foreach (var (entity, held) in tenant.ByEntity)
            if (!held.IsLive) tenant.ByEntity.Remove(entity);
        tenant.SweepAt = Math.Max(FirstSweep, 2 * tenant.ByEntity.Count);
    }

    /// <summary>Judges the incident anew and notes that it changed.</summary>
    private void Touch(Incident incident)
    {
        foreach (var step in incident.StepList)
            if (step.Rarity == 0) step.Rarity = RarityOf(Of(incident.Tenant), step.Rule.Id);
        IncidentJudge.Judge(incident, content);
        if (incident.MutedBy != 0 && Policy?.IsMuting(incident.Tenant, incident.MutedBy, incident.LastMs) != true) incident.MutedBy = 0;
        Mark(incident);
    }

    /// <summary>
    /// What never happened here before says a fifth more; each doubling of the incidents that had it says a little less, down to three fifths. Weighed once, when it comes: a story
    /// does not change its score because others like it follow.
    /// </summary>
    private static float RarityOf(Tenant tenant, string rule)
    {
        var n = tenant.Seen.GetValueOrDefault(rule);
        if (n > 0 || tenant.Seen.Count < MaxSeen) tenant.Seen[rule] = Math.Min(n, int.MaxValue - 1) + 1;
        return n == 0 ? 1.2f : Math.Max(0.6f, 1.1f - 0.1f * System.Numerics.BitOperations.Log2((uint)n + 1));
    }

    private void Mark(Incident incident)
    {
        incident.Version++;
        if (incident.IsDirty || incident.IsHeld || incident.MutedBy != 0) return;
        incident.IsDirty = true;
        changed.Add(incident);
    }
}
