using Palisade.Engine.Incidents;
using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Console;

namespace Palisade.Server.Incidents;

/// <summary>How people see incidents: which first, and in what words.</summary>
public static class IncidentDesk
{
    /// <summary>What worked, then severity, then what asks most for eyes, then time.</summary>
    public static IReadOnlyList<IncidentRow> WorstFirst(IEnumerable<IncidentRow> incidents) =>
        [.. incidents.OrderByDescending(i => i.Outcome == AttackOutcome.Succeeded).ThenByDescending(i => i.Level).ThenByDescending(i => i.Outcome == AttackOutcome.Likely)
            .ThenByDescending(i => i.Score).ThenByDescending(i => i.Last).ThenBy(i => i.Id, StringComparer.Ordinal)];

    /// <summary>The second line of a row: state, hosts and targets.</summary>
    public static string Second(IncidentRow incident, IncidentStory story, Ui text)
    {
        var parts = new List<string> { text["incident.state." + incident.Status.ToString().ToLowerInvariant()] };
        if (story.Hosts.Count > 0) parts.Add(Some(story.Hosts, 2));
        if (story.Targets.Count > 0) parts.Add(Some(story.Targets, 2));
        if (incident.Members > 0) parts.Add(text.Count("incident.mergedCount", incident.Members));
        return string.Join(" · ", parts);
    }

    private static string Some(IReadOnlyList<string> names, int most) => string.Join(", ", names.Take(most)) + (names.Count > most ? " …" : "");

    /// <summary>A length of time in its largest unit.</summary>
    public static string Span(DateTimeOffset first, DateTimeOffset last, Ui text)
    {
        var span = last - first;
        if (span < TimeSpan.FromMinutes(2)) return text.Say("time.seconds", Math.Max(1, (int)span.TotalSeconds));
        if (span < TimeSpan.FromHours(2)) return text.Say("time.minutes", (int)span.TotalMinutes);
        return span < TimeSpan.FromDays(2) ? text.Say("time.hours", (int)span.TotalHours) : text.Count("incident.days", (int)span.TotalDays);
    }

    /// <summary>The phases of an attack, those gone through with their steps.</summary>
    public static IEnumerable<(AttackPhase Phase, IReadOnlyList<StoryStep> Steps)> Phases(IncidentStory story) =>
        Enum.GetValues<AttackPhase>().Select(p => (p, (IReadOnlyList<StoryStep>)[.. story.Steps.Where(s => s.Phase == p)]));

    /// <summary>Outcomes that happened, the least harmful first.</summary>
    public static IEnumerable<(AttackOutcome Outcome, long Count)> Ladder(IncidentStory story) =>
        new[] { AttackOutcome.Blocked, AttackOutcome.Failed, AttackOutcome.Unknown, AttackOutcome.Likely, AttackOutcome.Succeeded }.Select(o => (o, story.Outcomes.ElementAtOrDefault((int)o)));

    /// <summary>The record with what matched marked.</summary>
    public static MarkedText Mark(IncidentEvent e) => AlertDesk.Mark(new AlertEvidence { AlertId = "", Field = e.Field, FieldValue = e.FieldValue, Offset = e.Offset, Length = e.Length, Raw = e.Raw });
}
