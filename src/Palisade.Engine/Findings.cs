using Palisade.Protocol;

namespace Palisade.Engine;

/// <summary>A rule as findings, alerts and people see it. Immutable; one instance a rule and snapshot.</summary>
public sealed record RuleInfo(
    string Id, string Name, string NameZh, FindingLevel Level, string Class,
    IReadOnlyList<string> Tags, string WhatHappened, string WhatHappenedZh, string WhatToDo, string WhatToDoZh)
{
    /// <summary>ATT&amp;CK technique ids (T1110.001) among the tags, upper case.</summary>
    public IReadOnlyList<string> Techniques { get; init; } = [];
    /// <summary>CWE ids (CWE-89) among the tags.</summary>
    public IEnumerable<string> Weaknesses => Numbered("cwe");
    /// <summary>CAPEC ids (CAPEC-66) among the tags.</summary>
    public IEnumerable<string> AttackPatterns => Numbered("capec");
    /// <summary>sigma | correlation | web.</summary>
    public string Kind { get; init; } = "sigma";
    /// <summary>Counts as context only: never an alert of its own (levels informational and low).</summary>
    public bool ContextOnly => Level <= FindingLevel.Low;

    // Written cwe-89 or cwe.89: public rules have both.
    private IEnumerable<string> Numbered(string space) =>
        Tags.Where(t => t.Length > space.Length + 1 && t.StartsWith(space, StringComparison.OrdinalIgnoreCase) && t[space.Length] is '.' or '-')
            .Select(t => $"{space.ToUpperInvariant()}-{t[(space.Length + 1)..]}");
}

/// <summary>One rule that matched one event, or one correlation that fired at it.</summary>
/// <param name="Event">Index in the batch. For a correlation: the event that made it fire.</param>
/// <param name="Field">Field the evidence lies in; 0 means the raw record.</param>
/// <param name="Offset">Evidence: first byte in the field's value, or in the raw record.</param>
/// <param name="Length">Evidence: bytes. 0 where there is none to point at.</param>
/// <param name="Technique">What was tried, in the field's words ("UNION extraction"); null where the rule's name says it.</param>
/// <param name="Firing">Set for correlations.</param>
public readonly record struct Finding(
    int Event, RuleInfo Rule, AttackOutcome Outcome, ushort Field, int Offset, int Length, string? Technique = null, Firing? Firing = null)
{
    /// <summary>Number of the tenant's mute that hides it from people; 0: none does.</summary>
    public int Muted { get; init; }
    /// <summary>How much speaks for it.</summary>
    public FindingConfidence Confidence { get; init; }

    /// <summary>What its event says of a field; of a window that closed only the group says something: the event at hand is anybody's.</summary>
    public string Said(EventBatch events, ushort field)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (Firing is not { AtClose: true } closed) return events.GetString(Event, field);
        var name = FieldNames.Name(field);
        return closed.Group.FirstOrDefault(g => g.Key == name).Value ?? "";
    }

    /// <summary>The same as it is stored, UTF-8.</summary>
    public ReadOnlySpan<byte> SaidUtf8(EventBatch events, ushort field)
    {
        ArgumentNullException.ThrowIfNull(events);
        return Firing is { AtClose: true } ? System.Text.Encoding.UTF8.GetBytes(Said(events, field)) : events.Get(Event, field);
    }

    /// <summary>When it happened, Unix milliseconds UTC: of a window that closed, its end.</summary>
    public long TimeIn(EventBatch events)
    {
        ArgumentNullException.ThrowIfNull(events);
        return Firing is { AtClose: true } closed ? closed.EndMs : events.Header(Event).TimeMs;
    }

    /// <summary>Log source it is of: of a window that closed, that of the last event of its group.</summary>
    public uint SourceIn(EventBatch events)
    {
        ArgumentNullException.ThrowIfNull(events);
        return Firing is { AtClose: true } closed ? closed.Source : events.Header(Event).Source;
    }

    /// <summary>Journal sequence of the record it tells of; of a window that closed the last one of its group, and the one at hand only where nothing at all came.</summary>
    public ulong SequenceIn(EventBatch events)
    {
        ArgumentNullException.ThrowIfNull(events);
        return Firing is { AtClose: true, Sequences: [.., var last] } ? last : events.Header(Event).Sequence;
    }

    /// <summary>The record it was found in; of a window that closed, what it was judged by.</summary>
    public ReadOnlySpan<byte> Record(EventBatch events)
    {
        ArgumentNullException.ThrowIfNull(events);
        return Firing is { AtClose: true } closed ? System.Text.Encoding.UTF8.GetBytes(closed.Figures) : events.Raw(Event);
    }
}

/// <summary>A correlation that fired: which group, over which events.</summary>
/// <param name="Group">Group-by field (or alias) and value, in the rule's order.</param>
/// <param name="WindowStartMs">Time of the oldest event counted, Unix milliseconds UTC.</param>
/// <param name="FirstSequence">Journal sequence of the oldest event counted.</param>
/// <param name="Count">Events (or distinct values) counted.</param>
/// <param name="Sequences">Journal sequences of the events counted, oldest first, at most 1,000.</param>
public sealed record Firing(
    IReadOnlyList<KeyValuePair<string, string>> Group, long WindowStartMs, ulong FirstSequence, long Count, IReadOnlyList<ulong> Sequences)
{
    /// <summary>It fired because a window closed with few or no events in it: the event of the finding only moved the clock and says nothing of the group.</summary>
    public bool AtClose { get; init; }
    /// <summary>With <see cref="AtClose"/>: when the window ended, Unix milliseconds UTC.</summary>
    public long EndMs { get; init; }
    /// <summary>With <see cref="AtClose"/>: log source of the last event of the group.</summary>
    public uint Source { get; init; }

    /// <summary>What it was judged by: <c>source.ip=203.0.113.7 count=2</c>.</summary>
    public string Figures => string.Join(' ', Group.Select(g => $"{g.Key}={g.Value}").Append(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"count={Count}")));
}

/// <summary>Findings of one batch, in event order. Reused.</summary>
public sealed class FindingList
{
    private Finding[] items = new Finding[256];
    public int Count { get; private set; }
    public ReadOnlySpan<Finding> Items => items.AsSpan(0, Count);
    /// <summary>Matches of rules that correlations count, whether or not they are findings of their own; in event order.</summary>
    internal List<RuleMatch> Matches { get; } = [];
    public void Clear() { Array.Clear(items, 0, Count); Count = 0; Matches.Clear(); }
    /// <summary>The findings from one on, to be changed in place.</summary>
    internal Span<Finding> From(int first) => items.AsSpan(first, Count - first);
    /// <summary>Leaves the first so many.</summary>
    internal void Truncate(int count) { Array.Clear(items, count, Count - count); Count = count; }
    public void Add(in Finding finding)
    {
        if (Count == items.Length) Array.Resize(ref items, Count * 2);
        items[Count++] = finding;
    }
}

/// <summary>A rule (by its place in the set) that matched an event of the batch.</summary>
internal readonly record struct RuleMatch(int Event, int Rule);
