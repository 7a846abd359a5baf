using System.Globalization;
using System.Text;
using System.Text.Json;
using Palisade.Cli.Bench;
using Palisade.Engine.Detect.Web;

namespace Palisade.Cli.Web;

/// <summary>What the classifier said of labelled requests, as an access log shows them.</summary>
internal sealed class WebConfusion
{
    private readonly List<(WebRow Row, string? Said, string? Technique)> judged = [];
    private readonly List<(WebRow Row, string? Said)> bodies = [];

    public WebConfusion(WebDetector detector, IReadOnlyList<WebRow> rows)
    {
        var verdicts = new WebVerdict[4];
        foreach (var row in rows)
        {
            if (!row.Hidden)
            {
                var (said, technique) = Said(detector.Classify(row.Request(withBody: false), verdicts), verdicts);
                judged.Add((row, said, technique));
            }
            if (row.Body.Length > 0 && (row.Hidden || row.Class is null)) bodies.Add((row, Said(detector.Classify(row.Request(withBody: true), verdicts), verdicts).Class));
        }
    }

    /// <summary>The first verdict counts; context does not.</summary>
    private static (string? Class, string? Technique) Said(int count, WebVerdict[] verdicts) =>
        count == 0 || verdicts[0].Rule.ContextOnly ? (null, null) : (verdicts[0].Rule.Class, verdicts[0].Technique);

    public IEnumerable<Figure> Figures()
    {
        var payload = judged.Where(j => j.Row.Class is not null && j.Row.IsPayloadOrBenign).ToArray();
        var harmless = judged.Where(j => j.Row.Class is null).ToArray();
        var found = judged.Where(j => j.Row.Class is not null && j.Said is not null).ToArray();
        yield return new("payload classes found", "%", Percent(payload.Count(j => j.Said is not null), payload.Length), AtLeast: 98);
        yield return new("harmless requests passed", "%", Percent(harmless.Count(j => j.Said is null), harmless.Length), AtLeast: 99.9);
        yield return new("right class where found", "%", Percent(found.Count(j => j.Said == j.Row.Class), found.Length), AtLeast: 95);
        foreach (var name in (string[])["probe", "scanner", "webshell"])
            yield return new(name + " found", "%", Percent(judged.Count(j => j.Row.Class == name && j.Said is not null), judged.Count(j => j.Row.Class == name)), AtLeast: name == "scanner" ? 95 : 75);
        if (bodies.Count == 0) yield break;
        yield return new("attacks in bodies found", "%", Percent(bodies.Count(b => b.Row.Class is not null && b.Said is not null), bodies.Count(b => b.Row.Class is not null)));
        yield return new("harmless bodies passed", "%", Percent(bodies.Count(b => b.Row.Class is null && b.Said is null), bodies.Count(b => b.Row.Class is null)));
    }

    /// <summary>The requests judged, as an access log shows them.</summary>
    public IReadOnlyList<WebRow> Rows => [.. judged.Select(j => j.Row)];

    /// <summary>What another judge found of the same requests.</summary>
    /// <param name="rejected">Whether it turned away each of <see cref="Rows"/>.</param>
    public IEnumerable<Figure> FiguresBeside(bool[] rejected, double seconds)
    {
        var own = judged.Select((j, i) => (j.Row, Rejected: rejected[i])).ToArray();
        var payload = own.Where(o => o.Row.Class is not null && o.Row.IsPayloadOrBenign).ToArray();
        var harmless = own.Where(o => o.Row.Class is null).ToArray();
        yield return new("ModSecurity + CRS, payload classes found", "%", Percent(payload.Count(o => o.Rejected), payload.Length));
        yield return new("ModSecurity + CRS, harmless passed", "%", Percent(harmless.Count(o => !o.Rejected), harmless.Length));
        yield return new("ModSecurity + CRS, requests", "/s", rejected.Length / seconds);
    }

