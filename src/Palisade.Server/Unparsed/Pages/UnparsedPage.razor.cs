using Microsoft.AspNetCore.Components;
using MudBlazor;
using Palisade.Server.Audit;
using Palisade.Server.Console;
using Palisade.Server.Identity;
using Palisade.Server.Sources;

namespace Palisade.Server.Unparsed.Pages;

/// <summary>Lines that no source could read, by shape, the most frequent first.</summary>
public sealed partial class UnparsedPage(
    UnparsedGroups store, ReparseDesk desk, ISourceRegistry sources, MembershipService members, ISnackbar toasts, TimeProvider clock, ILogger<UnparsedPage> log) : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2), JobShown = TimeSpan.FromMinutes(10);
    private readonly CancellationTokenSource stop = new();
    private IReadOnlyList<(UnparsedGroup Group, string Source)>? groups;
    private IReadOnlyList<(ReparseJob Job, string Source)> jobs = [];
    private ITimer? timer;
    private long overlooked;
    private bool ignored, failed, busy;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";

    private Actor Me => new("user", Scene.User.Id.ToString(), Scene.User.Name, "console");
    private List<(UnparsedGroup Group, string Source)> Shown => [.. (groups ?? []).Where(g => g.Group.Ignored == ignored)];

    /// <summary>Those under way, and what became of the latest ones.</summary>
    private IEnumerable<(ReparseJob Job, string Source)> Jobs =>
        jobs.Where(j => j.Job.State <= ReparseState.Running || j.Job.Ended > clock.GetUtcNow() - JobShown);

    private bool Reads(UnparsedGroup group) => jobs.Any(j => j.Job.Group == group.Id && j.Job.State <= ReparseState.Running);

    protected override Task OnInitializedAsync() => ReadAsync();

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender) timer = clock.CreateTimer(_ => InvokeAsync(ReadAsync), null, Pause, Pause);
    }

    private async Task ReadAsync()
    {
        if (stop.IsCancellationRequested) return;
        try
        {
            var (all, missed) = await store.ListAsync(Scene.Tenant);
            var named = new List<(UnparsedGroup, string)>(all.Count);
            foreach (var group in all.OrderByDescending(g => g.Count)) named.Add((group, (await sources.FindAsync(group.SourceId, stop.Token))?.Name ?? "–"));
            var reading = new List<(ReparseJob, string)>();
            foreach (var job in await desk.ListAsync(Scene.Tenant, stop.Token)) reading.Add((job, (await sources.FindAsync(job.SourceId, stop.Token))?.Name ?? "–"));
            (groups, overlooked, failed, jobs) = (named, missed, false, reading);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception problem)
        {
            ConsoleLog.PageFailed(log, "unparsed", problem);
            failed = true;
        }
        StateHasChanged();
    }

    private Task IgnoreAsync(UnparsedGroup group) =>
        ChangeAsync(() => store.IgnoreAsync(Scene.Tenant, group.Id, !group.Ignored, Me, stop.Token), group.Ignored ? "queue.done.listed" : "queue.done.ignored");

    private Task ReparseAsync(UnparsedGroup group) =>
        ChangeAsync(async () => (await desk.StartAsync(Scene.Tenant, group.Id, Me, stop.Token)).Job is not null, "queue.done.reparse");

    private Task StopAsync(ReparseJob job) => ChangeAsync(() => desk.StopAsync(Scene.Tenant, job.Id, Me, stop.Token), "queue.done.jobStopped");

    private Task RemoveAsync(UnparsedGroup group) => ChangeAsync(() => store.RemoveAsync(Scene.Tenant, group.Id, Me, stop.Token), "queue.done.removed");

    private async Task ChangeAsync(Func<Task<bool>> change, string said)
    {
        if (busy) return;
        busy = true;
        try
        {
            var may = await members.RoleAsync(Scene.User.Id, Scene.Tenant, stop.Token) is { } role && role <= Role.Analyst;
            toasts.Add(T[may && await change() ? said : "queue.refused"], Severity.Normal);
            await ReadAsync();
        }
        catch (Exception problem) when (!stop.IsCancellationRequested)
        {
            ConsoleLog.PageFailed(log, "unparsed", problem);
            toasts.Add(T["queue.refused"], Severity.Normal);
        }
        finally
        {
            busy = false;
        }
    }

    /// <summary>The template with what changes set apart.</summary>
    internal static IEnumerable<(string Text, bool IsVariable)> Parts(string template)
    {
        string[] words = ["<word>", "<number>", "<address>", "<text>", "<path>", "<time>", "<rest>"];
        for (var at = 0; at < template.Length;)
        {
            var (next, word) = words.Select(w => (At: template.IndexOf(w, at, StringComparison.Ordinal), Word: w)).Where(w => w.At >= 0).DefaultIfEmpty((template.Length, "")).MinBy(w => w.Item1);
            if (next > at) yield return (template[at..next], false);
            if (word.Length > 0) yield return (word, true);
            at = next + word.Length;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (timer is not null) await timer.DisposeAsync();
        stop.Dispose();
    }
}
