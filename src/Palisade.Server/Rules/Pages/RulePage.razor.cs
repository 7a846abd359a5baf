using System.Globalization;
using Microsoft.AspNetCore.Components;
using MudBlazor;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Explain;
using Palisade.Engine.Rules.Policy;
using Palisade.Server.Alerts;
using Palisade.Server.Console;
using Palisade.Server.Identity;
using Palisade.Server.Mutes;
using Palisade.Server.Storage;
using Span = Palisade.Server.Storage.TimeRange;

namespace Palisade.Server.Rules.Pages;

/// <summary>One rule: what it means, how it decides, whether it can fire here, what it found, and what was decided about it.</summary>
public sealed partial class RulePage(
    TenantRules rules, RuleWorkbench bench, ReachMemory memory, EventQueries queries, AlertQueries alertQueries, TenantMutes muteStore, RuleDesk desk, ISnackbar toasts, TimeProvider clock, ILogger<RulePage> log) : IDisposable
{
    private readonly CancellationTokenSource stop = new();
    private RuleView? rule;
    private RuleTry? trying;
    private IReadOnlyList<RuleView> all = [];
    private IReadOnlyList<RuleSample> samples = [];
    private IReadOnlyList<Alert> alerts = [];
    private IReadOnlyList<MuteRow> mutes = [];
    private IReadOnlyList<OwnRule> versions = [];
    private IReadOnlyList<(DateTimeOffset Start, long Count)>? hits;
    private RuleExplanation? words;
    private TenantReach? reach;
    private object chart = new();
    private string asked = "";
    private bool missing, failed, removing, busy;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";
    [Parameter] public string Id { get; set; } = "";
    /// <summary>yaml: the text; else its words.</summary>
    [SupplyParameterFromQuery(Name = "logic")] public string? Logic { get; set; }

    private bool IsWeb => rule!.Info.Kind == "web";
    private bool InYaml => Logic == "yaml";
    private string Name => T.Pick(rule!.Info.Name, rule.Info.NameZh);
    private string What => T.Pick(rule!.Info.WhatHappened, rule.Info.WhatHappenedZh) is { Length: > 0 } said ? said : rule.Text?.Description ?? "";
    private IReadOnlyList<string> Steps => T.Pick(rule!.Info.WhatToDo, rule.Info.WhatToDoZh) is { Length: > 0 } advice ? AlertDesk.Steps(advice) : [];
    private RuleFate? fate => rule is null ? null : reach?.Of(rule);
    private string WhyKey => rule!.Text is null && fate!.CanFire ? IsWeb ? "rules.why.web" : "rules.why.behaviour" : rule.Text?.Kind == "correlation" && fate!.CanFire ? "rules.why.correlation" : "rules.why." + fate!.Verdict.ToString().ToLowerInvariant();
    private string StatusWord => T["rules.status." + rule!.Status] is var said && said.StartsWith("rules.", StringComparison.Ordinal) ? rule.Status : said;
    private IReadOnlyList<string> OtherTags => [.. rule!.Info.Tags.Where(t => !t.StartsWith("attack.t", StringComparison.OrdinalIgnoreCase) || t.Length < 9 || !char.IsAsciiDigit(t[8])).Take(20)];

    /// <summary>Correlations that count this rule.</summary>
    private IReadOnlyList<RuleView> Parents => rule?.Text is not { } text ? [] : [.. all.Where(r => r.Text?.Refers.Any(n => text.Names.Contains(n) || n == text.Title) == true)];

    protected override async Task OnParametersSetAsync()
    {
        var question = string.Join('\n', Id, Scene.Range.FromText, Scene.Range.ToText);
        if (question == asked) return;
        asked = question;
        if (rule?.Info.Id != Id) (rule, words) = (null, null);
        await ReadAsync();
    }

    /// <summary>What takes longer comes after the first paint: the condition in words, and what the records say of the rule.</summary>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (rule?.Text is { Kind: "sigma" } text && words is null)
        {
            words = await TryAsync(async () => (await Task.Run(() => bench.ExplainAsync(Scene.Tenant, text, "{}", stop.Token), stop.Token))?.Explanation);
            StateHasChanged();
        }
        if (firstRender && reach is null)
        {
            reach = await TryAsync(() => memory.AskAsync(Scene.Tenant, stop.Token)!);
            StateHasChanged();
        }
    }

    private async Task<T?> TryAsync<T>(Func<Task<T?>> ask) where T : class
    {
        try
        {
            return await ask();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception problem)
        {
            ConsoleLog.PageFailed(log, "rule", problem);
            failed = true;
            return null;
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            all = await rules.ListAsync(Scene.Tenant, stop.Token);
            var found = all.FirstOrDefault(r => r.Info.Id == Id);
            missing = found is null;
            if (found is null) return;
            reach ??= memory.Recall(Scene.Tenant);
            samples = found.Text is null || found.IsOwn ? [] : rules.Shipped.SamplesOf(found.Text);
            alerts = (await alertQueries.ListAsync(Scene.Tenant, new AlertFilter { Rule = Id }, null, 6, stop.Token)).Items;
            var now = clock.GetUtcNow();
            mutes = [.. (await muteStore.ListAsync(Scene.Tenant, stop.Token)).Where(m => m.IsActive(now) && m.List().Any(c => c is { Field: Mute.RuleField } && c.Value.Equals(Id, StringComparison.OrdinalIgnoreCase)))];
            versions = found.IsOwn ? await rules.VersionsAsync(Scene.Tenant, Id, stop.Token) : [];
            await HitsAsync(found);
            (rule, failed) = (found, false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception problem)
        {
            ConsoleLog.PageFailed(log, "rule", problem);
            failed = true;
        }
    }

    private async Task HitsAsync(RuleView found)
    {
        var range = new Span(Scene.Range.From, Scene.Range.To);
        try
        {
            hits = RuleListing.Even(await queries.RuleHistogramAsync(Scene.Tenant, range, Id, Scene.Range.Bucket, stop.Token), range, Scene.Range.Bucket);
            chart = HitChart.Of(T, hits, found.Info.Class, Scene.Range.Bucket, T["rule.hits"]);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // The rule is worth showing without its figures.
            hits = null;
        }
    }

    private async Task RemoveAsync()
    {
        if (busy) return;
        busy = true;
        try
        {
            if (!await desk.MayAsync(Scene, Role.Admin, stop.Token)) toasts.Add(T["rules.refused.notallowed"], Severity.Normal);
            else if (await rules.RemoveAsync(Scene.Tenant, Id, RuleDesk.ActorOf(Scene), stop.Token))
            {
                toasts.Add(T["rule.removed"], Severity.Normal);
                Navigation.NavigateTo(Scene.Link("config/rules", ("area", "own")));
            }
            else toasts.Add(T["rules.refused.notfound"], Severity.Normal);
        }
        catch (Exception problem) when (!stop.IsCancellationRequested)
        {
            ConsoleLog.PageFailed(log, "rule", problem);
            toasts.Add(T["rules.refused.failed"], Severity.Normal);
        }
        finally
        {
            busy = false;
        }
    }

    private string With(string name, string? value) => Navigation.GetUriWithQueryParameter(name, value);

    /// <summary>The page of a technique at ATT&amp;CK: T1110.001 is /T1110/001/.</summary>
    internal static string Attack(string technique) => "https://attack.mitre.org/techniques/" + technique.Replace('.', '/') + "/";

    public void Dispose()
    {
        stop.Cancel();
        stop.Dispose();
    }
}
