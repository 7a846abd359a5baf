using System.Text.Json;
using Microsoft.AspNetCore.Components;
using MudBlazor;
using Palisade.Engine;
using Palisade.Engine.Parse.Own;
using Palisade.Server.Audit;
using Palisade.Server.Console;
using Palisade.Server.Identity;
using Palisade.Server.Streaming;

namespace Palisade.Server.Unparsed.Pages;

/// <summary>Where a source is written: lines on one side, what becomes of them on the other, at every key.</summary>
public sealed partial class WorkbenchPage(
    UnparsedGroups store, ReparseDesk desk, OwnParsers parsers, LiveParsers live, MembershipService members, ISnackbar toasts, TimeProvider clock, ILogger<WorkbenchPage> log) : IDisposable
{
    /// <summary>Characters of all lines together.</summary>
    private const int MaxText = 24_000;
    private const string Example = "new";

    private enum PartKind { Text, Field, Miss }

    private readonly record struct Part(PartKind Kind, string Text, string Name);

    private readonly CancellationTokenSource stop = new();
    private string text = "", pattern = "", yaml = "", name = "", refusal = "", removing = "";
    private string[] lines = [];
    private IReadOnlyList<TrialLine> tried = [];
    private IReadOnlyList<Diagnostic> problems = [];
    private IReadOnlyList<OwnParser> mine = [];
    private (string? Group, string? Parser)? shown;
    private long saved;
    private long? version;
    private bool inYaml, gone, busy, rereads;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";
    /// <summary>Id of the group whose lines to start with.</summary>
    [SupplyParameterFromQuery] public string? Group { get; set; }
    /// <summary>Name of the tenant's own source to start with.</summary>
    [SupplyParameterFromQuery] public string? Parser { get; set; }

    private Actor Me => new("user", Scene.User.Id.ToString(), Scene.User.Name, "console");

    protected override async Task OnParametersSetAsync()
    {
        if (shown == (Group, Parser)) return;
        shown = (Group, Parser);
        (saved, version, refusal, gone) = (0, null, "", false);
        mine = await parsers.ListAsync(Scene.Tenant, stop.Token);
        if (Parser is { Length: > 0 } wanted && mine.FirstOrDefault(p => p.Name == wanted) is { } own)
        {
            (yaml, inYaml, version) = (own.Yaml, true, own.Version);
            text = string.Join('\n', JsonSerializer.Deserialize<string[]>(own.Samples) ?? []);
        }
        else if (Guid.TryParse(Group, out var id))
        {
            if (await store.FindAsync(Scene.Tenant, id) is { } group)
            {
                (pattern, inYaml, name) = (group.Pattern, false, "");
                text = string.Join('\n', group.Samples.Where(s => !s.Contains('\n', StringComparison.Ordinal)));
            }
            else gone = true;
        }
        Try();
    }

    private void SetMode(bool toYaml)
    {
        if (toYaml && !inYaml && pattern.Length > 0) yaml = OwnSource.Write(name.Length > 0 ? name : Example, pattern);
        inYaml = toYaml;
        Try();
    }

    private string Yaml => inYaml ? yaml : OwnSource.Write(name.Length > 0 ? name : Example, pattern);

    private void Try()
    {
        (saved, refusal) = (0, "");
        lines = [.. text.Split('\n').Select(l => l.TrimEnd('\r')).Where(l => l.Length > 0).Take(OwnParsers.MaxSamples)];
        (tried, problems) = ([], []);
        if ((inYaml ? yaml : pattern).Length == 0) return;
        var source = OwnSource.Compile(Yaml, out problems);
        if (source is not null) tried = ParserTrial.Run(live.Current, source, lines, clock.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private async Task SaveAsync()
    {
        if (busy) return;
        busy = true;
        try
        {
            if (!await MayAsync()) { refusal = "notallowed"; return; }
            var made = await parsers.SaveAsync(Scene.Tenant, Yaml, lines, inYaml ? version : null, Me, stop.Token);
            refusal = made.Parser is null ? made.Refusal.ToString().ToLowerInvariant() : "";
            if (made.Parser is not { } row) return;
            (saved, version, rereads) = (row.Version, row.Version, false);
            mine = await parsers.ListAsync(Scene.Tenant, stop.Token);
            // Its lines are read from now on, and what is stored of them is read again; what still is not comes back by itself.
            if (!Guid.TryParse(Group, out var id)) return;
            rereads = (await desk.StartAsync(Scene.Tenant, id, Me, stop.Token)).Job is not null;
            await store.RemoveAsync(Scene.Tenant, id, Me, stop.Token);
        }
        catch (Exception problem) when (!stop.IsCancellationRequested)
        {
            ConsoleLog.PageFailed(log, "workbench", problem);
            refusal = "failed";
        }
        finally
        {
            busy = false;
        }
    }

    private async Task RemoveAsync(string parser)
    {
        (busy, removing) = (true, "");
        try
        {
            var done = await MayAsync() && await parsers.RemoveAsync(Scene.Tenant, parser, Me, stop.Token);
            mine = await parsers.ListAsync(Scene.Tenant, stop.Token);
            toasts.Add(T[done ? "bench.removed" : "bench.refused.notallowed"], Severity.Normal);
        }
        catch (Exception problem) when (!stop.IsCancellationRequested)
        {
            ConsoleLog.PageFailed(log, "workbench", problem);
            toasts.Add(T["bench.refused.failed"], Severity.Normal);
        }
        finally
        {
            busy = false;
        }
    }

    private async Task<bool> MayAsync() => await members.RoleAsync(Scene.User.Id, Scene.Tenant, stop.Token) is { } role && role <= Role.Admin;

    /// <summary>The line, with the places of its fields, or with that from which on it does not fit.</summary>
    private static IEnumerable<Part> Parts(string line, TrialLine tried)
    {
        if (!tried.IsRead)
        {
            var reached = Math.Clamp(tried.Reached, 0, line.Length);
            if (reached > 0) yield return new(PartKind.Text, PlainText.Visible(line[..reached]), "");
            if (reached < line.Length) yield return new(PartKind.Miss, PlainText.Visible(line[reached..]), "");
            yield break;
        }
        var at = 0;
        foreach (var field in tried.Fields.Where(f => f.Start >= 0).OrderBy(f => f.Start).ThenByDescending(f => f.Length))
        {
            if (field.Start < at || field.Start + field.Length > line.Length) continue;
            if (field.Start > at) yield return new(PartKind.Text, PlainText.Visible(line[at..field.Start]), "");
            yield return new(PartKind.Field, PlainText.Visible(line.Substring(field.Start, field.Length)), field.Name);
            at = field.Start + field.Length;
        }
        if (at < line.Length) yield return new(PartKind.Text, PlainText.Visible(line[at..]), "");
    }

    public void Dispose()
    {
        stop.Cancel();
        stop.Dispose();
    }
}
