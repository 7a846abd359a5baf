using Microsoft.AspNetCore.Components;
using MudBlazor;
using Palisade.Server.Audit;
using Palisade.Server.Console;
using Palisade.Server.Identity;
using Palisade.Server.Incidents;
using Palisade.Server.Watch;

namespace Palisade.Server.Alerts.Pages;

/// <summary>One alert beside the list: what, whom, whether it worked, what to do, and the proof.</summary>
public sealed partial class AlertPanel(AlertQueries alerts, IncidentQueries stories, AlertEdits edits, ILogger<AlertPanel> log)
{
    private static readonly string[] Tabs = ["overview", "evidence", "history"];
    private static readonly CloseReason[] Reasons = [CloseReason.TruePositive, CloseReason.Mitigated, CloseReason.FalsePositive, CloseReason.Expected, CloseReason.Duplicate];
    private AlertDetail? detail;
    private IReadOnlyList<IncidentRow> incidents = [];
    private bool missing;
    private bool failed;
    private bool busy;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter, EditorRequired] public string Id { get; set; } = "";
    [Parameter] public string Tab { get; set; } = "overview";
    [Parameter] public IReadOnlyList<Member> Members { get; set; } = [];
    [Parameter] public EventCallback Changed { get; set; }
    [Parameter] public string CloseLink { get; set; } = "";
    [Parameter] public Func<string?, string> TabLink { get; set; } = _ => "";

    private string? Owner => detail?.Alert.OwnerId is { } id && Members.FirstOrDefault(m => m.Id == id) is { } member ? Name(member) : null;
    private IReadOnlyList<string> Advice => detail?.Rule is { } rule ? AlertDesk.Steps(T.Pick(rule.WhatToDo, rule.WhatToDoZh)) : [];
    private string Story => detail!.Rule is { } rule && T.Pick(rule.WhatHappened, rule.WhatHappenedZh) is { Length: > 0 } text ? text : AlertDesk.Decisive(detail.Alert, T);
    private string RuleName => detail!.Rule is { } rule ? T.Pick(rule.Name, rule.NameZh) : detail.Alert.RuleId;
    /// <summary>It stands for a state of a log source, not for findings: there is no rule to look at and nothing to mute.</summary>
    private bool IsCondition => WatchRules.All.Any(r => r.Id == detail!.Alert.RuleId);
    private Actor Me => new("user", Scene.User.Id.ToString(), Scene.User.Name, "console");

    protected override Task OnInitializedAsync() => ReadAsync();

    private async Task ReadAsync()
    {
        try
        {
            detail = await alerts.FindAsync(Scene.Tenant, Id, CancellationToken.None);
            incidents = detail is null ? [] : await stories.OfAlertAsync(Scene.Tenant, Id, CancellationToken.None);
            missing = detail is null;
            failed = false;
        }
        catch (Exception problem)
        {
            ConsoleLog.PageFailed(log, "alert", problem);
            failed = true;
        }
    }

    private Task Acknowledge() => EditAsync(new AlertEdit(AlertStatus.InProgress, null, null), T["alert.done.acknowledged"]);

    private Task Reopen() => EditAsync(new AlertEdit(AlertStatus.New, null, null), T["alert.done.reopened"]);

    private Task AssignAsync(Member? member) =>
        EditAsync(new AlertEdit(null, null, member?.Id ?? Guid.Empty), member is null ? T["alert.done.unassigned"] : T.Say("alert.done.assigned", Name(member)));

    private Task CloseAsync(CloseReason reason) => EditAsync(new AlertEdit(AlertStatus.Closed, reason, null), T["alert.done.closed"]);

    /// <summary>Does it, says so, and offers the way back for eight seconds.</summary>
    private async Task EditAsync(AlertEdit edit, string said)
    {
        if (detail is null || busy) return;
        busy = true;
        var before = detail.Alert;
        var back = new AlertEdit(before.Status, before.Status == AlertStatus.Closed ? before.Reason : null, before.OwnerId ?? Guid.Empty);
        try
        {
            var (refusal, _) = await edits.ApplyAsync(Scene.Tenant, Id, edit, before.Version, Me, CancellationToken.None);
            await ReadAsync();
            await Changed.InvokeAsync();
            if (refusal != EditRefusal.None)
            {
                Toasts.Add(T["alert.refused." + refusal.ToString().ToLowerInvariant()], Severity.Normal);
                return;
            }
            Toasts.Add(said, Severity.Normal, c =>
            {
                c.Action = T["act.undo"];
                c.OnClick = _ => InvokeAsync(() => UndoAsync(back));
            });
        }
        catch (Exception problem)
        {
            ConsoleLog.PageFailed(log, "alert", problem);
            Toasts.Add(T["alert.refused.failed"], Severity.Normal);
        }
        finally
        {
            busy = false;
        }
    }

    private async Task UndoAsync(AlertEdit back)
    {
        await edits.ApplyAsync(Scene.Tenant, Id, back, null, Me, CancellationToken.None);
        await ReadAsync();
        await Changed.InvokeAsync();
        Toasts.Add(T["alert.done.undone"], Severity.Normal);
        StateHasChanged();
    }

    private async Task CommentAsync(string text)
    {
        await edits.CommentAsync(Scene.Tenant, Id, text, Scene.User.Id, Me, CancellationToken.None);
        await ReadAsync();
    }

    private int? Badge(string tab) => tab switch { "evidence" => detail!.Evidence.Count, "history" => detail!.Comments.Count, _ => null };

    private static string Dash(string text) => text.Length > 0 ? text : "–";

    private static string Name(Member member) => member.DisplayName.Length > 0 ? member.DisplayName : member.Email;
}
