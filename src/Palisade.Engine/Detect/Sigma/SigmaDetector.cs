using Palisade.Engine.Detect.Sigma.Match;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Detect.Sigma;

/// <summary>Evaluates the Sigma rules of a set on a batch. Owns working memory: one instance a thread.</summary>
public sealed class SigmaDetector(RuleSet rules)
{
    private readonly EventState state = new(rules);

    /// <summary>The set it evaluates.</summary>
    public RuleSet Rules { get; } = rules;

    /// <summary>Rules evaluated so far; the prefilter turned the others away.</summary>
    public long Evaluated { get; private set; }

    /// <summary>Adds a finding for each match; matches of base rules that do not alert go to the correlator alone.</summary>
    /// <param name="tenant">Looks at the events of this tenant only; 0: at all.</param>
    public void Detect(EventBatch batch, FindingList findings, uint tenant = 0)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(findings);
        if (Rules.Compiled.Length == 0) return;
        for (var i = 0; i < batch.Count; i++)
        {
            if (tenant != 0 && batch.Header(i).Tenant != tenant) continue;
            state.Load(batch, i);
            Judge(i, findings, evidence: true);
        }
    }

    /// <summary>What is known of the event being judged.</summary>
    internal EventState State => state;

    /// <summary>Evaluates the rules woken by what the state was shown of an event; whether a correlation counts one that matched.</summary>
    /// <param name="evidence">Findings say where in the event they lie.</param>
    internal bool Judge(int index, FindingList findings, bool evidence)
    {
        var counted = false;
        foreach (var rule in state.Matches()) counted |= Tell(Rules.Compiled[rule], index, findings, evidence);
        Evaluated += state.Woken;
        return counted;
    }

    /// <summary>For each event of a batch the rules (by their place) that match it, whether or not they alert. Off the hot path.</summary>
    internal List<int>[] Verdicts(EventBatch batch)
    {
        var verdicts = new List<int>[batch.Count];
        for (var i = 0; i < batch.Count; i++)
        {
            state.Load(batch, i);
            verdicts[i] = Verdict();
        }
        return verdicts;
    }

    /// <summary>The rules that match what the state was shown.</summary>
    internal List<int> Verdict() => [.. state.Matches()];

    // Whether a correlation counts the rule that matched.
    private bool Tell(CompiledRule rule, int index, FindingList findings, bool evidence)
    {
        if (rule.Feeds) findings.Matches.Add(new RuleMatch(index, rule.Index));
        if (!rule.Alerts) return rule.Feeds;
        var (field, offset, length) = evidence ? state.Evidence(rule.Node) : default;
        findings.Add(new Finding(index, rule.Info, rule.Outcome, field, offset, length));
        return rule.Feeds;
    }
}
