using System.Globalization;
using Microsoft.AspNetCore.Components;
using Palisade.Protocol;
using Palisade.Server.Console;
using Palisade.Server.Storage;
using Span = Palisade.Server.Storage.TimeRange;

namespace Palisade.Server.Rules.Pages;

/// <summary>The rules of the tenant: which there are, what they found, and whether they can find anything. Everything it shows is in its address.</summary>
public sealed partial class RulesPage(TenantRules rules, EventQueries queries, ReachMemory memory, ILogger<RulesPage> log) : IDisposable
{
    private static readonly (string? Key, string Word)[] FireKeys = [(null, "rules.all"), ("fired", "rules.fired"), ("can", "rules.fate.can"), ("never", "rules.never")];
    private static readonly FindingLevel[] Levels = [FindingLevel.Critical, FindingLevel.High, FindingLevel.Medium, FindingLevel.Low, FindingLevel.Informational];

    private sealed record FilterMenu(string Name, string Label, string Value, string Shown, IReadOnlyList<(string Value, string Word, int Count)> Options);

    private readonly CancellationTokenSource stop = new();
    private IReadOnlyList<RuleView>? all;
    private IReadOnlyDictionary<string, RuleHits>? hits;
    private ILookup<string, HitBucket>? buckets;
    private TenantReach? reach;
    private RuleListing? listing;
    private IReadOnlyList<FilterMenu> menus = [];
    private string asked = "", spanned = "";
    private bool failed;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";
    [SupplyParameterFromQuery(Name = "q")] public string? Q { get; set; }
    [SupplyParameterFromQuery(Name = "class")] public string? Class { get; set; }
    [SupplyParameterFromQuery(Name = "level")] public string? Level { get; set; }
    [SupplyParameterFromQuery(Name = "status")] public string? Status { get; set; }
    [SupplyParameterFromQuery(Name = "area")] public string? Origin { get; set; }
    [SupplyParameterFromQuery(Name = "state")] public string? State { get; set; }
    [SupplyParameterFromQuery(Name = "fires")] public string? Fires { get; set; }
    [SupplyParameterFromQuery(Name = "sort")] public string? Sort { get; set; }
    [SupplyParameterFromQuery(Name = "page")] public int? Page { get; set; }

    private IReadOnlyList<FilterMenu> Menus => menus;
    private int Filters => new[] { Q, Class, Level, Status, Origin, State, Fires }.Count(f => !string.IsNullOrEmpty(f));

    private string Head
    {
        get
        {
            if (all is null) return "";
            var text = T.Say("rules.count", T.Number(all.Count), T.Number(all.Count(r => r.Enabled)));
            return reach is null ? text : text + T.Count("rules.countNever", all.Count(r => reach.Of(r) is { CanFire: false }));
        }
    }

    protected override async Task OnParametersSetAsync()
    {
        var question = string.Join('\n', Q, Class, Level, Status, Origin, State, Fires, Sort, Page, Scene.Range.FromText, Scene.Range.ToText);
        if (question == asked) return;
        asked = question;
        await ReadAsync();
    }

