using Palisade.Engine.Detect.Sigma.Compile;

namespace Palisade.Engine.Rules.Pipelines;

/// <summary>
/// What pipelines may add to rules, and how much of them they may look at: a few lines of mappings to themselves would else fill the memory, or keep a processor for minutes.
/// One for all rules that are loaded together. Counted are values and items; 64 characters count as one.
/// </summary>
/// <param name="tenant">Whose rules they are. Those of the platform (0), which its owner chose, are bounded each but not together.</param>
internal sealed class PipelineBudget(uint tenant)
{
    /// <summary>What pipelines may add to one rule.</summary>
    public const int RuleGrowth = 100_000;
    /// <summary>What they may add to all rules of a tenant, and items of them that transformations may look at.</summary>
    public const long TenantGrowth = 1_000_000, TenantVisits = 50_000_000;

    private long growth = tenant == 0 ? long.MaxValue : TenantGrowth, visits = tenant == 0 ? long.MaxValue : TenantVisits;
    private long ofRule;

    /// <summary>Begins another rule.</summary>
    public void Begin() => ofRule = RuleGrowth;

    /// <summary>Something is added. Throws <see cref="RuleException"/> (SIG082) where that is too much.</summary>
    public void Grow(long by, int line)
    {
        if (by <= 0) return;
        if ((ofRule -= by) < 0) throw new RuleException("SIG082", line, "the pipeline makes the rule too large");
        if ((growth -= by) < 0) throw new RuleException("SIG082", line, "the pipelines make the rules too large, all of them together");
    }

    /// <summary>A transformation looks at an item. Throws as <see cref="Grow"/> does.</summary>
    public void Visit(int line)
    {
        if (--visits < 0) throw new RuleException("SIG082", line, "the pipelines have too much to do, for all rules together");
    }
}
