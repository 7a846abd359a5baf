using Palisade.Engine.Detect.Web;

namespace Palisade.Cli.Web;

/// <summary>
/// How sure the model has to be beside each sum of signature evidence: a logistic regression over both, fitted on scores of
/// models that never saw the request's origin, and one threshold that lets the wanted share of harmless requests pass.
/// </summary>
internal static class WebCalibration
{
    /// <summary>Bars in log-odds of the model, one for each evidence; never rising with it.</summary>
    public static float[] Fit(IReadOnlyList<(WebSample Sample, float Score)> judged, double pass)
    {
        var rows = judged.Select(j => (Evidence: Math.Min(j.Sample.Evidence, WebModel.Bars - 1), j.Score, Attack: j.Sample.Row.Class is not null, j.Sample.Row.Origin)).ToArray();
        var perOrigin = rows.GroupBy(r => (r.Origin, r.Attack)).ToDictionary(g => g.Key, g => Math.Sqrt(1000.0 / g.Count()));
        var level = new double[WebModel.Bars];
        var slope = 0.5;
        for (var round = 0; round < 400; round++)
        {
            var g = new double[WebModel.Bars];
            var h = new double[WebModel.Bars];
            double gs = 0, hs = 1e-6;
            foreach (var r in rows)
            {
                var weight = perOrigin[(r.Origin, r.Attack)];
                var score = Math.Clamp(r.Score, -25, 25);
                var p = 1 / (1 + Math.Exp(-(level[r.Evidence] + slope * score)));
                var error = weight * ((r.Attack ? 1 : 0) - p);
                var curve = weight * p * (1 - p);
                g[r.Evidence] += error;
                h[r.Evidence] += curve;
                gs += error * score;
                hs += curve * score * score;
            }
            // A level few rows speak for is held near its neighbours' by one row of each kind.
            for (var e = 0; e < level.Length; e++) level[e] += 0.7 * (g[e] - 0.5 * Math.Tanh(level[e] / 8)) / (h[e] + 1);
            slope = Math.Clamp(slope + 0.3 * gs / hs, 0.05, 4);
        }
        for (var e = 1; e < level.Length; e++) level[e] = Math.Max(level[e], level[e - 1]);
        var benign = rows.Where(r => !r.Attack).Select(r => level[r.Evidence] + slope * Math.Clamp(r.Score, -25, 25)).OrderDescending().ToArray();
        var allowed = (int)Math.Floor(benign.Length * (1 - pass));
        var threshold = benign.Length == 0 ? 0 : Math.Max(0, benign[Math.Min(allowed, benign.Length - 1)] + 1e-9);
        return [.. level.Select(l => (float)((threshold - l) / slope))];
    }
}
