using Microsoft.AspNetCore.Components;
using MudBlazor;
using Palisade.Engine.Rules.Policy;
using Palisade.Server.Console;
using Palisade.Server.Identity;
using Palisade.Server.Rules;
using Palisade.Server.Sources;

namespace Palisade.Server.Mutes.Pages;

/// <summary>What people of the tenant need not hear of: by whom, why, until when, and how much it hid.</summary>
public sealed partial class MutesPage(TenantMutes mutes, TenantRules rules, SourceOverview sources, RuleDesk desk, ISnackbar toasts, ILogger<MutesPage> log) : IDisposable
{
    private const int MaxShown = 200;
    private readonly CancellationTokenSource stop = new();
    private IReadOnlyList<MuteRow>? rows;
    private Dictionary<string, string> ruleNames = [], sourceNames = [];
    private string? question;
    private bool failed, busy;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";
    /// <summary>over: those that hide nothing any more.</summary>
    [SupplyParameterFromQuery(Name = "state")] public string? State { get; set; }
    /// <summary>Number of the mute that was asked for.</summary>
    [SupplyParameterFromQuery(Name = "open")] public string? Open { get; set; }

    private bool Over => State == "over" || State is null && rows?.FirstOrDefault(r => r.Number.ToString(System.Globalization.CultureInfo.InvariantCulture) == Open) is { } asked && !asked.IsActive(T.Now);
    private List<MuteRow> Fitting => [.. (rows ?? []).Where(r => r.IsActive(T.Now) != Over)];
    private List<MuteRow> Shown => [.. Fitting.Take(MaxShown)];
    private int Cut => Fitting.Count - Shown.Count;

    protected override async Task OnParametersSetAsync()
    {
        if (question == $"{State} {Open}") return;
        question = $"{State} {Open}";
        await ReadAsync();
    }

    private async Task ReadAsync()
    {
        try
        {
            rows = await mutes.ListAsync(Scene.Tenant, stop.Token);
            ruleNames = (await rules.ListAsync(Scene.Tenant, stop.Token)).GroupBy(r => r.Info.Id, StringComparer.OrdinalIgnoreCase).ToDictionary(g => g.Key, g => T.Pick(g.First().Info.Name, g.First().Info.NameZh), StringComparer.OrdinalIgnoreCase);
            sourceNames = (await sources.AllAsync(Scene.Tenant, stop.Token)).ToDictionary(s => s.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), s => s.Name);
            failed = false;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception problem)
        {
            ConsoleLog.PageFailed(log, "mutes", problem);
            failed = true;
        }
    }

    private string? NameOf(MuteCondition condition) => condition.Test != MuteTest.Is ? null : condition.Field switch
    {
        Mute.RuleField => ruleNames.GetValueOrDefault(condition.Value),
        Mute.ClassField => AttackFamilies.Classes.Contains(condition.Value) ? T["class." + condition.Value] : null,
        Mute.SourceField => sourceNames.GetValueOrDefault(condition.Value),
        _ => null,
    };

    private string LinkOf(MuteCondition condition) =>
        condition is { Field: Mute.RuleField, Test: MuteTest.Is } && ruleNames.ContainsKey(condition.Value) ? Scene.Link("config/rules/" + Uri.EscapeDataString(condition.Value)) : "";

    private string Left(MuteRow mute)
    {
        var left = mute.Expires - T.Now;
        return left < TimeSpan.FromHours(48) ? T.Count("mutes.hoursLeft", Math.Max(1, (int)left.TotalHours)) : T.Count("mutes.daysLeft", (int)left.TotalDays);
    }

    private Task EndAsync(MuteRow mute) => ChangeAsync(() => mutes.EndAsync(Scene.Tenant, mute.Id, RuleDesk.ActorOf(Scene), stop.Token), T.Say("mutes.done.ended", mute.Number), () => ResumeAsync(mute));

    private Task ResumeAsync(MuteRow mute) => ChangeAsync(() => mutes.ResumeAsync(Scene.Tenant, mute.Id, RuleDesk.ActorOf(Scene), stop.Token), T.Say("mutes.done.resumed", mute.Number), null);

    /// <summary>Does it, says so, and offers the way back where there is one.</summary>
    private async Task ChangeAsync(Func<Task<bool>> change, string said, Func<Task>? back)
    {
        if (busy) return;
        busy = true;
        try
        {
            if (!await desk.MayAsync(Scene, Role.Analyst, stop.Token) || !await change())
            {
                toasts.Add(T["mutes.refused"], Severity.Normal);
                return;
            }
            toasts.Add(said, Severity.Normal, c =>
            {
                if (back is null) return;
                c.Action = T["act.undo"];
                c.OnClick = _ => InvokeAsync(back);
            });
            await ReadAsync();
        }
        catch (Exception problem) when (!stop.IsCancellationRequested)
        {
            ConsoleLog.PageFailed(log, "mutes", problem);
            toasts.Add(T["mutes.refused"], Severity.Normal);
        }
        finally
        {
            busy = false;
            if (!stop.IsCancellationRequested) StateHasChanged();
        }
    }

    private string With(string name, string? value) => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["open"] = null, [name] = value });

    public void Dispose()
    {
        stop.Cancel();
        stop.Dispose();
    }
}
