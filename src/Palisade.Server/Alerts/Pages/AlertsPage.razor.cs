using Microsoft.AspNetCore.Components;
using Palisade.Server.Console;
using Palisade.Server.Control;

namespace Palisade.Server.Alerts.Pages;

/// <summary>The list of alerts, and the open one beside it.</summary>
public sealed partial class AlertsPage(AlertQueries alerts, RegionNames names)
{
    [SupplyParameterFromQuery(Name = "family")] public string? Family { get; set; }
    [SupplyParameterFromQuery(Name = "class")] public string? Class { get; set; }
    [SupplyParameterFromQuery(Name = "region")] public string? Region { get; set; }
    [SupplyParameterFromQuery(Name = "open")] public string? Open { get; set; }
    [SupplyParameterFromQuery(Name = "tab")] public string? Tab { get; set; }

    public override string Name => "alerts";
    public override IReadOnlyList<string> Statuses { get; } = ["open", "ack", "closed", "muted", "all"];
    protected override Topic Topic => Topic.Alerts;
    protected override string? Kept => Open;
    protected override IReadOnlyList<(string Name, string Label, string? Value, string Shown)> OwnFilters =>
        [("family", T["dash.class"], Family, T["family." + Family]), ("class", T["analysis.filter.class"], Class, T["class." + Class]), ("region", T["dash.by.region"], Region, names.Name(Region ?? "", T.Chinese))];

    private string Closed => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["open"] = null, ["tab"] = null });

    protected override string IdOf(Alert row) => row.Id;

    protected override Task<int> CountAsync(string status, CancellationToken stop) => alerts.CountAsync(Scene.Tenant, Filter(status), stop);

    protected override async Task<(IReadOnlyList<Alert> Rows, bool IsFull)> RowsAsync(CancellationToken stop)
    {
        var page = await alerts.ListAsync(Scene.Tenant, Filter(Wanted), null, AlertQueries.MaxPage, stop);
        return (AlertDesk.WorstFirst(page.Items.Where(Fits)), page.Next is not null);
    }

    private bool Fits(Alert alert) =>
        (string.IsNullOrEmpty(Family) || AttackFamilies.Of(alert.Class) == Family) && (string.IsNullOrEmpty(Region) || alert.SourceCountry == Region);

    private AlertFilter Filter(string status) => new()
    {
        Status = status switch { "open" => AlertStatus.New, "ack" => AlertStatus.InProgress, "closed" => AlertStatus.Closed, "muted" => AlertStatus.Muted, _ => null },
        MinimumLevel = MinimumLevel,
        Class = string.IsNullOrEmpty(Class) ? null : Class,
        Outcome = WantedOutcome,
        Text = Words,
        From = From,
        To = To,
    };
}
