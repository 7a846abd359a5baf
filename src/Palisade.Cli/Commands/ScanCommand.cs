using System.CommandLine;
using Palisade.Cli.Rules;
using Palisade.Cli.Scan;
using Palisade.Engine;
using Palisade.Engine.Incidents.Habits;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Pipelines;
using Palisade.Protocol;
using Palisade.Server.Geo;

namespace Palisade.Cli.Commands;

/// <summary><c>palisade scan</c>: one suspicious log, the answer now.</summary>
internal static class ScanCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Logs to read: plain, .gz or .zst; - is standard input.", Arity = ArgumentArity.OneOrMore };
        var source = new Option<string?>("--source") { Description = "What the lines are (nginx, sshd, ...); detected when not given.", HelpName = "NAME" };
        var rules = new Option<string[]>("--rules") { Description = "Further Sigma rules: a file or folder. May be given several times.", HelpName = "DIR", DefaultValueFactory = _ => [] };
        var pipelines = new Option<string[]>("--pipeline") { Description = "Processing pipeline (YAML in pySigma's notation) that the further rules pass through first. May be given several times.", HelpName = "FILE", DefaultValueFactory = _ => [] };
        var format = new Option<ScanFormat>("--format") { Description = "text, jsonl (one object a finding, then one an incident), json (the picture), html or csv.", DefaultValueFactory = _ => ScanFormat.Text, HelpName = "FORMAT" };
        var output = new Option<string?>("--out") { Description = "Write to this file instead of standard output.", HelpName = "FILE" };
        var failOn = new Option<FindingLevel?>("--fail-on") { Description = "Exit with 1 when there is a finding or incident of this level or above.", HelpName = "LEVEL" };
        var pages = new Option<string?>("--pages") { Description = "What pages are for (YAML: pages, a list of path, is, site); goes before what is guessed.", HelpName = "FILE" };
        var zone = ZoneFlag.Create();
        var command = new Command("scan",
            """
            Reads logs, runs the whole engine and shows who attacked what, how, and what came of it. Needs no server.

            Example:
              palisade scan /var/log/nginx/access.log*
              zcat old.gz | palisade scan - --format jsonl | jq .class
            """)
        { files, source, rules, pipelines, format, output, failOn, pages, zone };
        command.SetAction((parsed, cancel) => RunAsync(
            new ScanOptions(parsed.GetValue(files)!, parsed.GetValue(source), parsed.GetValue(rules)!, parsed.GetValue(format), parsed.GetValue(output), parsed.GetValue(failOn), ZoneFlag.Read(parsed.GetValue(zone)), ReadPages(parsed.GetValue(pages))), PipelineFiles.Read(parsed.GetValue(pipelines)), cancel));
        return command;
    }

    private static async Task<int> RunAsync(ScanOptions options, IReadOnlyList<ProcessingPipeline> pipelines, CancellationToken cancel)
    {
        foreach (var file in options.Files)
            if (file != "-" && !File.Exists(file)) throw new CliException(ExitCodes.BadInput, $"{file}: no such file");
        var rules = options.Rules.SelectMany(RuleFiles.Read).ToList();
        var engine = EngineContent.Load([.. ContentFiles.Read(), .. rules], out var diagnostics, trusted: true,
            new RuleLoadOptions { Pipelines = pipelines, PipedFiles = rules.Select(f => f.path).ToHashSet(StringComparer.Ordinal) });
        foreach (var d in diagnostics.Where(d => d.IsError)) Console.Error.WriteLine($"{d.File}:{d.Line}: {d.Code}: {d.Message}");

        using var geo = GeoFiles.Find();
        var run = new ScanRun(options, engine, geo, TimeProvider.System);
        var progress = ScanProgress.ForTerminal(options.Files, TimeProvider.System);
        await using (var stream = Open(options.Out)) await WriteAsync(options, engine, run, stream, progress, cancel);
        var p = run.Picture;
        if (options.Format is ScanFormat.Jsonl or ScanFormat.Csv || options.Out is not null)
            Console.Error.WriteLine($"{p.Lines:N0} lines in {p.Elapsed.TotalSeconds:F1} s ({p.Lines / Math.Max(p.Elapsed.TotalSeconds, 0.001):N0} a second), {p.AttackLines:N0} with attacks, {p.Incidents.Count:N0} incidents, {p.Unparsed:N0} not parsed");
        return options.FailOn is { } level && p.Highest >= level ? ExitCodes.Findings : ExitCodes.Done;
    }

    private static async Task WriteAsync(ScanOptions options, EngineSnapshot engine, ScanRun run, Stream stream, ScanProgress progress, CancellationToken cancel)
    {
        switch (options.Format)
        {
            case ScanFormat.Jsonl:
                using (var jsonl = new JsonLinesWriter(stream, engine.Web))
                {
                    await run.RunAsync(jsonl.Write, progress, cancel);
                    foreach (var incident in run.Picture.Incidents) jsonl.Write(incident);
                }
                break;
            case ScanFormat.Csv:
                using (var csv = new CsvWriter(stream, engine.Web)) await run.RunAsync(csv.Write, progress, cancel);
                break;
            default:
                var samples = new FindingSamples(engine.Web);
                await run.RunAsync(samples.Offer, progress, cancel);
                progress.End();
                if (options.Format == ScanFormat.Json) JsonReport.Write(stream, run.Picture);
                else if (options.Format == ScanFormat.Html) HtmlReport.Write(stream, options, run.Picture, samples);
                else TextReport.Write(stream, options, run.Picture, samples);
                break;
        }
        progress.End();
    }

    private static BusinessChoices? ReadPages(string? path)
    {
        if (path is null) return null;
        if (!File.Exists(path)) throw new CliException(ExitCodes.BadInput, $"--pages {path}: no such file");
        var pages = BusinessChoices.Read(path, File.ReadAllBytes(path), ScanWorker.Tenant, out var problems);
        return problems.Count == 0 ? pages : throw new CliException(ExitCodes.BadInput, string.Join('\n', problems.Select(p => $"{p.File}:{p.Line}: {p.Code}: {p.Message}")));
    }

    private static Stream Open(string? path)
    {
        if (path is null) return Console.OpenStandardOutput();
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.BadInput, $"--out {path}: cannot be written: {e.Message}");
        }
    }
}
