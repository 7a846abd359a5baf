using Palisade.Engine.Incidents;
using Palisade.Protocol;

namespace Palisade.Server.Incidents;

/// <summary>Tells what is left of a story, and what was taken, when a person split addresses off.</summary>
internal static class IncidentParts
{
    /// <summary>The story without some of its addresses. What each step counted is not known by address and stays.</summary>
    /// <param name="taken">Addresses and how much each did.</param>
    public static IncidentStory Without(IncidentStory story, IReadOnlyDictionary<string, long> taken, IncidentContent words)
    {
        if (taken.Count == 0) return story;
        IReadOnlyList<string> left = [.. story.Sources.Where(s => !taken.ContainsKey(s))];
        var n = Math.Max(left.Count, story.SourceCount - taken.Count);
        return Titled(story with
        {
            Sources = left, SourceCount = n, Count = Math.Max(0, story.Count - taken.Values.Sum()),
            Account = $"{story.Account} Split off by hand: {string.Join(", ", taken.Keys.Order(StringComparer.Ordinal).Take(5))}{(taken.Count > 5 ? " …" : "")}.",
            AccountZh = $"{story.AccountZh}已人工拆出：{string.Join("、", taken.Keys.Order(StringComparer.Ordinal).Take(5))}{(taken.Count > 5 ? "……" : "")}。",
        }, words);
    }

    /// <summary>The story of what was split off: of the whole one what its examples show.</summary>
    public static IncidentStory Of(string from, IncidentStory whole, IReadOnlyList<IncidentAddress> addresses, IReadOnlyList<IncidentEvent> events, IncidentContent words)
    {
        var own = events.GroupBy(e => (e.RuleId, e.Technique)).ToDictionary(g => g.Key, g => g.ToArray());
        IReadOnlyList<StoryStep> steps =
        [
            .. whole.Steps.Where(s => own.ContainsKey((s.Rule, s.Technique))).Select(s => own[(s.Rule, s.Technique)] is var mine
                ? s with { First = mine.Min(e => e.At), Last = mine.Max(e => e.At), Count = mine.Length, Outcome = mine.Max(e => e.Outcome) } : s),
        ];
        if (steps.Count == 0) steps = whole.Steps;
        var furthest = steps.Select(s => words.Of(s.Class)).MaxBy(w => (w.Phase, w.Rank)) ?? words.Of(whole.Class);
        var outcome = OutcomeOf(events);
        var count = addresses.Sum(a => a.Count);
        var (first, last) = (addresses.Min(a => a.First), addresses.Max(a => a.Last));
        IReadOnlyList<string> sources = [.. addresses.OrderBy(a => a.First).ThenBy(a => a.Address, StringComparer.Ordinal).Select(a => a.Address)];
        var (who, whoZh) = (IncidentText.Who(sources.Count, sources[0], false), IncidentText.Who(sources.Count, sources[0], true));
        return Titled(whole with
        {
            Class = furthest.Class, Phase = furthest.Phase, Level = steps.Count > 0 ? steps.Max(s => s.Level) : whole.Level, Outcome = outcome, Steps = steps,
            Outcomes = [.. Enum.GetValues<AttackOutcome>().Select(o => (long)events.Count(e => e.Outcome == o))],
            Sources = [.. sources.Take(IncidentProjection.MaxNames)], SourceCount = sources.Count, Count = count, First = first, Last = last,
            Account = $"{furthest.Name} from {who}: {count.ToString("N0", System.Globalization.CultureInfo.InvariantCulture)} records. {words.Sentence(outcome, false)} Split off by hand from {from}.",
            AccountZh = $"{whoZh}：{furthest.NameZh}，共 {count} 条相关记录。{words.Sentence(outcome, true)}由人工从 {from} 拆出。",
        }, words);
    }

    private static AttackOutcome OutcomeOf(IReadOnlyList<IncidentEvent> events)
    {
        if (events.Count == 0) return AttackOutcome.Unknown;
        if (events.Max(e => e.Outcome) is >= AttackOutcome.Likely and var worked) return worked;
        var all = events.Select(e => e.Outcome).ToHashSet();
        return all.Count == 1 ? all.Single() : all.Contains(AttackOutcome.Unknown) ? AttackOutcome.Unknown : AttackOutcome.Failed;
    }

    private static IncidentStory Titled(IncidentStory story, IncidentContent words)
    {
        var (first, target) = (story.Sources.Count > 0 ? story.Sources[0] : "", story.Targets.Count > 0 ? story.Targets[0] : story.Hosts.Count > 0 ? story.Hosts[0] : "");
        string Of(bool chinese) => IncidentText.Title(words.Of(story.Class), IncidentText.Who(story.SourceCount, first, chinese), target, story.Outcome, chinese);
        return story with { Title = Of(false), TitleZh = Of(true) };
    }
}
