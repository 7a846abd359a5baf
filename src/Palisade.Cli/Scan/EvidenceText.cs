using System.Net;
using Palisade.Protocol;
using Spectre.Console;

namespace Palisade.Cli.Scan;

/// <summary>One telling finding of each class, decoded step by step, for the terminal and the HTML report.</summary>
internal static class EvidenceText
{
    private const int MaxClasses = 8, MaxText = 200;

    public static void Write(IAnsiConsole console, ScanPicture p, FindingSamples samples)
    {
        var shown = p.Classes.Top(24).Select(c => samples.Of(c.Key)).Where(rows => rows.Count > 0).Take(MaxClasses).Select(Most).Where(r => r.Rule.Kind == "web").ToList();
        if (shown.Count == 0) return;
        console.MarkupLine("[bold]Evidence, decoded[/]");
        console.WriteLine();
        foreach (var row in shown)
        {
            console.MarkupLine($"[bold]{Markup.Escape(row.Rule.Class)}[/]  {Markup.Escape(row.Technique ?? row.Rule.Name)}  [grey]{Markup.Escape(Known(row))}  ·  {Markup.Escape(Path.GetFileName(row.File))}:{row.Line}[/]");
            console.WriteLine($"  {"as sent",-30}  {TextReport.Cut(row.Evidence, MaxText)}");
            foreach (var step in samples.Explain(row)?.Steps ?? [])
                console.WriteLine($"  {TextReport.Cut(Names(step), 30),-30}  {TextReport.Cut(step.Text, MaxText)}");
            console.WriteLine();
        }

        // The one that was hidden best tells most.
        FindingRow Most(IReadOnlyList<FindingRow> rows) => rows.MaxBy(r => samples.Explain(r)?.Steps.Count ?? 0)!;
    }

    /// <summary>A sample as a disclosure that opens to its steps. No script.</summary>
    public static string Html(FindingRow row, FindingSamples samples)
    {
        var how = samples.Explain(row);
        if (how is null) return $"<code>{E(row.Evidence, 160)}</code><br>";
        var steps = string.Concat(how.Steps.Select(s => $"<tr><td class=\"muted\">{E(Names(s), 80)}</td><td><code>{Marked(s.Text, how.Match)}</code></td></tr>"));
        return $"<details><summary><code>{E(row.Evidence, 160)}</code></summary><div class=\"muted\">{E(row.Technique ?? row.Rule.Name, 200)} · {E(Known(row), 200)}</div>"
            + $"<table><tr><td class=\"muted\">as sent</td><td><code>{Marked(row.Evidence, how.Match)}</code></td></tr>{steps}</table></details>";
    }

    private static string Names(Engine.Detect.Web.DecodingStep step) => string.Join(", ", step.By.Select(Engine.Detect.Web.WebEvidence.NameOf));

    private static string Known(FindingRow row)
    {
        var ids = row.Rule.Techniques.Concat(row.Rule.AttackPatterns).Concat(row.Rule.Weaknesses);
        return (row.Confidence == FindingConfidence.None ? "" : $"{row.ConfidenceWord} confidence  ·  ") + string.Join(' ', ids);
    }

    private static string Marked(string text, string match)
    {
        text = TextReport.Cut(text, 600);
        match = TextReport.Cut(match, 600);
        var at = match.Length == 0 ? -1 : text.IndexOf(match, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? E(text, 600) : $"{E(text[..at], 600)}<mark>{E(text.Substring(at, match.Length), 600)}</mark>{E(text[(at + match.Length)..], 600)}";
    }

    private static string E(string text, int length) => WebUtility.HtmlEncode(TextReport.Cut(text, length));
}
