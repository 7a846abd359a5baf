using Microsoft.AspNetCore.Components;
using Palisade.Protocol;
using Palisade.Server.Console;
using Palisade.Server.Identity;

namespace Palisade.Server.Incidents.Pages;

/// <summary>The list of incidents. Everything it shows is in its address.</summary>
public sealed partial class IncidentsPage(IncidentQueries incidents, IncidentFeed feed, MembershipService memberships, TimeProvider clock, ILogger<IncidentsPage> log) : IAsyncDisposable
{
    private static readonly string[] Statuses = ["open", "new", "progress", "closed", "all"];
    private static readonly string[] Levels = ["critical", "high", "medium", "low"];
    private readonly CancellationTokenSource stop = new();
    private readonly Dictionary<string, int> totals = [];
    private readonly Dictionary<string, (long Version, IncidentStory Story)> stories = [];
    private IReadOnlyList<IncidentRow>? rows;
    private IReadOnlyList<IncidentRow> fresh = [];
    private IReadOnlyList<Member> members = [];
    private IncidentSubscription? subscription;
    private string asked = "";
    private int held;
    private bool failed, full;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";
    [SupplyParameterFromQuery(Name = "status")] public string? Status { get; set; }
    [SupplyParameterFromQuery(Name = "sev")] public string? Sev { get; set; }
    [SupplyParameterFromQuery(Name = "outcome")] public string? Outcome { get; set; }
    [SupplyParameterFromQuery(Name = "class")] public string? Class { get; set; }
    [SupplyParameterFromQuery(Name = "source")] public string? Source { get; set; }
    [SupplyParameterFromQuery(Name = "q")] public string? Q { get; set; }

    private string Wanted => Statuses.Contains(Status) ? Status! : Statuses[0];
    private int Filters => Chips.Count() + (Sev is null ? 0 : 1) + (string.IsNullOrEmpty(Q) ? 0 : 1);

    private IEnumerable<(string Name, string Label, string Value)> Chips
    {
        get
        {
            if (!string.IsNullOrEmpty(Outcome)) yield return ("outcome", T["alerts.outcome"], T["outcome." + Outcome]);
            if (!string.IsNullOrEmpty(Class)) yield return ("class", T["dash.class"], T["class." + Class]);
            if (!string.IsNullOrEmpty(Source)) yield return ("source", T["alerts.source"], Source);
            if (Scene.Range.Key != TimeRange.Default)
                yield return ("from", T["alerts.time"], Scene.Range.Key == "custom" ? $"{T.Time(Scene.Range.From)} – {T.Time(Scene.Range.To)}" : T["range." + Scene.Range.Key]);
        }
    }

    protected override async Task OnParametersSetAsync()
    {
        var question = string.Join('\n', Wanted, Sev, Outcome, Class, Source, Q, Scene.Range.FromText, Scene.Range.ToText);
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

    private async Task FollowAsync(IncidentSubscription changes)
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
            foreach (var status in Statuses) totals[status] = await incidents.CountAsync(Scene.Tenant, Filter(status), stop.Token);
            var page = await incidents.ListAsync(Scene.Tenant, Filter(Wanted), null, IncidentQueries.MaxPage, stop.Token);
            full = page.Next is not null;
            fresh = IncidentDesk.WorstFirst(page.Items);
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
            ConsoleLog.PageFailed(log, "incidents", problem);
            failed = true;
        }
        StateHasChanged();
    }

    private void Merge(IReadOnlyList<IncidentRow> shown)
    {
        var byId = fresh.ToDictionary(i => i.Id);
        rows = [.. shown.Where(r => byId.ContainsKey(r.Id)).Select(r => byId[r.Id])];
        var seen = rows.Select(r => r.Id).ToHashSet();
        held = fresh.Count(i => !seen.Contains(i.Id));
        if (rows.Count == 0) ShowNew();
    }

    private void ShowNew()
    {
        rows = fresh;
        held = 0;
    }

    /// <summary>Reading a story costs more than drawing its row: it is read again only when it changed.</summary>
    private IncidentStory Story(IncidentRow row)
    {
        if (stories.TryGetValue(row.Id, out var known) && known.Version == row.StoryVersion) return known.Story;
        var story = IncidentStory.Read(row.Story);
        stories[row.Id] = (row.StoryVersion, story);
        return story;
    }

    private void Search(ChangeEventArgs e) => Navigation.NavigateTo(With("q", e.Value?.ToString()));

    private IncidentFilter Filter(string status) => new()
    {
        Status = status switch { "new" => IncidentStatus.New, "progress" => IncidentStatus.InProgress, "closed" => IncidentStatus.Closed, _ => null },
        Open = status == "open",
        MinimumLevel = Sev is null ? null : LevelOf(Sev),
        Outcome = Enum.TryParse<AttackOutcome>(Outcome, true, out var outcome) ? outcome : null,
        Class = string.IsNullOrEmpty(Class) ? null : Class,
        SourceIp = string.IsNullOrEmpty(Source) ? null : Source,
        Text = string.IsNullOrWhiteSpace(Q) ? null : Q.Trim(),
        From = Scene.Range.Key == TimeRange.Default ? null : Scene.Range.From,
        To = Scene.Range.Key == "custom" ? Scene.Range.To : null,
    };

    private string Total(string status) => totals.TryGetValue(status, out var count) ? T.Number(count) : "";

    private static FindingLevel LevelOf(string name) => Enum.TryParse<FindingLevel>(name, true, out var level) ? level : FindingLevel.Informational;

    private string? Who(Guid? owner) => members.FirstOrDefault(m => m.Id == owner) is { } m ? m.DisplayName.Length > 0 ? m.DisplayName : m.Email : null;

    private string With(string name, string? value) => Navigation.GetUriWithQueryParameter(name, string.IsNullOrEmpty(value) ? null : value);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        subscription?.Dispose();
        stop.Dispose();
    }
}