    /// <summary>Both judges, class by class and origin by origin.</summary>
    public void WriteBeside(TextWriter to, bool[] rejected)
    {
        var own = judged.Select((j, i) => (j.Row, Found: j.Said is not null, Rejected: rejected[i])).ToArray();
        to.WriteLine("label (rows), found here, turned away by nginx + ModSecurity + CRS:");
        foreach (var group in own.Where(o => o.Row.Class is not null).GroupBy(o => o.Row.Class!).OrderByDescending(g => g.Count()))
            to.WriteLine($"  {group.Key,-16} {group.Count(),6} {Number(group.Count(o => o.Found), group.Count()),8} {Number(group.Count(o => o.Rejected), group.Count()),8}");
        to.WriteLine("origin, attacks, found here and there, harmless, passed here and there:");
        foreach (var group in own.GroupBy(o => o.Row.Origin).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var attacks = group.Where(o => o.Row.Class is not null).ToArray();
            var harmless = group.Where(o => o.Row.Class is null).ToArray();
            to.WriteLine($"  {group.Key,-22} {attacks.Length,6} {Number(attacks.Count(o => o.Found), attacks.Length),8} {Number(attacks.Count(o => o.Rejected), attacks.Length),8} {harmless.Length,6} {Number(harmless.Count(o => !o.Found), harmless.Length),8} {Number(harmless.Count(o => !o.Rejected), harmless.Length),8}");
        }
    }

    private static double Percent(int n, int of) => of == 0 ? 100 : 100.0 * n / of;

    /// <summary>The table of labels against verdicts, then what was found by origin.</summary>
    public void Write(TextWriter to)
    {
        to.WriteLine("label (rows), found, what it was called:");
        foreach (var group in judged.Where(j => j.Row.Class is not null).GroupBy(j => j.Row.Class!).OrderByDescending(g => g.Count()))
        {
            var said = group.GroupBy(j => j.Said ?? "-").OrderByDescending(s => s.Count()).Select(s => $"{s.Key} {s.Count()}");
            to.WriteLine($"  {group.Key,-16} {group.Count(),6} {Number(group.Count(j => j.Said is not null), group.Count()),8}   {string.Join("  ", said)}");
        }
        to.WriteLine("origin, attacks and found, harmless and passed, harmless bodies passed, false alarms:");
        foreach (var group in judged.GroupBy(j => j.Row.Origin).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var attacks = group.Where(j => j.Row.Class is not null).ToArray();
            var harmless = group.Where(j => j.Row.Class is null).ToArray();
            var inBody = bodies.Where(b => b.Row.Class is null && b.Row.Origin == group.Key).ToArray();
            var alarms = harmless.Where(j => j.Said is not null).GroupBy(j => j.Said!).OrderByDescending(s => s.Count()).Select(s => $"{s.Key} {s.Count()}");
            to.WriteLine($"  {group.Key,-22} {attacks.Length,6} {Number(attacks.Count(j => j.Said is not null), attacks.Length),8} {harmless.Length,6} {Number(harmless.Count(j => j.Said is null), harmless.Length),8} {Number(inBody.Count(b => b.Said is null), inBody.Length),8}   {string.Join("  ", alarms)}");
        }
    }

    private static string Number(int n, int of) => of == 0 ? "" : (100.0 * n / of).ToString("0.00", CultureInfo.InvariantCulture);

    /// <summary>Every request that was judged wrongly, one JSON object a line.</summary>
    public void WriteMisses(string file)
    {
        using var writer = new StreamWriter(file);
        foreach (var (row, said, technique) in judged)
        {
            if (said == row.Class) continue;
            writer.WriteLine(JsonSerializer.Serialize(new Dictionary<string, string?>
            {
                ["label"] = row.Class, ["said"] = said, ["technique"] = technique, ["origin"] = row.Origin, ["url"] = Encoding.UTF8.GetString(row.Target),
                ["agent"] = Encoding.UTF8.GetString(row.Agent), ["referrer"] = Encoding.UTF8.GetString(row.Referrer), ["status"] = Encoding.UTF8.GetString(row.Status),
            }));
        }
        foreach (var (row, said) in bodies)
        {
            if (said == row.Class) continue;
            writer.WriteLine(JsonSerializer.Serialize(new Dictionary<string, string?>
            {
                ["label"] = row.Class, ["said"] = said, ["origin"] = row.Origin, ["url"] = Encoding.UTF8.GetString(row.Target), ["body"] = Encoding.UTF8.GetString(row.Body),
            }));
        }
    }
}
