using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Correlate;

/// <summary>How the groups of a correlation are kept.</summary>
/// <param name="Threshold">Events that a window needs where that is all the correlation asks for; 0 for any other correlation.</param>
/// <param name="MaxEvents">Events a group holds at most.</param>
/// <param name="GrainMs">Events of a group that fall into one span of this length are one entry with a weight, so that a threshold beyond what a group may hold is reached; 0: each is an entry. Milliseconds.</param>
/// <param name="KeptMs">A group that nothing has touched for longer, by receipt, is forgotten; milliseconds.</param>
internal readonly record struct Counting(int Threshold, int MaxEvents, long GrainMs, long KeptMs)
{
    /// <summary>Entries of a window where events are put together: what begins a window is told to a two thousandth of it.</summary>
    private const int Grains = 2_000;

    public static Counting Of(CompiledCorrelation rule, CorrelatorOptions options)
    {
        var correlation = rule.Source;
        var kept = rule.AtClose ? long.MaxValue / 2 : correlation.SpanMs + options.LatenessMs;
        if (correlation.Type != CorrelationType.EventCount || rule.AtClose || correlation.Bounds.Count == 0) return new Counting(0, options.MaxEventsPerGroup, 0, kept);
        double threshold = 1;
        foreach (var bound in correlation.Bounds)
        {
            if (bound.Operator is not (Operator.Greater or Operator.GreaterOrEqual)) return new Counting(0, options.MaxEventsPerGroup, 0, kept);
            threshold = Math.Max(threshold, bound.Operator == Operator.Greater ? Math.Floor(bound.Value) + 1 : Math.Ceiling(bound.Value));
        }
        // a threshold needs no more events than it counts to; the rest is room for late ones
        var most = (int)Math.Clamp(threshold * 2, 64, Math.Max(64, options.MaxEventsPerGroup));
        // what a record has no room for is kept as any other correlation
        if (threshold > most / 2) return new Counting(0, options.MaxEventsPerGroup, Math.Max(1, correlation.SpanMs / Grains), kept);
        var fits = most <= GroupRecord.MaxCount && kept < EventChunk.MaxSpanMs;
        return new Counting(fits ? (int)threshold : 0, most, 0, kept);
    }
}
