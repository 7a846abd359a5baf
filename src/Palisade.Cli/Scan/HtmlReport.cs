using System.Globalization;
using System.Net;
using System.Text;
using Palisade.Protocol;

namespace Palisade.Cli.Scan;

/// <summary>The picture as one HTML page that needs nothing else: style, bars and chart are inside, dark or light as the reader's system is.</summary>
internal static class HtmlReport
{
    // The console's design tokens, the part a report needs.
    private const string Style = """
        :root{color-scheme:dark;--bg:#0C0E12;--surface:#13161C;--surface-2:#1A1E26;--line:#20252E;--line-2:#2C323D;--text-1:#E9ECF2;--text-2:#A9B2C1;--text-3:#868FA0;--accent:#9298FF;
        --cls-web:#4C82C6;--cls-recon:#5FC6B3;--cls-malware:#D25579;--cls-cred:#AB91F2;--cls-other:#6C7688;--out-blocked:#5F6A7D;--out-failed:#93A0B4;--out-unknown:#C2A552;--out-succeeded:#FF6372;--medium:#E6C54A;--high:#FF9D4D}
        @media (prefers-color-scheme:light){:root{color-scheme:light;--bg:#F5F6F8;--surface:#FFF;--surface-2:#F3F4F7;--line:#ECEEF2;--line-2:#DDE0E7;--text-1:#171B23;--text-2:#4A5362;--text-3:#656E7D;--accent:#4A4FD0;
        --cls-web:#3E6FAF;--cls-recon:#2C8F7D;--cls-malware:#B83A60;--cls-cred:#7C5BD6;--cls-other:#6C7688;--out-blocked:#7B8596;--out-failed:#5F6A7D;--out-unknown:#93770F;--out-succeeded:#D2304A;--medium:#80660A;--high:#B4560F}}
        *{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--text-1);font:13px/1.5 Inter,"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",system-ui,sans-serif;font-feature-settings:"tnum" 1}
        main{max-width:1120px;margin:0 auto;padding:32px 20px 48px}h1{font-size:18px;font-weight:600;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:15px;font-weight:600;margin:0 0 12px}p.sub{color:var(--text-2);margin:0 0 24px}
        .grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin-bottom:12px}.card{background:var(--surface);border:1px solid var(--line-2);border-radius:8px;padding:16px;margin-bottom:12px;min-width:0}
        .grid .card{margin:0}.figure{font-size:24px;font-weight:600;line-height:1.2}.label{color:var(--text-3);font-size:12px}table{border-collapse:collapse;width:100%}th{font-size:11px;font-weight:500;color:var(--text-3);text-align:left}
        th,td{padding:7px 12px 7px 0;border-bottom:1px solid var(--line);vertical-align:top}tr:last-child td{border-bottom:0}td.n,th.n{text-align:right;white-space:nowrap}code{font:12px "JetBrains Mono",ui-monospace,Consolas,monospace;color:var(--text-2);overflow-wrap:anywhere}
        mark{background:none;color:var(--high);font-weight:600}summary{cursor:pointer}svg{display:block}.bar{width:120px}.scroll{overflow-x:auto}.muted{color:var(--text-3)}.out{display:flex;height:8px;border-radius:4px;overflow:hidden;margin:8px 0 10px}.out i{display:block}.key{display:inline-block;width:8px;height:8px;border-radius:2px;margin-right:6px}
        .keys span{margin-right:16px;color:var(--text-2);white-space:nowrap}footer{color:var(--text-3);font-size:12px;margin-top:24px}
        """;

