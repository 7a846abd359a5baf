using Palisade.Engine.Rules;

namespace Palisade.Engine.Detect.Sigma;

/// <summary>Evaluates the Sigma rules of a set on a batch. Owns working memory: one instance a thread.</summary>
public sealed class SigmaDetector(RuleSet rules)
{
    /// <summary>The set it evaluates.</summary>
    public RuleSet Rules { get; } = rules;

    /// <summary>Adds a finding for each match; matches of base rules that do not alert go to the correlator alone.</summary>
    public void Detect(EventBatch batch, FindingList findings)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(findings);
    }
}
