using Microsoft.AspNetCore.Components;
using Palisade.Protocol;
using Palisade.Server.Control;
using Palisade.Server.Identity;

namespace Palisade.Server.Console.Parts;

/// <summary>Levels that a list may be narrowed to.</summary>
public static class LevelChoice
{
    public static IReadOnlyList<string> All { get; } = ["critical", "high", "medium", "low"];

    public static FindingLevel Of(string name) => Enum.TryParse<FindingLevel>(name, true, out var level) ? level : FindingLevel.Informational;
}

/// <summary>
/// A page that lists rows which change while people read. Everything it shows is in its address, and rows on the screen
/// never move: what is new waits to be asked for. <see cref="ListFrame{TRow}"/> draws what is around the rows.
/// </summary>
public abstract class LiveList<TRow> : ComponentBase, IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Dictionary<string, int> totals = [];
    private IReadOnlyList<TRow> fresh = [];
    private string asked = "";

    [Inject] protected Ui T { get; set; } = null!;
    [Inject] protected NavigationManager Navigation { get; set; } = null!;
    [Inject] private ChangeFeed Feed { get; set; } = null!;
    [Inject] private MembershipService Memberships { get; set; } = null!;
    [Inject] private ILoggerFactory Logs { get; set; } = null!;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";
    [SupplyParameterFromQuery(Name = "status")] public string? Status { get; set; }
    [SupplyParameterFromQuery(Name = "sev")] public string? Sev { get; set; }
    [SupplyParameterFromQuery(Name = "outcome")] public string? Outcome { get; set; }
    [SupplyParameterFromQuery(Name = "q")] public string? Q { get; set; }

    /// <summary>What the list is of: its place in the address and in the texts.</summary>
    public abstract string Name { get; }
    public abstract IReadOnlyList<string> Statuses { get; }
    protected abstract Topic Topic { get; }
    /// <summary>Filters of its own, beside those that every list has.</summary>
    protected abstract IReadOnlyList<(string Name, string Label, string? Value, string Shown)> OwnFilters { get; }
    /// <summary>A row that stays even when it no longer fits.</summary>
    protected virtual string? Kept => null;

    protected abstract string IdOf(TRow row);
    protected abstract Task<int> CountAsync(string status, CancellationToken stop);
    /// <summary>The rows in their order, and whether there are more than are shown.</summary>
    protected abstract Task<(IReadOnlyList<TRow> Rows, bool IsFull)> RowsAsync(CancellationToken stop);

    public IReadOnlyList<TRow>? Rows { get; private set; }
    protected IReadOnlyList<Member> Members { get; private set; } = [];
    /// <summary>Rows that wait to be shown.</summary>
    public int Held { get; private set; }
    public bool IsFull { get; private set; }
    public bool HasFailed { get; private set; }

    public string Wanted => Statuses.Contains(Status) ? Status! : Statuses[0];
    public int Filters => Chips.Count() + (Sev is null ? 0 : 1) + (string.IsNullOrEmpty(Q) ? 0 : 1);

    public IEnumerable<(string Name, string Label, string Value)> Chips
    {
        get
        {
            if (!string.IsNullOrEmpty(Outcome)) yield return ("outcome", T["alerts.outcome"], T["outcome." + Outcome]);
            foreach (var (name, label, value, shown) in OwnFilters)
                if (!string.IsNullOrEmpty(value)) yield return (name, label, shown);
            if (Scene.Range.Key != TimeRange.Default)
                yield return ("from", T["alerts.time"], Scene.Range.Key == "custom" ? $"{T.Time(Scene.Range.From)} – {T.Time(Scene.Range.To)}" : T["range." + Scene.Range.Key]);
        }
    }

    protected FindingLevel? MinimumLevel => Sev is null ? null : LevelChoice.Of(Sev);
    protected AttackOutcome? WantedOutcome => Enum.TryParse<AttackOutcome>(Outcome, true, out var outcome) ? outcome : null;
    protected string? Words => string.IsNullOrWhiteSpace(Q) ? null : Q.Trim();
    protected DateTimeOffset? From => Scene.Range.Key == TimeRange.Default ? null : Scene.Range.From;
    protected DateTimeOffset? To => Scene.Range.Key == "custom" ? Scene.Range.To : null;

    protected override async Task OnParametersSetAsync()
    {
        var question = string.Join('\n', [Wanted, Sev, Outcome, Q, Scene.Range.FromText, Scene.Range.ToText, .. OwnFilters.Select(f => f.Value)]);
        if (question == asked) return;
        asked = question;
        await ReadAsync(true);
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender) _ = Feed.FollowAsync(Topic, Scene.Tenant, () => InvokeAsync(() => ReadAsync(false)), stop.Token);
    }

    /// <summary>Reads the list; unless it replaces what is shown, rows stay and new ones are held back.</summary>
    public async Task ReadAsync(bool replace)
    {
        try
        {
            if (Members.Count == 0) Members = await Memberships.MembersAsync(Scene.Tenant, stop.Token);
            foreach (var status in Statuses) totals[status] = await CountAsync(status, stop.Token);
            (fresh, IsFull) = await RowsAsync(stop.Token);
            HasFailed = false;
            if (replace || Rows is null) ShowNew();
            else Merge(Rows);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception problem)
        {
            ConsoleLog.PageFailed(Logs.CreateLogger(GetType()), Name, problem);
            HasFailed = true;
        }
        StateHasChanged();
    }

    private void Merge(IReadOnlyList<TRow> shown)
    {
        var byId = fresh.ToDictionary(IdOf);
        Rows = [.. shown.Where(r => byId.ContainsKey(IdOf(r)) || IdOf(r) == Kept).Select(r => byId.GetValueOrDefault(IdOf(r), r))];
        var seen = Rows.Select(IdOf).ToHashSet();
        Held = fresh.Count(r => !seen.Contains(IdOf(r)));
        if (Rows.Count == 0) ShowNew();
    }

    public void ShowNew()
    {
        Rows = fresh;
        Held = 0;
        StateHasChanged();
    }

    public string Total(string status) => totals.TryGetValue(status, out var count) ? T.Number(count) : "";

    protected string? Who(Guid? owner) => Members.FirstOrDefault(m => m.Id == owner) is { } m ? m.DisplayName.Length > 0 ? m.DisplayName : m.Email : null;

    /// <summary>The address with one filter changed.</summary>
    public string With(string name, string? value) => Navigation.GetUriWithQueryParameter(name, string.IsNullOrEmpty(value) ? null : value);

    public void Search(string? words) => Navigation.NavigateTo(With("q", words));

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        stop.Dispose();
        GC.SuppressFinalize(this);
    }
}