    public static void Write(Stream stream, ScanOptions options, ScanPicture p, FindingSamples samples)
    {
        using var w = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16);
        var title = string.Join(", ", options.Files.Take(4).Select(f => Path.GetFileName(f)));
        w.Write("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
        w.Write("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
        w.Write($"<title>Palisade: {E(title)}</title><style>{Style}</style></head><body><main>");
        w.Write($"<h1>{E(title)}</h1><p class=\"sub\">{p.Lines:N0} lines{(p.FirstMs <= p.LastMs ? $", {JsonReport.Iso(p.FirstMs)} to {JsonReport.Iso(p.LastMs)}" : "")}, read in {p.Elapsed.TotalSeconds:F1} s</p>");
        Figures(w, p);
        HtmlIncidents.Write(w, p);
        if (p.AttackLines > 0)
        {
            Outcomes(w, p);
            Chart(w, p);
            Classes(w, p, samples);
            Sources(w, p);
            Pairs(w, "Targets", "Path", p.Targets);
            Pairs(w, "Methods", "Method", p.Methods);
        }
        w.Write("<footer>Made by Palisade. \"Unknown\" means that the log does not say what came of an attempt; it is never counted as safe.</footer></main></body></html>");
    }

    private static string E(string text) => WebUtility.HtmlEncode(TextReport.Cut(text, 600));

    private static void Figures(StreamWriter w, ScanPicture p)
    {
        w.Write("<div class=\"grid\">");
        foreach (var (label, value) in new[]
        {
            ("Lines with attacks", p.AttackLines.ToString("N0")), ("Share of all lines", (p.Lines == 0 ? 0 : 100.0 * p.AttackLines / p.Lines).ToString("F2") + " %"),
            ("Attacking addresses", (p.Sources.Approximate ? "≈ " : "") + p.Sources.Distinct.ToString("N0")), ("Attack types", p.Classes.Distinct.ToString("N0")), ("Lines not understood", p.Unparsed.ToString("N0")),
        }) w.Write($"<div class=\"card\"><div class=\"figure\">{value}</div><div class=\"label\">{label}</div></div>");
        w.Write("</div>");
    }

    private static void Outcomes(StreamWriter w, ScanPicture p)
    {
        w.Write("<section class=\"card\"><h2>What came of it</h2><div class=\"out\">");
        foreach (var (o, colour) in OutcomeColours)
            if (p.Outcomes[(int)o] > 0) w.Write(string.Create(CultureInfo.InvariantCulture, $"<i style=\"width:{100.0 * p.Outcomes[(int)o] / p.AttackLines:F2}%;background:var({colour})\"></i>"));
        w.Write("</div><div class=\"keys\">");
        foreach (var (o, colour) in OutcomeColours)
            w.Write($"<span><i class=\"key\" style=\"background:var({colour})\"></i>{o.ToString().ToLowerInvariant()} {p.Outcomes[(int)o]:N0}</span>");
        w.Write("</div></section>");
    }

    private static readonly (AttackOutcome, string)[] OutcomeColours =
    [
        (AttackOutcome.Succeeded, "--out-succeeded"), (AttackOutcome.Likely, "--high"), (AttackOutcome.Unknown, "--out-unknown"),
        (AttackOutcome.Failed, "--out-failed"), (AttackOutcome.Blocked, "--out-blocked"),
    ];

    private static void Chart(StreamWriter w, ScanPicture p)
    {
        var columns = p.Timeline.Columns(120, out var from, out var to);
        var most = Math.Max(1, columns.Max());
        w.Write("<section class=\"card\"><h2>Attacks over time</h2><svg viewBox=\"0 0 1200 160\" width=\"100%\" height=\"160\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Attacks over time\">");
        for (var i = 0; i < columns.Length; i++)
        {
            if (columns[i] == 0) continue;
            var height = Math.Max(2, 156.0 * columns[i] / most);
            w.Write(string.Create(CultureInfo.InvariantCulture, $"<rect x=\"{i * 10}\" y=\"{160 - height:F1}\" width=\"8\" height=\"{height:F1}\" fill=\"var(--accent)\"><title>{columns[i]:N0}</title></rect>"));
        }
        w.Write($"</svg><div class=\"label\" style=\"display:flex;justify-content:space-between;margin-top:6px\"><span>{JsonReport.Iso(from)}</span><span>at most {most:N0} in one column</span><span>{JsonReport.Iso(to)}</span></div></section>");
    }

    private static void Classes(StreamWriter w, ScanPicture p, FindingSamples samples)
    {
        var top = p.Classes.Top(40);
        w.Write("<section class=\"card\"><h2>Attack types and methods</h2><div class=\"scroll\"><table><tr><th>Type</th><th></th><th class=\"n\">Count</th><th>Methods seen</th><th>Evidence</th></tr>");
        foreach (var (key, c) in top)
        {
            var methods = string.Join("<br>", c.Techniques.Top(4).Select(t => $"{E(t.Key)} <span class=\"muted\">{t.Value.Count:N0}</span>"));
            var evidence = string.Concat(samples.Of(key).Take(3).Select(s => EvidenceText.Html(s, samples)));
            w.Write($"<tr><td><b>{E(key)}</b><br><span class=\"muted\">{E(c.Title)}</span></td><td>{Bar(c.Count, top[0].Value.Count, Colour(key))}</td><td class=\"n\">{c.Count:N0}</td><td>{methods}</td><td>{evidence}</td></tr>");
        }
        w.Write("</table></div></section>");
    }

    private static void Sources(StreamWriter w, ScanPicture p)
    {
        var top = p.Sources.Top(30);
        if (top.Count == 0) return;
        w.Write("<section class=\"card\"><h2>Attack sources</h2><div class=\"scroll\"><table><tr><th>Address</th><th></th><th class=\"n\">Count</th><th>Mostly</th><th>Where</th><th>First</th><th>Last</th></tr>");
        foreach (var (key, s) in top)
            w.Write($"<tr><td><code>{E(key)}</code></td><td>{Bar(s.Count, top[0].Value.Count, Colour(s.MainClass))}</td><td class=\"n\">{s.Count:N0}</td><td>{E(s.MainClass)}</td><td>{E((s.Country + " " + s.Organisation).Trim())}</td><td>{JsonReport.Iso(s.FirstMs)}</td><td>{JsonReport.Iso(s.LastMs)}</td></tr>");
        w.Write("</table></div></section>");
    }

    private static void Pairs(StreamWriter w, string title, string name, TopTable<ScanPicture.Tally> tallies)
    {
        var top = tallies.Top(20);
        if (top.Count == 0) return;
        w.Write($"<section class=\"card\"><h2>{title}</h2><div class=\"scroll\"><table><tr><th>{name}</th><th></th><th class=\"n\">Count</th></tr>");
        foreach (var (key, tally) in top)
            w.Write($"<tr><td><code>{E(TextReport.Cut(key, 160))}</code></td><td>{Bar(tally.Count, top[0].Value.Count, "--accent")}</td><td class=\"n\">{tally.Count:N0}</td></tr>");
        w.Write("</table></div></section>");
    }

    private static string Bar(long count, long most, string colour) =>
        string.Create(CultureInfo.InvariantCulture, $"<svg class=\"bar\" viewBox=\"0 0 120 8\" height=\"8\" aria-hidden=\"true\"><rect width=\"{Math.Max(2.0, 120.0 * count / Math.Max(1, most)):F1}\" height=\"8\" rx=\"2\" fill=\"var({colour})\"/></svg>");

    private static string Colour(string attackClass) => attackClass switch
    {
        "scanner" or "probe" or "reconnaissance" or "discovery" => "--cls-recon",
        "webshell" or "rce" or "cmdi" or "deserialization" or "log4shell" or "execution" or "persistence" => "--cls-malware",
        "brute_force" or "credential_stuffing" or "authentication" or "credential_access" => "--cls-cred",
        "other" => "--cls-other",
        _ => "--cls-web",
    };
}
