using Palisade.Engine.Detect.Sigma.Match;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Detect.Sigma;

/// <summary>
/// Judges JSON events by the Sigma rules of a set while it reads them, so that a value that was met before costs one comparison and one
/// that no rule asks for is never unescaped. The same verdicts as <see cref="JsonEventReader"/> and <see cref="SigmaDetector"/> one after
/// the other. Owns working memory: one instance a thread.
/// </summary>
public sealed class JsonDetector
{
    private readonly SigmaDetector detector;
    private readonly JsonEventReader reader;

    public JsonDetector(RuleSet rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        detector = new SigmaDetector(rules);
        reader = new JsonEventReader(rules, detector.State);
    }

    /// <summary>Rules evaluated so far; the prefilter turned the others away.</summary>
    public long Evaluated => detector.Evaluated;

    /// <summary>Values looked up in the memory of values, and those it knew.</summary>
    public (long Lookups, long Hits) Memory => detector.State.Memo;

    /// <summary>Verdicts looked up by what was found in an event, and those that were known.</summary>
    public (long Lookups, long Hits) Verdicts => detector.State.Verdicts;

    /// <summary>
    /// Adds one event to the batch, and what rules match it. An event that no correlation counts keeps its time alone; its fields are gone.
    /// </summary>
    /// <returns>None, or why the line is refused; nothing is added then.</returns>
    public ParseRefusal Add(EventBatch into, ReadOnlySpan<byte> line, ulong sequence, MatchList matches)
    {
        ArgumentNullException.ThrowIfNull(into);
        ArgumentNullException.ThrowIfNull(matches);
        var arena = into.ArenaUsed;
        var refusal = reader.Add(into, line, sequence);
        if (refusal != ParseRefusal.None) return refusal;
        var rules = detector.Judge();
        matches.Add(into.Count - 1, rules);
        if (detector.Counted(rules)) detector.State.Open();
        else
        {
            into.Rewind(0);
            into.TrimTo(arena);
        }
        return ParseRefusal.None;
    }

    /// <summary>Makes findings, without evidence, of what matched, and what correlations count of it.</summary>
    public void Tell(MatchList matches, FindingList findings)
    {
        ArgumentNullException.ThrowIfNull(matches);
        ArgumentNullException.ThrowIfNull(findings);
        var at = 0;
        while (matches.Next(ref at, out var index, out var rules)) detector.Tell(index, rules, findings, evidence: false);
    }

    /// <summary>The rules (by their place) that match one event, whether or not they alert. Off the hot path.</summary>
    internal List<int> Verdict(EventBatch scratch, ReadOnlySpan<byte> line)
    {
        scratch.Clear();
        if (reader.Add(scratch, line, 0) != ParseRefusal.None) return [];
        return detector.Verdict();
    }
}
