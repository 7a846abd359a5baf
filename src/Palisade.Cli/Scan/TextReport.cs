using System.Text;
using Palisade.Protocol;
using Spectre.Console;

namespace Palisade.Cli.Scan;

/// <summary>The picture for a person at a terminal: colour there, plain text in a pipe or file.</summary>
internal static class TextReport
{
    private const string Blocks = " ▁▂▃▄▅▆▇█";

    public static void Write(Stream stream, ScanOptions options, ScanPicture p, FindingSamples samples)
    {
        var plain = options.Out is not null || Console.IsOutputRedirected;
        using var writer = new StreamWriter(stream, new UTF8Encoding(false)) { AutoFlush = false };
        var colours = !plain && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Yes,
            ColorSystem = colours ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        console.Profile.Width = plain ? 120 : Math.Clamp(Console.WindowWidth, 60, 160);
        Head(console, options, p);
        Incidents(console, p);
        if (p.AttackLines > 0)
        {
            Classes(console, p, samples);
            EvidenceText.Write(console, p, samples);
            Sources(console, p);
            Pairs(console, "Targets", "path", p.Targets, p.AttackLines);
            Pairs(console, "Methods", "method", p.Methods, p.AttackLines);
            Line(console, p);
        }
        writer.Flush();
    }

    private static void Head(IAnsiConsole console, ScanOptions options, ScanPicture p)
    {
        var share = p.Lines == 0 ? 0 : 100.0 * p.AttackLines / p.Lines;
        console.WriteLine();
        console.MarkupLine($"[bold]{Markup.Escape(string.Join(", ", options.Files.Take(4).Select(Path.GetFileName)))}[/]{(options.Files.Count > 4 ? $" and {options.Files.Count - 4} more" : "")}");
        var span = p.FirstMs <= p.LastMs ? $"  ·  {JsonReport.Iso(p.FirstMs)} to {JsonReport.Iso(p.LastMs)}" : "";
        console.MarkupLine($"{p.Lines:N0} lines in {p.Elapsed.TotalSeconds:F1} s{span}");
        console.MarkupLine(p.AttackLines == 0
            ? "[green]No attacks found.[/]"
            : $"[bold red]{p.AttackLines:N0}[/] lines with attacks ({share:F1} %), {p.ContextFindings:N0} findings of context");
        if (p.Unparsed > 0) console.MarkupLine($"[yellow]{p.Unparsed:N0} lines were not understood[/] (kept, not judged; --source names the kind)");
        if (p.CutLines > 0) console.MarkupLine($"[yellow]{p.CutLines:N0} lines longer than 1 MiB were cut[/]");
        if (p.AttackLines == 0) return;
        var outcomes = string.Join("   ", Enumerable.Range(0, p.Outcomes.Length).Where(o => p.Outcomes[o] > 0).Select(o => $"{Outcome((AttackOutcome)o)} {p.Outcomes[o]:N0}"));
        console.MarkupLine("Outcomes: " + outcomes);
        console.WriteLine();
    }

    private static string Outcome(AttackOutcome o) => o switch
    {
        AttackOutcome.Succeeded => "[bold red]succeeded[/]",
        AttackOutcome.Likely => "[red]likely[/]",
        AttackOutcome.Unknown => "[yellow]unknown[/]",
        AttackOutcome.Failed => "failed",
        _ => "[grey]blocked[/]",
    };

    /// <summary>The stories in words, the most pressing first.</summary>
    private static void Incidents(IAnsiConsole console, ScanPicture p)
    {
        if (p.Incidents.Count == 0) return;
        console.MarkupLine($"[bold]Incidents ({p.Incidents.Count:N0})[/]");
        console.WriteLine();
        foreach (var i in p.Incidents.Take(20))
        {
            console.MarkupLine($"{Level(i.LevelOf)}  [bold]{Markup.Escape(Cut(i.Title, 200))}[/]");
            console.MarkupLine($"[grey]{JsonReport.Iso(i.FirstMs)} to {JsonReport.Iso(i.LastMs)}  ·  {Markup.Escape(i.Class)}  ·[/] {Outcome(Enum.Parse<AttackOutcome>(i.Outcome, ignoreCase: true))}");
            console.WriteLine(Cut(i.Summary, 1200));
            console.WriteLine();
        }
        if (p.Incidents.Count > 20) console.MarkupLine($"[grey]and {p.Incidents.Count - 20:N0} more: --format jsonl has them all[/]");
    }

