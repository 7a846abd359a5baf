using Palisade.Protocol;

namespace Palisade.Engine.Incidents;

/// <summary>What an incident amounts to: class of its furthest phase, outcome, level and score, all from its steps.</summary>
internal static class IncidentJudge
{
    public static void Judge(Incident incident, IncidentContent content)
    {
        ClassWords? furthest = null;
        var level = FindingLevel.Informational;
        var phases = 0;
        var firm = false;
        double weight = 0;
        // What a host proves got as far as a command there, and is named by how it came in.
        if (incident.Strongest is { } proof)
        {
            var ran = content.Of("execution");
            furthest = content.Of(proof.Class) with { Phase = AttackPhase.Access, Rank = ran.Rank };
            phases |= 1 << (int)AttackPhase.Access;
            firm = true;
        }
        foreach (var step in incident.StepList)
        {
            var words = content.Of(step.Rule.Class);
            // What is only odd speaks for an incident where nothing else does.
            var isFirm = step.Rule.Kind != "anomaly";
            // The proof itself, and a rule that sees a site's account at work and knows no more of how, tell nothing that is not told by then.
            if (IsTold(incident, step)) words = words with { Phase = AttackPhase.Access, Rank = 0 };
            if (furthest is null || (isFirm, words.Phase, words.Rank).CompareTo((firm, furthest.Phase, furthest.Rank)) > 0) (furthest, firm) = (words, isFirm);
            if (step.Rule.Level > level) level = step.Rule.Level;
            phases |= 1 << (int)words.Phase;
            // Repeats of one thing say less and less, and so does what happens here every day.
            weight += LevelWeight(step.Rule.Level) * (step.Rarity == 0 ? 1 : step.Rarity) * (1 + Math.Log2(Math.Max(1, step.Count)) / 4);
        }
        incident.Class = furthest?.Class ?? "other";
        incident.Outcome = OutcomeOf(incident);
        if (incident.Outcome >= AttackOutcome.Likely && level == FindingLevel.Medium) level = FindingLevel.High;
        if (incident.Outcome == AttackOutcome.Succeeded || incident.Outcome == AttackOutcome.Likely && furthest?.Phase >= AttackPhase.Access) level = FindingLevel.Critical;
        incident.Level = level;
        incident.Score = Score(weight, System.Numerics.BitOperations.PopCount((uint)phases), incident.Outcome);
    }

    private static bool IsTold(Incident incident, IncidentStep step) =>
        incident.Proven > 0 && (step.Rule.Id.StartsWith("behaviour.host_", StringComparison.Ordinal) || step.Rule is { Class: "webshell" or "execution", Kind: "sigma" });

    private static double LevelWeight(FindingLevel level) => level switch
    {
        FindingLevel.Critical => 16,
        FindingLevel.High => 8,
        FindingLevel.Medium => 4,
        FindingLevel.Low => 1,
        _ => 0.25,
    };

    /// <summary>0 to 100, each doubling of the weight nearer to the top; a phase further adds a quarter, a likely success half.</summary>
    private static int Score(double weight, int phases, AttackOutcome outcome)
    {
        var chain = 1 + 0.25 * Math.Max(0, phases - 1);
        var success = outcome >= AttackOutcome.Likely ? 1.5 : outcome is AttackOutcome.Blocked or AttackOutcome.Failed ? 0.6 : 1;
        return (int)Math.Round(100 * (1 - Math.Exp(-weight * chain * success / 24)));
    }

    /// <summary>One attempt that worked is enough; blocked or failed is said only where nearly all were, for what is unknown is not safe.</summary>
    private static AttackOutcome OutcomeOf(Incident incident)
    {
        if (incident.CountOf(AttackOutcome.Succeeded) > 0) return AttackOutcome.Succeeded;
        if (incident.CountOf(AttackOutcome.Likely) > 0) return AttackOutcome.Likely;
        var blocked = incident.CountOf(AttackOutcome.Blocked);
        var failed = incident.CountOf(AttackOutcome.Failed);
        var known = blocked + failed;
        var all = known + incident.CountOf(AttackOutcome.Unknown);
        if (all == 0 || known * 20 < all * 19) return AttackOutcome.Unknown;
        return failed * 20 < all ? AttackOutcome.Blocked : AttackOutcome.Failed;
    }
}
