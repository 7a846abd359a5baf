using System.Text.Json;
using System.Text.Json.Serialization;
using Palisade.Engine.Incidents;
using Palisade.Protocol;

namespace Palisade.Server.Incidents;

/// <summary>One step of a story: what one rule saw.</summary>
/// <param name="Technique">What was tried, in the field's words; empty where the rule's name says it.</param>
/// <param name="Techniques">ATT&amp;CK technique ids.</param>
public sealed record StoryStep(
    string Rule, string Name, string NameZh, string Class, AttackPhase Phase, FindingLevel Level, string Technique, IReadOnlyList<string> Techniques,
    DateTimeOffset First, DateTimeOffset Last, long Count, AttackOutcome Outcome);

/// <summary>What an incident tells, as the engine saw it last.</summary>
public sealed record IncidentStory
{
    public string Title { get; init; } = "";
    public string TitleZh { get; init; } = "";
    /// <summary>A few plain sentences.</summary>
    public string Account { get; init; } = "";
    public string AccountZh { get; init; } = "";
    /// <summary>What to do now.</summary>
    public string Advice { get; init; } = "";
    public string AdviceZh { get; init; } = "";
    /// <summary>Class of its furthest phase.</summary>
    public string Class { get; init; } = "other";
    public AttackPhase Phase { get; init; }
    public FindingLevel Level { get; init; }
    public AttackOutcome Outcome { get; init; }
    /// <summary>0 to 100.</summary>
    public int Score { get; init; }
    public DateTimeOffset First { get; init; }
    public DateTimeOffset Last { get; init; }
    /// <summary>Records.</summary>
    public long Count { get; init; }
    /// <summary>Attempts that ended so, by the number of the outcome.</summary>
    public IReadOnlyList<long> Outcomes { get; init; } = [];
    public int SourceCount { get; init; }
    /// <summary>The first addresses; all that are kept are in incident_addresses.</summary>
    public IReadOnlyList<string> Sources { get; init; } = [];
    /// <summary>What was asked for or logged in to, most often first.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];
    public IReadOnlyList<string> Hosts { get; init; } = [];
    public IReadOnlyList<string> Users { get; init; } = [];
    /// <summary>In order of time.</summary>
    public IReadOnlyList<StoryStep> Steps { get; init; } = [];

    [JsonIgnore]
    public string Summary => Advice.Length == 0 ? Account : $"{Account} What to do now: {Advice}";
    [JsonIgnore]
    public string SummaryZh => AdviceZh.Length == 0 ? AccountZh : $"{AccountZh}处置建议：{AdviceZh}";

    public string Write() => JsonSerializer.Serialize(this);

    public static IncidentStory Read(string json) => JsonSerializer.Deserialize<IncidentStory>(json) ?? new IncidentStory();

    /// <summary>One story of several that people or the engine found to be the same. The one that got furthest gives title and words.</summary>
    public static IncidentStory Join(IReadOnlyList<IncidentStory> parts)
    {
        if (parts.Count == 1) return parts[0];
        var lead = parts.OrderByDescending(p => p.Phase).ThenByDescending(p => p.Score).ThenByDescending(p => p.Count).ThenBy(p => p.First).First();
        return lead with
        {
            Level = parts.Max(p => p.Level),
            Outcome = Worst(parts.Select(p => p.Outcome)),
            Score = parts.Max(p => p.Score),
            First = parts.Min(p => p.First),
            Last = parts.Max(p => p.Last),
            Count = parts.Sum(p => p.Count),
            Outcomes = [.. Enumerable.Range(0, parts.Max(p => p.Outcomes.Count)).Select(i => parts.Sum(p => p.Outcomes.ElementAtOrDefault(i)))],
            SourceCount = Math.Max(parts.Max(p => p.SourceCount), parts.SelectMany(p => p.Sources).Distinct().Count()),
            Sources = Names(p => p.Sources),
            Targets = Names(p => p.Targets),
            Hosts = Names(p => p.Hosts),
            Users = Names(p => p.Users),
            Steps = [.. parts.SelectMany(p => p.Steps).OrderBy(s => s.First).ThenBy(s => s.Rule, StringComparer.Ordinal)],
        };

        // Blocked or failed is said only of all: what is unknown is not safe.
        static AttackOutcome Worst(IEnumerable<AttackOutcome> outcomes) => outcomes.ToHashSet() is var all && all.Max() is >= AttackOutcome.Likely and var worked ? worked
            : all.Count == 1 ? all.Single() : all.Contains(AttackOutcome.Unknown) ? AttackOutcome.Unknown : AttackOutcome.Failed;

        IReadOnlyList<string> Names(Func<IncidentStory, IReadOnlyList<string>> of) => [.. of(lead).Concat(parts.SelectMany(of)).Distinct().Take(IncidentProjection.MaxNames)];
    }
}
