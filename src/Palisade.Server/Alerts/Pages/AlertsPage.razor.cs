using Microsoft.AspNetCore.Components;
using Palisade.Protocol;
using Palisade.Server.Console;
using Palisade.Server.Identity;

namespace Palisade.Server.Alerts.Pages;

/// <summary>The list of alerts. Everything it shows is in its address.</summary>
public sealed partial class AlertsPage(AlertQueries alerts, AlertFeed feed, MembershipService memberships, TimeProvider clock, ILogger<AlertsPage> log) : IAsyncDisposable
{
    private static readonly string[] Statuses = ["open", "ack", "closed", "muted", "all"];
    private static readonly string[] Levels = ["critical", "high", "medium", "low"];
    private readonly CancellationTokenSource stop = new();
    private readonly Dictionary<string, int> totals = [];
    private IReadOnlyList<Alert>? rows;
    private IReadOnlyList<Alert> fresh = [];
    private IReadOnlyList<Member> members = [];
    private AlertSubscription? subscription;
    private string asked = "";
    private int held;
    private bool failed;
    private bool full;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";
    [SupplyParameterFromQuery(Name = "status")] public string? Status { get; set; }
    [SupplyParameterFromQuery(Name = "sev")] public string? Sev { get; set; }
    [SupplyParameterFromQuery(Name = "outcome")] public string? Outcome { get; set; }
    [SupplyParameterFromQuery(Name = "family")] public string? Family { get; set; }
    [SupplyParameterFromQuery(Name = "region")] public string? Region { get; set; }
    [SupplyParameterFromQuery(Name = "q")] public string? Q { get; set; }
    [SupplyParameterFromQuery(Name = "open")] public string? Open { get; set; }
    [SupplyParameterFromQuery(Name = "tab")] public string? Tab { get; set; }

    private string Wanted => Statuses.Contains(Status) ? Status! : "open";
    private int Filters => Chips.Count() + (Sev is null ? 0 : 1) + (string.IsNullOrEmpty(Q) ? 0 : 1);
    private string Closed => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["open"] = null, ["tab"] = null });

    private IEnumerable<(string Name, string Label, string Value)> Chips
    {
        get
        {
            if (!string.IsNullOrEmpty(Outcome)) yield return ("outcome", T["alerts.outcome"], T["outcome." + Outcome]);
            if (!string.IsNullOrEmpty(Family)) yield return ("family", T["dash.class"], T["family." + Family]);
            if (!string.IsNullOrEmpty(Region)) yield return ("region", T["dash.by.region"], Names.Name(Region, T.Chinese));
            if (Scene.Range.Key != TimeRange.Default)
                yield return ("from", T["alerts.time"], Scene.Range.Key == "custom" ? $"{T.Time(Scene.Range.From)} – {T.Time(Scene.Range.To)}" : T["range." + Scene.Range.Key]);
        }
    }

    protected override async Task OnParametersSetAsync()
    {
        var question = string.Join('\n', Wanted, Sev, Outcome, Family, Region, Q, Scene.Range.FromText, Scene.Range.ToText);
        if (question == asked) return;
        asked = question;
        await ReadAsync(true);
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (!firstRender) return;
        subscription = feed.Subscribe(Scene.Tenant);
        _ = FollowAsync(subscription);
    }

    private async Task FollowAsync(AlertSubscription changes)
    {
        try
        {
            while (await changes.Changes.WaitToReadAsync(stop.Token))
            {
                while (changes.Changes.TryRead(out _)) { }
                await InvokeAsync(() => ReadAsync(false));
                await Task.Delay(TimeSpan.FromSeconds(1), clock, stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
    }

    /// <summary>Reads the list. Rows on the screen never move: what is new waits to be asked for.</summary>
    private async Task ReadAsync(bool replace)
    {
        try
        {
            if (members.Count == 0) members = await memberships.MembersAsync(Scene.Tenant, stop.Token);
            foreach (var status in Statuses) totals[status] = await alerts.CountAsync(Scene.Tenant, Filter(status), stop.Token);
            var page = await alerts.ListAsync(Scene.Tenant, Filter(Wanted), null, AlertQueries.MaxPage, stop.Token);
            full = page.Next is not null;
            fresh = AlertDesk.WorstFirst(page.Items.Where(Fits));
            failed = false;
            if (replace || rows is null) ShowNew();
            else Merge(rows);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception problem)
        {
            ConsoleLog.PageFailed(log, "alerts", problem);
            failed = true;
        }
        StateHasChanged();
    }

    private void Merge(IReadOnlyList<Alert> shown)
    {
        var byId = fresh.ToDictionary(a => a.Id);
        rows = [.. shown.Where(r => byId.ContainsKey(r.Id) || r.Id == Open).Select(r => byId.GetValueOrDefault(r.Id, r))];
        var seen = rows.Select(r => r.Id).ToHashSet();
        held = fresh.Count(a => !seen.Contains(a.Id));
        if (rows.Count == 0) ShowNew();
    }

    private void ShowNew()
    {
        rows = fresh;
        held = 0;
    }

    private void Search(ChangeEventArgs e) => Navigation.NavigateTo(With("q", e.Value?.ToString()));

    private bool Fits(Alert alert) =>
        (string.IsNullOrEmpty(Family) || AttackFamilies.Of(alert.Class) == Family) && (string.IsNullOrEmpty(Region) || alert.SourceCountry == Region);

    private AlertFilter Filter(string status) => new()
    {
        Status = status switch { "open" => AlertStatus.New, "ack" => AlertStatus.InProgress, "closed" => AlertStatus.Closed, "muted" => AlertStatus.Muted, _ => null },
        MinimumLevel = Sev is null ? null : LevelOf(Sev),
        Outcome = Enum.TryParse<AttackOutcome>(Outcome, true, out var outcome) ? outcome : null,
        Text = string.IsNullOrWhiteSpace(Q) ? null : Q.Trim(),
        From = Scene.Range.Key == TimeRange.Default ? null : Scene.Range.From,
        To = Scene.Range.Key == "custom" ? Scene.Range.To : null,
    };

    private string Total(string status) => totals.TryGetValue(status, out var count) ? T.Number(count) : "";

    private static FindingLevel LevelOf(string name) => Enum.TryParse<FindingLevel>(name, true, out var level) ? level : FindingLevel.Informational;

    private string? Who(Guid? owner) => members.FirstOrDefault(m => m.Id == owner) is { } m ? m.DisplayName.Length > 0 ? m.DisplayName : m.Email : null;

    private string With(string name, string? value) =>
        Navigation.GetUriWithQueryParameter(name, string.IsNullOrEmpty(value) ? null : value);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        subscription?.Dispose();
        stop.Dispose();
    }
}
