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
            Tell(i, Judge(), findings, evidence: true);
        }
    }

    /// <summary>What is known of the event being judged.</summary>
    internal EventState State => state;

    /// <summary>Evaluates the rules woken by what the state was shown of an event: those that match, by their place.</summary>
    internal ReadOnlySpan<int> Judge()
    {
        var rules = state.Matches();
        Evaluated += state.Woken;
        return rules;
    }

    /// <summary>Adds findings for rules that matched an event, and what correlations count.</summary>
    /// <param name="evidence">Findings say where in the event they lie, which is the one the state was shown.</param>
    internal void Tell(int index, ReadOnlySpan<int> rules, FindingList findings, bool evidence)
    {
        foreach (var place in rules)
        {
            var rule = Rules.Compiled[place];
            if (rule.Feeds) findings.Matches.Add(new RuleMatch(index, rule.Index));
            if (!rule.Alerts) continue;
            var (field, offset, length) = evidence ? state.Evidence(rule.Node) : default;
            findings.Add(new Finding(index, rule.Info, rule.Outcome, field, offset, length));
        }
    }

    /// <summary>Whether a correlation counts one of these rules.</summary>
    internal bool Counted(ReadOnlySpan<int> rules)
    {
        if (Rules.Correlations.Length == 0) return false;
        foreach (var rule in rules)
            if (Rules.Compiled[rule].Feeds) return true;
        return false;
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
}
