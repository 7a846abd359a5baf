using Palisade.Engine.Detect.Web;

namespace Palisade.Cli.Web;

/// <summary>
/// How sure the model has to be beside each sum of signature evidence, measured on scores of models that never saw the
/// request's origin. Where signatures say too little, it may raise a given share of the harmless requests; where they say
/// just enough, it may lose a given share of the attacks; where they are sure, it is not asked.
/// </summary>
internal static class WebCalibration
{
    /// <summary>From here on the model is not asked.</summary>
    private const int Sure = WebModel.Bars - 1;

    /// <summary>Bars in log-odds of the model, one for each evidence; never rising with it.</summary>
    /// <param name="lose">Share of attacks, each origin counting alike, that may be lost for one group of evidence.</param>
    /// <param name="raise">Share of harmless requests that may be raised for one group of evidence.</param>
    public static float[] Fit(IReadOnlyList<(WebSample Sample, float Score)> judged, double lose, double raise)
    {
        var bars = new float[WebModel.Bars];
        Array.Fill(bars, float.MinValue, Sure, bars.Length - Sure);
        var harmless = judged.Where(j => j.Sample.Row.Class is null).ToArray();
        foreach (var (from, to) in ((int, int)[])[(0, 0), (1, 2), (3, 4)])
        {
            var own = harmless.Where(j => j.Sample.Evidence >= from && j.Sample.Evidence <= to).Select(j => j.Score).OrderDescending().ToArray();
            var allowed = (int)(harmless.Length * raise);
            // Too few of them to measure: as for no evidence at all.
            bars[from] = own.Length > allowed && (from == 0 || own.Length >= 20) ? Math.Max(0, own[allowed] + 0.01f) : bars[0];
            for (var e = from + 1; e <= to; e++) bars[e] = bars[from];
        }
        foreach (var (from, to) in ((int, int)[])[(5, 5), (6, 7), (8, 9)])
        {
            var own = judged.Where(j => j.Sample.Row.Class is not null && j.Sample.Evidence >= from && j.Sample.Evidence <= to)
                .GroupBy(j => j.Sample.Row.Origin).SelectMany(g => g.Select(j => (j.Score, Weight: 1.0 / Math.Max(100, g.Count())))).OrderBy(j => j.Score).ToArray();
            var left = own.Sum(o => o.Weight) * lose;
            bars[from] = float.MinValue;
            foreach (var (score, weight) in own)
            {
                left -= weight;
                if (left < 0) { bars[from] = score - 0.01f; break; }
            }
            for (var e = from + 1; e <= to; e++) bars[e] = bars[from];
        }
        for (var e = 1; e < bars.Length; e++) bars[e] = Math.Min(bars[e], bars[e - 1]);
        return bars;
    }
}
