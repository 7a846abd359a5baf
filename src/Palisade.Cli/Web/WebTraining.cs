using System.Globalization;
using Palisade.Engine.Detect.Web;

namespace Palisade.Cli.Web;

/// <summary><c>palisade train web</c>: learns the model of the web request classifier and says how well it does on origins it has not seen.</summary>
internal static class WebTraining
{
    private static readonly string[] Families = ["sqli", "xss", "cmdi", "rce", "path_traversal", "lfi", "rfi", "ssti", "ssrf"];

    public static byte[] Run(WebDetector detector, IReadOnlyList<WebRow> rows, IReadOnlyCollection<string> leftOut, int seed, double lose, double raise, TextWriter report)
    {
        var samples = rows.Where(r => r.IsPayloadOrBenign).Select(r => Sample(detector, r)).ToArray();
        var taught = samples.Where(s => !leftOut.Contains(s.Row.Origin)).ToArray();
        var trainer = new WebTrainer(seed);
        var judged = new List<(WebSample Sample, float Score)>();
        var final = trainer.Train(taught);
        foreach (var origin in samples.Select(s => s.Row.Origin).Distinct().Order(StringComparer.Ordinal))
        {
            // An origin that is left out of the model needs no model of its own.
            var weights = leftOut.Contains(origin) ? final : trainer.Train([.. taught.Where(s => s.Row.Origin != origin)]);
            foreach (var sample in samples.Where(s => s.Row.Origin == origin))
                if (weights.Score(sample) is { } score) judged.Add((sample, score));
        }
        var bars = WebCalibration.Fit(judged, lose, raise);
        Report(samples, judged, bars, leftOut, report);
        var (bytes, bias, scale) = WebTrainer.Round(final);
        var families = trainer.TrainFamilies(taught, Families);
        var familyScale = families.Max(f => f.Max(MathF.Abs)) / 127f;
        var model = new WebModel(Families, bytes, [.. families.Select(f => WebTrainer.Bytes(f, familyScale))],
            [.. bars.Select(b => (short)Math.Clamp(MathF.Ceiling(b / scale), short.MinValue, short.MaxValue))], bias, scale);
        return model.Write();
    }

    private static WebSample Sample(WebDetector detector, WebRow row)
    {
        var values = new List<byte[]>();
        var evidence = detector.Study(row.Request(withBody: true), values);
        return new WebSample(row, [.. values.SelectMany(WebTrainer.WindowsOf)], evidence);
    }

    private static void Report(WebSample[] samples, List<(WebSample Sample, float Score)> judged, float[] bars, IReadOnlyCollection<string> leftOut, TextWriter report)
    {
        var scores = judged.ToDictionary(j => j.Sample, j => j.Score);
        bool Alone(WebSample s) => s.Evidence >= WebDetector.Threshold;
        bool Both(WebSample s) => scores.TryGetValue(s, out var score) ? score >= bars[Math.Min(s.Evidence, WebModel.Bars - 1)] : Alone(s);
        report.WriteLine("Each origin judged by a model that has not seen it; found: attacks with a payload, passed: harmless requests.");
        report.WriteLine($"{"origin",-22} {"attacks",8} {"signatures",11} {"with model",11} {"harmless",9} {"signatures",11} {"with model",11}");
        foreach (var group in samples.GroupBy(s => s.Row.Origin).OrderBy(g => g.Key, StringComparer.Ordinal).Append(null))
        {
            var own = (IEnumerable<WebSample>?)group ?? samples;
            var attacks = own.Where(s => s.Row.Class is not null).ToArray();
            var harmless = own.Where(s => s.Row.Class is null).ToArray();
            var name = group is null ? "all" : group.Key + (leftOut.Contains(group.Key) ? " *" : "");
            report.WriteLine($"{name,-22} {attacks.Length,8} {Share(attacks.Count(Alone), attacks.Length),11} {Share(attacks.Count(Both), attacks.Length),11} {harmless.Length,9} {Share(harmless.Count(s => !Alone(s)), harmless.Length),11} {Share(harmless.Count(s => !Both(s)), harmless.Length),11}");
        }
        if (leftOut.Count > 0) report.WriteLine("* not in the model at all");
        report.WriteLine("Bars, log-odds for evidence 0 to 10: " + string.Join(' ', bars.Select(b => b.ToString("0.0", CultureInfo.InvariantCulture))));
    }

    private static string Share(int n, int of) => of == 0 ? "" : (100.0 * n / of).ToString("0.00", CultureInfo.InvariantCulture) + " %";
}