    private static string Level(FindingLevel level) => level switch
    {
        FindingLevel.Critical => "[bold white on red]critical[/]",
        FindingLevel.High => "[bold red]high[/]",
        FindingLevel.Medium => "[yellow]medium[/]",
        _ => "[grey]" + level.ToString().ToLowerInvariant() + "[/]",
    };

    private static void Classes(IAnsiConsole console, ScanPicture p, FindingSamples samples)
    {
        var table = NewTable("What", "", "Count", "Blocked", "Failed", "Unknown", "Mostly", "For example");
        foreach (var column in new[] { 2, 3, 4, 5 }) table.Columns[column].RightAligned().NoWrap();
        var most = p.Classes.Top(1)[0].Value.Count;
        foreach (var (key, c) in p.Classes.Top(24))
            table.AddRow(
                $"[bold]{Markup.Escape(key)}[/]", Bar(c.Count, most), c.Count.ToString("N0"), Number(c.Outcomes[(int)AttackOutcome.Blocked]), Number(c.Outcomes[(int)AttackOutcome.Failed]),
                Number(c.Outcomes[(int)AttackOutcome.Unknown]), Markup.Escape(c.Techniques.Top(1)[0].Key), Markup.Escape(Cut(samples.Of(key) is [var sample, ..] ? sample.Evidence : "", 44)));
        Section(console, "Attack types", table);
    }

    private static void Sources(IAnsiConsole console, ScanPicture p)
    {
        if (p.Sources.Distinct == 0) return;
        var table = NewTable("Address", "", "Count", "Mostly", "Where", "First", "Last");
        table.Columns[2].RightAligned();
        var top = p.Sources.Top(12);
        foreach (var (key, s) in top)
            table.AddRow(
                Markup.Escape(key), Bar(s.Count, top[0].Value.Count), s.Count.ToString("N0"), Markup.Escape(s.MainClass),
                Markup.Escape(string.Join(' ', new[] { s.Country, s.Organisation }.Where(t => t.Length > 0))), JsonReport.Iso(s.FirstMs), JsonReport.Iso(s.LastMs));
        Section(console, $"Sources ({(p.Sources.Approximate ? "about " : "")}{p.Sources.Distinct:N0})", table);
    }

    private static void Pairs(IAnsiConsole console, string title, string name, TopTable<ScanPicture.Tally> tallies, long all)
    {
        var top = tallies.Top(10);
        if (top.Count == 0) return;
        var table = NewTable(name, "", "Count", "Share");
        table.Columns[2].RightAligned();
        table.Columns[3].RightAligned();
        foreach (var (key, tally) in top)
            table.AddRow(Markup.Escape(Cut(key, 72)), Bar(tally.Count, top[0].Value.Count), tally.Count.ToString("N0"), $"{100.0 * tally.Count / all:F1} %");
        Section(console, title, table);
    }

    private static void Line(IAnsiConsole console, ScanPicture p)
    {
        var columns = p.Timeline.Columns(72, out var from, out var to);
        var most = columns.Max();
        if (most == 0) return;
        var line = new StringBuilder(columns.Length);
        foreach (var n in columns) line.Append(n == 0 ? Blocks[0] : Blocks[1 + (int)((n - 1) * (Blocks.Length - 2) / Math.Max(1, most - 1))]);
        console.MarkupLine("[bold]Attacks over time[/]");
        console.MarkupLine("[red]" + line + "[/]");
        console.MarkupLine($"[grey]{JsonReport.Iso(from)}{new string(' ', Math.Max(1, columns.Length - 40))}{JsonReport.Iso(to)}[/]");
    }

    private static Table NewTable(params string[] heads)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var head in heads) table.AddColumn(new TableColumn(head.Length == 0 ? "" : $"[grey]{head}[/]"));
        return table;
    }

    private static void Section(IAnsiConsole console, string title, Table table)
    {
        console.MarkupLine($"[bold]{Markup.Escape(title)}[/]");
        console.Write(table);
    }

    private static string Bar(long count, long most) => "[red]" + new string('█', Math.Max(1, (int)(count * 12 / Math.Max(1, most)))) + "[/]";

    private static string Number(long n) => n == 0 ? "[grey]·[/]" : n.ToString("N0");

    /// <summary>Cuts, and shows control bytes as spaces: evidence is hostile, a terminal obeys it.</summary>
    internal static string Cut(string text, int length) => PlainText.Of(text, length, ' ');
}
