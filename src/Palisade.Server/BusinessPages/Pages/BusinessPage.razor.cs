using Microsoft.AspNetCore.Components;
using MudBlazor;
using Palisade.Engine.Incidents.Habits;
using Palisade.Server.Console;
using Palisade.Server.Identity;
using Palisade.Server.Rules;

namespace Palisade.Server.BusinessPages.Pages;

/// <summary>What pages are for: the guesses to confirm, what people said, and what nothing is known of.</summary>
public sealed partial class BusinessPage(TenantPages pages, RuleDesk desk, ISnackbar toasts, ILogger<BusinessPage> log) : IDisposable
{
    private const int MaxShown = 300;
    private static readonly string[] States = ["guessed", "confirmed", "unknown"];

    private readonly CancellationTokenSource stop = new();
    private IReadOnlyList<BusinessPageRow>? rows;
    private string path = "", site = "", purpose = "login", refusal = "";
    private bool failed, busy;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";
    /// <summary>guessed, confirmed or unknown.</summary>
    [SupplyParameterFromQuery(Name = "state")] public string? State { get; set; }

    private string Shown => States.Contains(State) ? State! : "guessed";
    private bool Off => busy || !RendererInfo.IsInteractive;
    private List<BusinessPageRow> Fitting => [.. (rows ?? []).Where(r => StateOf(r) == Shown)];

    private static string StateOf(BusinessPageRow row) => row.Chosen is not null ? "confirmed" : row.Guess == "none" ? "unknown" : "guessed";

    private static string Key(BusinessPageRow row) => row.Site + "\n" + row.Path;

    private int Count(string state) => rows?.Count(r => StateOf(r) == state) ?? 0;

    private string SiteOf(BusinessPageRow row) => row.Site == BusinessChoices.AnySite ? T["business.anySite"] : row.Site.Length == 0 ? T["business.noSite"] : PlainText.Visible(row.Site);

    protected override Task OnInitializedAsync() => ReadAsync();

    private async Task ReadAsync()
    {
        try
        {
            rows = await pages.ListAsync(Scene.Tenant, stop.Token);
            failed = false;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception problem)
        {
            ConsoleLog.PageFailed(log, "business", problem);
            failed = true;
        }
    }

    private Task SayAsync(BusinessPageRow row, string? name)
    {
        var before = row.Chosen;
        return ChangeAsync(row.Site, row.Path, string.IsNullOrEmpty(name) ? null : name, row.Version, () => ChangeAsync(row.Site, row.Path, before, null, null));
    }

    private Task AddAsync()
    {
        var (where, what) = (site.Trim().Length == 0 ? BusinessChoices.AnySite : site.Trim(), path.Trim());
        return ChangeAsync(where, what, purpose, null, () => ChangeAsync(where, what, null, null, null));
    }

    /// <summary>Says it, tells so, and offers the way back where there is one.</summary>
    private async Task ChangeAsync(string where, string what, string? name, long? seen, Func<Task>? back)
    {
        if (busy) return;
        busy = true;
        refusal = "";
        try
        {
            var why = await desk.MayAsync(Scene, Role.Analyst, stop.Token)
                ? (await pages.ChooseAsync(Scene.Tenant, where, what, name, seen, RuleDesk.ActorOf(Scene), stop.Token)).Refusal.ToString().ToLowerInvariant()
                : "notallowed";
            if (why != "none") refusal = why;
            else
            {
                path = what == path.Trim() ? "" : path;
                toasts.Add(name is null ? T.Say("business.done.guess", PlainText.Visible(what)) : T.Say("business.done.said", PlainText.Visible(what), T["business.is." + name]), Severity.Normal, c =>
                {
                    if (back is null) return;
                    c.Action = T["act.undo"];
                    c.OnClick = _ => InvokeAsync(back);
                });
            }
            await ReadAsync();
        }
        catch (Exception problem) when (!stop.IsCancellationRequested)
        {
            ConsoleLog.PageFailed(log, "business", problem);
            refusal = "failed";
        }
        finally
        {
            busy = false;
            if (!stop.IsCancellationRequested) StateHasChanged();
        }
    }

    public void Dispose()
    {
        stop.Cancel();
        stop.Dispose();
    }
}
