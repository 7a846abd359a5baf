using System.Net;

namespace Palisade.Cli.Scan;

/// <summary>The incidents of the HTML report: each a card that opens to its steps, sources and lines. No script.</summary>
internal static class HtmlIncidents
{
    private const int Most = 200;

    public static void Write(TextWriter w, ScanPicture p)
    {
        if (p.Incidents.Count == 0) return;
        w.Write($"<h2>Incidents <span class=\"muted\">{p.Incidents.Count:N0}</span></h2>");
        foreach (var i in p.Incidents.Take(Most)) Card(w, i);
        if (p.Incidents.Count > Most) w.Write($"<p class=\"sub\">and {p.Incidents.Count - Most:N0} more</p>");
    }

    private static void Card(TextWriter w, IncidentRow i)
    {
        w.Write($"<section class=\"card\"><div class=\"label\"><b style=\"color:var({LevelColour(i.Level)})\">{E(i.Level)}</b> · {E(i.Class)} · <b style=\"color:var({OutcomeColour(i.Outcome)})\">{E(i.Outcome)}</b> · {JsonReport.Iso(i.FirstMs)} to {JsonReport.Iso(i.LastMs)}</div>");
        w.Write($"<h2 style=\"margin:4px 0 6px\">{E(i.Title)}</h2><div>{E(i.Summary)}</div><div lang=\"zh\" style=\"color:var(--text-2);margin-top:4px\">{E(i.SummaryZh)}</div>");
        w.Write("<details style=\"margin-top:10px\"><summary class=\"muted\">Steps, sources, lines</summary><div class=\"scroll\"><table><tr><th>From</th><th>To</th><th>What</th><th>Outcome</th><th class=\"n\">Count</th></tr>");
        foreach (var s in i.Steps.Take(40))
            w.Write($"<tr><td>{JsonReport.Iso(s.FirstMs)}</td><td>{JsonReport.Iso(s.LastMs)}</td><td>{E(s.Rule.Name)} <span class=\"muted\">{E(s.Technique)}</span></td><td>{s.Outcome.ToString().ToLowerInvariant()}</td><td class=\"n\">{s.Count:N0}</td></tr>");
        w.Write("</table></div>");
        Line(w, "Sources", i.Sources);
        Line(w, "Targets", i.Targets);
        foreach (var part in i.Lines) Line(w, "Lines of " + Path.GetFileName(part.File), [.. part.Lines.Take(60).Select(l => l.ToString())], part.Lines.Count);
        w.Write("</details></section>");
    }

    private static void Line(TextWriter w, string name, IReadOnlyList<string> values, int? all = null)
    {
        if (values.Count == 0) return;
        var total = all ?? values.Count;
        w.Write($"<p><span class=\"label\">{E(name)} ({total:N0})</span><br><code>{E(string.Join("  ", values.Take(60)))}{(total > 60 ? " …" : "")}</code></p>");
    }

    private static string E(string text) => WebUtility.HtmlEncode(TextReport.Cut(text, 2_000));

    private static string LevelColour(string level) => level is "critical" ? "--out-succeeded" : level is "high" ? "--high" : level is "medium" ? "--medium" : "--text-3";

    private static string OutcomeColour(string outcome) => outcome is "succeeded" ? "--out-succeeded" : outcome is "likely" ? "--high" : outcome is "unknown" ? "--out-unknown" : "--text-3";
}
