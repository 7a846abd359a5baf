using Microsoft.AspNetCore.Components;
using MudBlazor;
using Palisade.Server.Alerts;
using Palisade.Server.Audit;
using Palisade.Server.Console;
using Palisade.Server.Control;
using Palisade.Server.Identity;

namespace Palisade.Server.Incidents.Pages;

/// <summary>One incident: what happened, how far it went, who and what, the proof, what to do, and what people did.</summary>
public sealed partial class IncidentPage(
    IncidentQueries incidents, IncidentEdits edits, IncidentMerges merges, IncidentSplits splits, ChangeFeed feed, MembershipService memberships, ILogger<IncidentPage> log) : IAsyncDisposable
{
    private static readonly CloseReason[] Reasons = [CloseReason.TruePositive, CloseReason.Mitigated, CloseReason.FalsePositive, CloseReason.Expected, CloseReason.Duplicate];
    private const int MaxCandidates = 12;
    private readonly CancellationTokenSource stop = new();
    private IncidentDetail? detail;
    private IReadOnlyList<IncidentRow> candidates = [];
    private IReadOnlyList<Member> members = [];
    private string shown = "";
    private bool missing, failed, busy;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";
    [Parameter] public string Id { get; set; } = "";

    private string? Owner => detail?.Incident.OwnerId is { } id && members.FirstOrDefault(m => m.Id == id) is { } member ? Name(member) : null;
    private IReadOnlyList<string> Advice => detail is null ? [] : AlertDesk.Steps(T.Pick(detail.Story.Advice, detail.Story.AdviceZh));
    private Actor Me => new("user", Scene.User.Id.ToString(), Scene.User.Name, "console");

    protected override async Task OnParametersSetAsync()
    {
        if (shown == Id) return;
        shown = Id;
        (detail, missing) = (null, false);
        await ReadAsync();
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender) _ = feed.FollowAsync(Topic.Incidents, Scene.Tenant, () => InvokeAsync(async () => { await ReadAsync(); StateHasChanged(); }), stop.Token);
    }

    private async Task ReadAsync()
    {
        try
        {
            if (members.Count == 0) members = await memberships.MembersAsync(Scene.Tenant, stop.Token);
            var found = await incidents.FindAsync(Scene.Tenant, Id, stop.Token);
            if (found?.Incident.MergedInto is { } into)
            {
                Navigation.NavigateTo(Scene.Link("incidents/" + into), replace: true);
                return;
            }
            detail = found;
            missing = found is null;
            candidates = found is null || !Scene.Place.CanWork ? [] : await CandidatesAsync(found);
            failed = false;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The page was left.
        }
        catch (Exception problem)
        {
            ConsoleLog.PageFailed(log, "incident", problem);
            failed = true;
        }
    }

    /// <summary>What may be the same story: of the same address first, then what was active at the time.</summary>
    private async Task<IReadOnlyList<IncidentRow>> CandidatesAsync(IncidentDetail found)
    {
        var same = found.Addresses.Count == 0 ? [] : (await incidents.ListAsync(Scene.Tenant, new IncidentFilter { SourceIp = found.Addresses[0].Address }, null, MaxCandidates, stop.Token)).Items;
        var near = (await incidents.ListAsync(Scene.Tenant, new IncidentFilter { From = found.Incident.First.AddDays(-1), To = found.Incident.Last.AddDays(1) }, null, MaxCandidates, stop.Token)).Items;
        return [.. same.Concat(near).Where(i => i.Id != Id).DistinctBy(i => i.Id).Take(MaxCandidates)];
    }

    private Task BeginAsync() => EditAsync(new IncidentEdit(IncidentStatus.InProgress, null, detail!.Incident.OwnerId is null ? Scene.User.Id : null), T["incident.done.begun"]);

    private Task ReopenAsync() => EditAsync(new IncidentEdit(IncidentStatus.New, null, null), T["alert.done.reopened"]);

    private Task AssignAsync(Member? member) =>
        EditAsync(new IncidentEdit(null, null, member?.Id ?? Guid.Empty), member is null ? T["alert.done.unassigned"] : T.Say("alert.done.assigned", Name(member)));

    private Task CloseAsync(CloseReason reason) => EditAsync(new IncidentEdit(IncidentStatus.Closed, reason, null), T["alert.done.closed"]);

    private Task EditAsync(IncidentEdit edit, string said)
    {
        var before = detail!.Incident;
        var back = new IncidentEdit(before.Status, before.Status == IncidentStatus.Closed ? before.Reason : null, before.OwnerId ?? Guid.Empty);
        return DoAsync(async () => await edits.ApplyAsync(Scene.Tenant, Id, edit, before.Version, Me, CancellationToken.None) is var (refusal, _) && refusal != IncidentRefusal.None
            ? T["incident.refused." + refusal.ToString().ToLowerInvariant()] : null, said, () => edits.ApplyAsync(Scene.Tenant, Id, back, null, Me, CancellationToken.None));
    }

    private Task MergeAsync(IncidentRow other) => DoAsync(
        async () => await merges.MergeAsync(Scene.Tenant, Id, other.Id, Me, CancellationToken.None) is var (refusal, _) && refusal != MergeRefusal.None ? T["incident.mergeRefused"] : null,
        T["incident.done.merged"], () => merges.SplitAsync(Scene.Tenant, Id, other.Id, Me, CancellationToken.None));

    private Task SplitAsync(string member) => DoAsync(
        async () => await merges.SplitAsync(Scene.Tenant, Id, member, Me, CancellationToken.None) is var (refusal, _) && refusal != MergeRefusal.None ? T["incident.mergeRefused"] : null,
        T["incident.done.split"], () => merges.MergeAsync(Scene.Tenant, Id, member, Me, CancellationToken.None));

    /// <summary>An address that has nothing to do with the rest becomes an incident of its own.</summary>
    private async Task SplitOffAsync(string address)
    {
        var made = "";
        await DoAsync(async () =>
        {
            var (refusal, part) = await splits.SplitOffAsync(Scene.Tenant, Id, [address], [], Me, CancellationToken.None);
            made = part?.Id ?? "";
            return refusal == MergeRefusal.None ? null : T["incident.splitRefused"];
        }, T.Say("incident.done.splitOff", address), () => merges.MergeAsync(Scene.Tenant, Id, made, Me, CancellationToken.None));
    }

    /// <summary>Does it, says so, and offers the way back for eight seconds.</summary>
    private async Task DoAsync(Func<Task<string?>> work, string said, Func<Task> back)
    {
        if (busy) return;
        busy = true;
        try
        {
            var refused = await work();
            await ReadAsync();
            Toasts.Add(refused ?? said, Severity.Normal, c =>
            {
                if (refused is not null) return;
                c.Action = T["act.undo"];
                c.OnClick = _ => InvokeAsync(async () => { await back(); await ReadAsync(); Toasts.Add(T["alert.done.undone"], Severity.Normal); StateHasChanged(); });
            });
        }
        catch (Exception problem)
        {
            ConsoleLog.PageFailed(log, "incident", problem);
            Toasts.Add(T["alert.refused.failed"], Severity.Normal);
        }
        finally
        {
            busy = false;
        }
    }

    private async Task CommentAsync(string text)
    {
        await edits.CommentAsync(Scene.Tenant, Id, text, Scene.User.Id, Me, CancellationToken.None);
        await ReadAsync();
    }

    private static string Name(Member member) => member.DisplayName.Length > 0 ? member.DisplayName : member.Email;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        stop.Dispose();
    }
}
