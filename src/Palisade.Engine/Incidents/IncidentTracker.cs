using System.Text;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents;

/// <summary>Bounds of the incidents a node keeps open.</summary>
public sealed record IncidentOptions
{
    /// <summary>An incident that nothing joined for so long is over; milliseconds.</summary>
    public long QuietMs { get; init; } = 24 * 3_600_000L;
    /// <summary>Open incidents of one tenant; the one quiet for longest goes first.</summary>
    public int MaxOpen { get; init; } = 2_000;
    /// <summary>An incident with more addresses than this is no reason to join another that shares one of them: shared exits and botnets would tie everything together.</summary>
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

    private sealed class Tenant
    {
        public readonly Dictionary<string, Incident> ByKey = new(StringComparer.Ordinal);
        public readonly Dictionary<(char Kind, ulong Entity), Incident> ByEntity = [];
    }

    public IncidentTracker(IncidentContent content) : this(content, new IncidentOptions()) { }

    /// <summary>Incidents that changed since <see cref="ClearChanged"/>, each once, in the order of their first change.</summary>
    public IReadOnlyList<Incident> Changed => changed;

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
        var incident = Find(tenant, address, host, user, time);
        // A single match of a rule joins a story; it begins one where it is serious by itself. What a correlation counted always does.
        if (incident is null && finding.Firing is null && finding.Rule.Level < FindingLevel.High) return;
        incident ??= Open(header.Tenant, tenant, HostKey(address, host, user, finding), header.Sequence, time);
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
        Unite(tenant, incident, host, user, time);
        Index(tenant, incident, address, host, user);
        Touch(incident);
    }

    /// <summary>The address led to one story and the account on the host to another: they were one.</summary>
    private void Unite(Tenant tenant, Incident incident, string host, string user, long time)
    {
        if (host.Length == 0 || user.Length == 0) return;
        if (Alive(tenant, 'u', Hash.Of(user, Hash.Of(host)), time, options.QuietMs) is not { } other || ReferenceEquals(other, incident) || other.IsShared || incident.IsShared) return;
        if (other.SourceCount > options.HubSources || incident.SourceCount > options.HubSources) return;
        incident.Absorb(other);
        var entities = tenant.ByEntity.Where(e => ReferenceEquals(e.Value, other)).Select(e => e.Key).ToArray();
        Close(tenant, other);
        foreach (var entity in entities) tenant.ByEntity[entity] = incident;
        Mark(other);
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

    private static string HostKey(UInt128 address, string host, string user, in Finding finding) =>
        address != 0 ? "ip " + Address.Text(address) : host.Length + user.Length > 0 ? $"host {host} {user}" : "rule " + finding.Rule.Id;

    internal static long TimeOf(in EventHeader header) => (header.Flags & EventFlags.FutureTime) != 0 ? header.ReceivedMs : header.TimeMs;

    /// <summary>The open incident that shares an entity, the most telling first: the address, the user on the host, the host for a while.</summary>
    private Incident? Find(Tenant tenant, UInt128 address, string host, string user, long time)
    {
        if (address != 0 && Alive(tenant, 'a', Hash.Of(address), time, options.QuietMs) is { } byAddress && byAddress.SourceCount <= options.HubSources) return byAddress;
        if (host.Length > 0 && user.Length > 0 && Alive(tenant, 'u', Hash.Of(user, Hash.Of(host)), time, options.QuietMs) is { } byUser) return byUser;
        return host.Length > 0 && address == 0 ? Alive(tenant, 'h', Hash.Of(host), time, options.QuietMs / 24) : null;
    }

    private static Incident? Alive(Tenant tenant, char kind, ulong entity, long time, long quietMs)
    {
        if (!tenant.ByEntity.TryGetValue((kind, entity), out var incident)) return null;
        return incident.IsLive && time - incident.LastMs <= quietMs && incident.FirstMs - time <= quietMs ? incident : null;
    }

    private static void Index(Tenant tenant, Incident incident, UInt128 address, string host, string user)
    {
        if (address != 0) tenant.ByEntity[('a', Hash.Of(address))] = incident;
        if (host.Length == 0) return;
        tenant.ByEntity[('h', Hash.Of(host))] = incident;
        if (user.Length > 0) tenant.ByEntity[('u', Hash.Of(user, Hash.Of(host)))] = incident;
    }

    private Tenant Of(uint id)
    {
        if (!tenants.TryGetValue(id, out var tenant)) tenants[id] = tenant = new Tenant();
        return tenant;
    }

    private Incident Open(uint id, Tenant tenant, string key, ulong sequence, long time)
    {
        if (tenant.ByKey.Count >= options.MaxOpen) Close(tenant, tenant.ByKey.Values.OrderBy(i => i.LastMs).ThenBy(i => i.Id, StringComparer.Ordinal).First());
        var incident = new Incident(Hash.Mix(Hash.Of(key, id), Hash.Mix(sequence, (ulong)time)).ToString("x16"), id, key);
        if (tenant.ByKey.TryGetValue(key, out var old)) Close(tenant, old);
        tenant.ByKey[key] = incident;
        return incident;
    }

    /// <summary>The open incident of a key; else, where one is tied to the address and small enough to be one story, that; else a new one.</summary>
    /// <param name="address">0: only the key counts.</param>
    internal Incident OpenFor(uint tenantId, string key, UInt128 address, ulong sequence, long time)
    {
        var tenant = Of(tenantId);
        if (tenant.ByKey.TryGetValue(key, out var incident) && incident.IsLive && time - incident.LastMs <= options.QuietMs) return incident;
        if (address != 0 && Alive(tenant, 'a', Hash.Of(address), time, options.QuietMs) is { } other && other.SourceCount <= options.HubSources) return other;
        var opened = Open(tenantId, tenant, key, sequence, time);
        opened.IsShared = address == 0;
        return opened;
    }

    /// <summary>Adds an event that the habits found to belong to an incident.</summary>
    internal void Add(Incident incident, RuleInfo rule, string technique, ulong sequence, long time, UInt128 source, AttackOutcome outcome, string target)
    {
        var had = source == 0 || incident.HasSource(source);
        incident.Add(incident.Step(rule, technique), sequence, time, source, outcome);
        incident.AddTarget(target);
        if (!had && !incident.IsShared && incident.SourceCount <= options.HubSources) Of(incident.Tenant).ByEntity[('a', Hash.Of(source))] = incident;
        Touch(incident);
    }

    /// <summary>Notes a change made to an incident directly.</summary>
    internal void Note(Incident incident) => Touch(incident);

    private static void Close(Tenant tenant, Incident incident)
    {
        incident.IsClosed = true;
        tenant.ByKey.Remove(incident.Key);
        foreach (var (entity, held) in tenant.ByEntity)
            if (ReferenceEquals(held, incident)) tenant.ByEntity.Remove(entity);
    }

    /// <summary>Judges the incident anew and notes that it changed.</summary>
    private void Touch(Incident incident)
    {
        IncidentJudge.Judge(incident, content);
        Mark(incident);
    }

    private void Mark(Incident incident)
    {
        incident.Version++;
        if (incident.IsDirty || incident.IsHeld) return;
        incident.IsDirty = true;
        changed.Add(incident);
    }
}
