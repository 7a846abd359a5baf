using Microsoft.AspNetCore.Components;
using MudBlazor;
using Palisade.Engine.Rules.Policy;
using Palisade.Server.Alerts;
using Palisade.Server.Console;
using Palisade.Server.Identity;
using Palisade.Server.Rules;
using Palisade.Server.Sources;

namespace Palisade.Server.Mutes.Pages;

/// <summary>Where a mute is made: what it shall hide, what it would have hidden, why and for how long.</summary>
public sealed partial class AddMutePage(
    TenantMutes mutes, MutePreview previews, AlertQueries alerts, TenantRules ruleStore, SourceOverview sourceStore, RuleDesk desk, NavigationManager navigation, ISnackbar toasts,
    ILogger<AddMutePage> log) : IDisposable
{
    private static readonly int[] Spans = [1, 7, 30, 90, 180, 365];

    /// <summary>A condition being written.</summary>
    private sealed class Line
    {
        public string Field { get; set; } = "";
        public MuteTest Test { get; set; }
        public string Value { get; set; } = "";
    }

    private readonly CancellationTokenSource stop = new();
    private readonly List<Line> lines = [];
    private IReadOnlyList<RuleView> rules = [];
    private IReadOnlyList<Source> sources = [];
    private MutePreviewResult? preview;
    private MuteProblem problem;
    private string reason = "", refusal = "";
    private int days = 7, asked;
    private bool failed, busy, gone;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";
    /// <summary>Id of an alert: the mute begins with what tells it from others.</summary>
    [SupplyParameterFromQuery(Name = "alert")] public string? Alert { get; set; }
    /// <summary>Id of a rule to begin with.</summary>
    [SupplyParameterFromQuery(Name = "rule")] public string? Rule { get; set; }

    private bool Off => busy || !RendererInfo.IsInteractive;
    private List<MuteCondition> Conditions => [.. lines.Select(l => new MuteCondition(l.Field.Trim(), l.Test, l.Value.Trim()))];

    protected override Task OnInitializedAsync() => ReadAsync();

    private async Task ReadAsync()
    {
        try
        {
            rules = await ruleStore.ListAsync(Scene.Tenant, stop.Token);
            sources = await sourceStore.AllAsync(Scene.Tenant, stop.Token);
            lines.Clear();
            if (!string.IsNullOrEmpty(Alert))
            {
                var found = await alerts.FindAsync(Scene.Tenant, Alert, stop.Token);
                gone = found is null;
                if (found is not null) lines.AddRange(MuteProposal.Like(found.Alert).Select(c => new Line { Field = c.Field, Test = c.Test, Value = c.Value }));
            }
            else if (!string.IsNullOrEmpty(Rule)) lines.Add(new Line { Field = Mute.RuleField, Value = Rule.Length > Mute.MaxValue ? "" : Rule });
            if (lines.Count == 0) lines.Add(new Line { Field = Mute.RuleField });
            failed = false;
            await LookAsync();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception wrong)
        {
            ConsoleLog.PageFailed(log, "mute", wrong);
            failed = true;
        }
    }

    /// <summary>What these conditions would have hidden; the latest question alone is answered.</summary>
    private async Task LookAsync()
    {
        var mine = ++asked;
        preview = null;
        problem = Conditions.Exists(c => c.Field.Length == 0 || c.Value.Length == 0) ? MuteProblem.BadValue : Mute.Check(Conditions, Scene.Tenant);
        if (problem != MuteProblem.None) return;
        try
        {
            var told = await previews.AskAsync(Scene.Tenant, Conditions, stop.Token);
            if (mine == asked) preview = told;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception wrong)
        {
            ConsoleLog.PageFailed(log, "mute", wrong);
            if (mine == asked) preview = new MutePreviewResult(null, 0, [], []);
        }
    }

    private Task DropAsync(Line line)
    {
        lines.Remove(line);
        return LookAsync();
    }

    private string? RuleName(string id) => rules.FirstOrDefault(r => r.Info.Id.Equals(id, StringComparison.OrdinalIgnoreCase)) is { } rule ? T.Pick(rule.Info.Name, rule.Info.NameZh) : null;

    private async Task SaveAsync()
    {
        if (busy) return;
        busy = true;
        try
        {
            if (!await desk.MayAsync(Scene, Role.Analyst, stop.Token))
            {
                refusal = "notallowed";
                return;
            }
            var (refused, wrong, mute) = await mutes.AddAsync(Scene.Tenant, Conditions, reason, T.Now.AddDays(days), Scene.User.Id, RuleDesk.ActorOf(Scene), stop.Token);
            (refusal, problem) = (refused == MuteRefusal.None ? "" : refused.ToString().ToLowerInvariant(), wrong);
            if (mute is null) return;
            toasts.Add(T.Say("mutes.done.made", mute.Number), Severity.Normal, c =>
            {
                c.Action = T["act.undo"];
                c.OnClick = _ => InvokeAsync(() => UndoAsync(mute));
            });
            navigation.NavigateTo(Scene.Link("config/mutes", ("open", mute.Number.ToString(System.Globalization.CultureInfo.InvariantCulture))));
        }
        catch (Exception wrong) when (!stop.IsCancellationRequested)
        {
            ConsoleLog.PageFailed(log, "mute", wrong);
            refusal = "failed";
        }
        finally
        {
            busy = false;
        }
    }

    private async Task UndoAsync(MuteRow mute)
    {
        await mutes.EndAsync(Scene.Tenant, mute.Id, RuleDesk.ActorOf(Scene), CancellationToken.None);
        toasts.Add(T["alert.done.undone"], Severity.Normal);
        navigation.NavigateTo(Scene.Link("config/mutes"));
    }

    public void Dispose()
    {
        stop.Cancel();
        stop.Dispose();
    }
}
