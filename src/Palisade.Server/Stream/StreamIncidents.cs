using System.Text;
using Palisade.Engine;
using Palisade.Engine.Incidents;
using Palisade.Protocol;
using Palisade.Server.Incidents;

namespace Palisade.Server.Streaming;

/// <summary>
/// Gathers incidents that changed, and copies them out of the engine now and then. Belongs to the judge: between two of its batches nobody else sees an incident.
/// </summary>
public sealed class StreamIncidents(IncidentContent content, Func<ushort, string> fieldName, int node, TimeProvider clock)
{
    /// <summary>Least time between two hand-overs: an incident of a flood changes with every batch.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);
    /// <summary>Hand-overs may take this part of the time.</summary>
    private const int Share = 10;
    /// <summary>Sequences of one incident that are compared with those of alerts, from its begin: alerts list no more either.</summary>
    private const int MaxLinked = 5_000;
    private const int MaxShown = 50, MaxExamples = 500;

    private sealed class Waiting
    {
        public readonly List<IncidentExample> Examples = [];
    }

    private readonly Dictionary<Incident, Waiting> waiting = new(ReferenceEqualityComparer.Instance);
    /// <summary>Of the batch at hand: the first finding of an event that points at something.</summary>
    private readonly Dictionary<int, int> evidence = [];
    private long handedAt, tookTicks;

    /// <summary>Something changed that was not handed over.</summary>
    public bool AreWaiting => waiting.Count > 0;

    public bool AreDue => waiting.Count > 0 && (handedAt == 0 || clock.GetElapsedTime(handedAt) >= TimeSpan.FromTicks(Math.Max(Pace.Ticks, Volatile.Read(ref tookTicks) * Share)));

    /// <summary>Says how long the last hand-over took.</summary>
    public void Took(TimeSpan time) => Volatile.Write(ref tookTicks, time.Ticks);

    /// <summary>Notes what changed in a batch while its records are at hand.</summary>
    public void Note(IReadOnlyList<Incident> changed, EventBatch events, FindingList findings)
    {
        evidence.Clear();
        foreach (var incident in changed)
        {
            if (!waiting.TryGetValue(incident, out var held)) waiting[incident] = held = new Waiting();
            foreach (var mark in incident.TakeMarks()) held.Examples.Add(Example(mark, events, findings));
            if (held.Examples.Count > MaxExamples) held.Examples.RemoveRange(MaxExamples, held.Examples.Count - MaxExamples);
        }
    }

    /// <summary>What waits, copied; nothing waits then.</summary>
    public IReadOnlyList<IncidentProjection> Take()
    {
        if (waiting.Count == 0) return [];
        var taken = new List<IncidentProjection>(waiting.Count);
        foreach (var (incident, held) in waiting) taken.Add(Project(incident, held.Examples));
        waiting.Clear();
        handedAt = clock.GetTimestamp();
        return taken;
    }

    private IncidentProjection Project(Incident incident, List<IncidentExample> examples)
    {
        var linked = incident.TakeSequences(MaxLinked).Select(s => EventId.Of(node, s)).Concat(examples.Select(e => e.EventId)).Distinct().ToArray();
        return new IncidentProjection(
            incident.Tenant, incident.Id, incident.Version, incident.MergedInto, Story(incident), [.. incident.Sources.Take(IncidentProjection.MaxAddresses)], examples, linked);
    }

    private IncidentStory Story(Incident incident) => new()
    {
        Title = IncidentText.Title(incident, content, false),
        TitleZh = IncidentText.Title(incident, content, true),
        Account = IncidentText.Account(incident, content, false),
        AccountZh = IncidentText.Account(incident, content, true),
        Advice = IncidentText.Advice(incident, content, false),
        AdviceZh = IncidentText.Advice(incident, content, true),
        Class = incident.Class,
        Phase = content.Of(incident.Class).Phase,
        Level = incident.Level,
        Outcome = incident.Outcome,
        Score = incident.Score,
        First = At(incident.FirstMs),
        Last = At(incident.LastMs),
        Count = incident.Count,
        Outcomes = [.. Enum.GetValues<AttackOutcome>().Select(incident.CountOf)],
        SourceCount = incident.SourceCount,
        Sources = [.. incident.Sources.Take(MaxShown).Select(s => s.Address)],
        Targets = [.. incident.Targets.Take(MaxShown)],
        Hosts = incident.Hosts.ToArray(),
        Users = incident.Users.ToArray(),
        Steps = [.. incident.Steps.Select(s => new StoryStep(
            s.Rule.Id, s.Rule.Name, s.Rule.NameZh, s.Rule.Class, content.Of(s.Rule.Class).Phase, s.Rule.Level, s.Technique, s.Rule.Techniques, At(s.FirstMs), At(s.LastMs), s.Count, s.Outcome))],
    };

    private IncidentExample Example(in IncidentMark mark, EventBatch events, FindingList findings)
    {
        var rule = mark.Step.Rule;
        var example = new IncidentExample
        {
            EventId = EventId.Of(node, mark.Sequence), TimeMs = mark.TimeMs, Rule = rule.Id, Name = rule.Name, NameZh = rule.NameZh, Class = rule.Class,
            Technique = mark.Step.Technique, Source = mark.Source, Outcome = mark.Outcome,
        };
        var at = Find(events, mark.Sequence);
        if (at < 0) return example;
        example = example with { Raw = Cut(events.Raw(at)).ToArray() };
        if (evidence.Count == 0)
            for (var i = findings.Count - 1; i >= 0; i--)
                if (findings.Items[i].Length > 0) evidence[findings.Items[i].Event] = i;
        if (!evidence.TryGetValue(at, out var found)) return example;
        ref readonly var finding = ref findings.Items[found];
        return example with
        {
            Field = finding.Field == 0 ? "" : fieldName(finding.Field),
            FieldValue = finding.Field == 0 ? "" : Encoding.UTF8.GetString(Cut(events.Get(at, finding.Field))),
            Offset = finding.Offset, Length = finding.Length,
        };
    }

    /// <summary>Index of the event with a sequence; below zero: it is in no event of the batch.</summary>
    private static int Find(EventBatch events, ulong sequence)
    {
        var (low, high) = (0, events.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var at = events.Header(middle).Sequence;
            if (at == sequence) return middle;
            if (at < sequence) low = middle + 1;
            else high = middle - 1;
        }
        return -1;
    }

    private static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> value) => value[..Math.Min(value.Length, IncidentExample.MaxRaw)];

    private static DateTimeOffset At(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(ms, 0, 253_402_300_799_999));
}
