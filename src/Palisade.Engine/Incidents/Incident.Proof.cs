using Palisade.Engine.Incidents.Proof;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents;

/// <summary>What a second source proves of an incident.</summary>
public sealed partial class Incident
{
    /// <summary>Proofs kept with both records' words; more are only counted.</summary>
    public const int MaxProofs = 8;

    private readonly List<IncidentProof> proofs = [];
    private HashSet<ulong>? proven;

    /// <summary>What a second source proves, the strongest first, then in the order of its coming.</summary>
    public IEnumerable<IncidentProof> Proofs => proofs.OrderByDescending(p => p.Outcome);

    /// <summary>The first of the strongest; null where nothing is proven.</summary>
    internal IncidentProof? Strongest
    {
        get
        {
            IncidentProof? strongest = null;
            foreach (var proof in proofs)
                if (strongest is null || proof.Outcome > strongest.Outcome) strongest = proof;
            return strongest;
        }
    }

    /// <summary>The same as it is held.</summary>
    internal IReadOnlyList<IncidentProof> ProofList => proofs;

    /// <summary>Records that proofs brought in: they are not added once more.</summary>
    internal IEnumerable<ulong> Told => proven ?? [];

    /// <summary>Proofs in all.</summary>
    internal int Proven { get; private set; }

    internal bool Has(ulong sequence) => sequences.Contains(sequence);

    internal void Prove(IncidentProof proof, WebAttempt attempt, RuleInfo rule)
    {
        Proven++;
        if (proofs.Count < MaxProofs) proofs.Add(proof);
        else if (proofs.FindIndex(p => p.Outcome < proof.Outcome) is >= 0 and var weaker) proofs[weaker] = proof;
        // The request was counted as what its answer told.
        var web = Step(attempt.Rule, attempt.Technique);
        if (outcomes[(int)attempt.Outcome] > 0 && attempt.Outcome < proof.Outcome)
        {
            outcomes[(int)attempt.Outcome]--;
            outcomes[(int)proof.Outcome]++;
        }
        if (proof.Outcome > web.Outcome) web.Outcome = proof.Outcome;
        if (marks.Count < MaxMarks) marks.Add(new IncidentMark(attempt.Sequence, attempt.TimeMs, proof.Source, web, proof.Outcome));
        Add(Step(rule, ""), proof.Deed, proof.DeedMs, 0, proof.Outcome);
        proven ??= [];
        if (proven.Count < MaxEvents) { proven.Add(attempt.Sequence); proven.Add(proof.Deed); }
    }

    /// <summary>Takes up proofs that were written down.</summary>
    internal void Restore(IReadOnlyList<IncidentProof> written, HashSet<ulong> told, int count)
    {
        proofs.AddRange(written);
        Proven = count;
        proven = told;
    }

    private void AbsorbProofs(Incident other)
    {
        Proven += other.Proven;
        proofs.AddRange(other.proofs.Take(MaxProofs - Math.Min(MaxProofs, proofs.Count)));
        if (other.proven is not null) (proven ??= []).UnionWith(other.proven);
    }
}
