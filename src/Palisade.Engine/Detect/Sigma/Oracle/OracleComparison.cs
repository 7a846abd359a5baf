using Palisade.Engine.Rules;

namespace Palisade.Engine.Detect.Sigma.Oracle;

/// <summary>An event on which engine and oracle do not agree.</summary>
/// <param name="Sequence">Sequence of the event.</param>
/// <param name="RuleId">Id (else name, else title) of the rule.</param>
/// <param name="Engine">What the engine said; the oracle said the opposite.</param>
public sealed record OracleDifference(ulong Sequence, string RuleId, bool Engine);

/// <summary>Holds engine and oracle against each other, rule by rule and event by event.</summary>
/// <param name="rules">What the engine evaluates.</param>
/// <param name="oracle">Loaded from the same files with the same options.</param>
public sealed class OracleComparison(RuleSet rules, SigmaOracle oracle)
{
    private readonly SigmaDetector detector = new(rules);
    private readonly JsonDetector jsonDetector = new(rules);
    private readonly EventBatch scratch = new();
    private readonly HashSet<(string, int)> both = [.. rules.Compiled.Select(r => (r.File, r.Line)).Where(oracle.Known.ContainsKey)];

    /// <summary>Rules both could read: only these are compared.</summary>
    public int Compared => both.Count;

    /// <summary>Judgements on which they agreed.</summary>
    public long Agreed { get; private set; }

    /// <summary>Rules of the engine the oracle could not read.</summary>
    public IEnumerable<string> Unread => rules.Compiled.Where(r => !both.Contains((r.File, r.Line))).Select(r => r.Info.Id);

    /// <summary>Judges all events of a batch twice; where the verdicts differ is said.</summary>
    public IReadOnlyList<OracleDifference> Compare(EventBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return Compare(batch, detector.Verdicts(batch));
    }

    /// <summary>Judges one JSON event, read into a batch of its own, three times: as it is read, once read, and by the oracle.</summary>
    public IReadOnlyList<OracleDifference> Compare(EventBatch batch, ReadOnlySpan<byte> line)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var once = jsonDetector.Verdict(scratch, line);
        var differences = Compare(batch);
        return once.SequenceEqual(detector.Verdicts(batch)[0]) ? differences : [.. differences, .. Compare(batch, [once])];
    }

    private List<OracleDifference> Compare(EventBatch batch, List<int>[] engine)
    {
        var differences = new List<OracleDifference>();
        for (var i = 0; i < batch.Count; i++)
        {
            var second = oracle.Matches(batch, i);
            var first = engine[i].Select(r => (rules.Compiled[r].File, rules.Compiled[r].Line)).ToHashSet();
            foreach (var rule in both)
            {
                if (first.Contains(rule) == second.Contains(rule)) { Agreed++; continue; }
                differences.Add(new OracleDifference(batch.Header(i).Sequence, oracle.Known[rule], first.Contains(rule)));
            }
        }
        return differences;
    }
}