    /// <summary>Looking at the records takes seconds: the list is there before.</summary>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender || reach is not null) return;
        try
        {
            reach = await memory.AskAsync(Scene.Tenant, stop.Token);
            await ListAsync();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception problem)
        {
            ConsoleLog.PageFailed(log, "rules", problem);
            failed = true;
        }
        StateHasChanged();
    }

    private async Task ReadAsync()
    {
        try
        {
            reach ??= memory.Recall(Scene.Tenant);
            all = await rules.ListAsync(Scene.Tenant, stop.Token);
            var span = $"{Scene.Range.FromText} {Scene.Range.ToText}";
            if (hits is null || span != spanned) hits = await AskAsync(async () => (await queries.RuleHitsAsync(Scene.Tenant, Range, stop.Token)).ToDictionary(h => h.RuleId, StringComparer.Ordinal));
            spanned = span;
            await ListAsync();
            failed = false;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception problem)
        {
            ConsoleLog.PageFailed(log, "rules", problem);
            failed = true;
        }
    }

    private Span Range => new(Scene.Range.From, Scene.Range.To);

    private async Task ListAsync()
    {
        var filter = new RuleFilter
        {
            Area = Some(Origin), Class = Some(Class), Status = Some(Status), Text = Q, Enabled = State switch { "on" => true, "off" => false, _ => null },
            Level = Enum.TryParse<FindingLevel>(Level, ignoreCase: true, out var level) && Enum.IsDefined(level) ? level : null,
        };
        RuleFires? fires = Fires switch { "fired" => RuleFires.Fired, "can" => RuleFires.Can, "never" => RuleFires.Never, _ => null };
        menus = [.. MakeMenus()];
        // What can fire is known only after the look; until then the list is on its way.
        if (fires is RuleFires.Can or RuleFires.Never && reach is null) { listing = null; return; }
        listing = RuleListing.Of(all ?? [], filter, fires, Sort, Page ?? 1, hits, reach);
        buckets = hits is null ? null : await AskAsync(() => queries.RuleHistogramsAsync(Scene.Tenant, Range, listing.Rows.Select(r => r.Info.Id), Scene.Range.Bucket, stop.Token));
    }

    /// <summary>The list is worth showing without its figures.</summary>
    private static async Task<T?> AskAsync<T>(Func<Task<T>> ask) where T : class
    {
        try
        {
            return await ask();
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return null;
        }
    }

    private IEnumerable<FilterMenu> MakeMenus()
    {
        var rows = all ?? [];
        FilterMenu Menu(string name, string? value, Func<RuleView, string> of, Func<string, string> word, IEnumerable<string>? order = null)
        {
            var counts = rows.Select(of).Where(v => v.Length > 0).CountBy(v => v).ToDictionary(c => c.Key, c => c.Value, StringComparer.Ordinal);
            var keys = order?.Where(counts.ContainsKey) ?? counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Select(c => c.Key);
            return new FilterMenu(name, T["rules.filter." + name], value ?? "", string.IsNullOrEmpty(value) ? "" : word(value), [.. keys.Select(k => (k, word(k), counts[k]))]);
        }
        yield return Menu("level", Level, r => RuleSwitch.Key(r.Level) == "info" ? "informational" : RuleSwitch.Key(r.Level), v => T["level." + (v == "informational" ? "info" : v)], Levels.Select(l => l.ToString().ToLowerInvariant()));
        yield return Menu("class", Class, r => r.Info.Class, v => T["class." + v]);
        yield return Menu("area", Origin, r => r.Area, AreaWord);
        yield return Menu("status", Status, r => r.Status, v => T["rules.status." + v] is var said && said.StartsWith("rules.", StringComparison.Ordinal) ? v : said);
        yield return Menu("state", State, r => r.Enabled ? "on" : "off", v => T["rules." + v]);
    }

    private string FireCount(string? key) => all is null || key is "can" or "never" && reach is null ? "" : T.Number(key switch
    {
        "fired" => all.Count(r => hits?.ContainsKey(r.Info.Id) == true),
        "can" => all.Count(r => reach!.Of(r) is { CanFire: true }),
        "never" => all.Count(r => reach!.Of(r) is { CanFire: false }),
        _ => all.Count,
    });

    private string AreaWord(string area) => area is "own" or "web" or "behaviour" or "anomaly" or "correlation" or "other" ? T["rules.area." + area] : area;

    private string Area(RuleView rule) => rule.LogSource.Length > 0 ? rule.LogSource : AreaWord(rule.Area);

    private string Second(RuleView rule) => string.Join(" · ", new[]
    {
        rule.IsOwn ? T["rules.area.own"] : "", string.Join(", ", rule.Info.Techniques.Take(3)), rule.Info.Id,
    }.Where(p => p.Length > 0));

    private string HitText(RuleView rule) => hits is null ? "–" : T.Number(hits.GetValueOrDefault(rule.Info.Id)?.Count ?? 0);

    private IReadOnlyList<long> Values(RuleView rule) => buckets is null || hits?.ContainsKey(rule.Info.Id) != true ? [] : [.. RuleListing.Even(buckets[rule.Info.Id], Range, Scene.Range.Bucket).Select(b => b.Count)];

    private void Replace(RuleView changed)
    {
        all = [.. (all ?? []).Select(r => r.Info.Id == changed.Info.Id ? changed : r)];
        // In place: a row does not vanish from under the hand that changed it.
        if (listing is not null) listing = listing with { Rows = [.. listing.Rows.Select(r => r.Info.Id == changed.Info.Id ? changed : r)] };
        menus = [.. MakeMenus()];
    }

    private void Search(ChangeEventArgs e) => Navigation.NavigateTo(With("q", e.Value?.ToString()));

    private string With(string name, string? value) => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["page"] = null, [name] = string.IsNullOrEmpty(value) ? null : value });

    private static string? Some(string? value) => string.IsNullOrEmpty(value) ? null : value;

    public void Dispose()
    {
        stop.Cancel();
        stop.Dispose();
    }
}
