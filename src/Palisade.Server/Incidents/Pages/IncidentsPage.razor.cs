using Microsoft.AspNetCore.Components;
using Palisade.Server.Console;
using Palisade.Server.Control;

namespace Palisade.Server.Incidents.Pages;

/// <summary>The list of incidents.</summary>
public sealed partial class IncidentsPage(IncidentQueries incidents)
{
    private readonly Dictionary<string, (long Version, IncidentStory Story)> stories = [];

    [SupplyParameterFromQuery(Name = "family")] public string? Family { get; set; }
    [SupplyParameterFromQuery(Name = "class")] public string? Class { get; set; }
    [SupplyParameterFromQuery(Name = "source")] public string? Source { get; set; }

    public override string Name => "incidents";
    public override IReadOnlyList<string> Statuses { get; } = ["open", "new", "progress", "closed", "all"];
    protected override Topic Topic => Topic.Incidents;
    protected override IReadOnlyList<(string Name, string Label, string? Value, string Shown)> OwnFilters =>
        [("family", T["dash.class"], Family, T["family." + Family]), ("class", T["analysis.filter.class"], Class, T["class." + Class]), ("source", T["alerts.source"], Source, Source ?? "")];

    protected override string IdOf(IncidentRow row) => row.Id;

    protected override Task<int> CountAsync(string status, CancellationToken stop) => incidents.CountAsync(Scene.Tenant, Filter(status), stop);

    protected override async Task<(IReadOnlyList<IncidentRow> Rows, bool IsFull)> RowsAsync(CancellationToken stop)
    {
        var page = await incidents.ListAsync(Scene.Tenant, Filter(Wanted), null, IncidentQueries.MaxPage, stop);
        return (IncidentDesk.WorstFirst(page.Items.Where(i => string.IsNullOrEmpty(Family) || AttackFamilies.Of(i.Class) == Family)), page.Next is not null);
    }

    /// <summary>Reading a story costs more than drawing its row: it is read again only when it changed.</summary>
    private IncidentStory Story(IncidentRow row)
    {
        if (stories.TryGetValue(row.Id, out var known) && known.Version == row.StoryVersion) return known.Story;
        var story = IncidentStory.Read(row.Story);
        stories[row.Id] = (row.StoryVersion, story);
        return story;
    }

    private IncidentFilter Filter(string status) => new()
    {
        Status = status switch { "new" => IncidentStatus.New, "progress" => IncidentStatus.InProgress, "closed" => IncidentStatus.Closed, _ => null },
        Open = status == "open",
        MinimumLevel = MinimumLevel,
        Outcome = WantedOutcome,
        Class = string.IsNullOrEmpty(Class) ? null : Class,
        SourceIp = string.IsNullOrEmpty(Source) ? null : Source,
        Text = Words,
        From = From,
        To = To,
    };
}
