namespace Palisade.Cli.Bench;

internal static class Percentile
{
    /// <summary>Nearest-rank percentile of sorted values; 0 of none.</summary>
    public static double Of(IReadOnlyList<double> sorted, double share) =>
        sorted.Count == 0 ? 0 : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
}
