using System.Globalization;
using Microsoft.AspNetCore.Components;
using Palisade.Protocol;
using Palisade.Server.Console;
using Palisade.Server.Storage;

namespace Palisade.Server.Analysis.Pages;

/// <summary>Methods: where attacks come from, how, against what, and what came of them. Everything it shows is in its address.</summary>
public sealed partial class AnalysisPage(AnalysisQueries queries, Ui t, RegionNames names, NavigationManager navigation, ILogger<AnalysisPage> log)
{
    private static readonly string[] Bys = ["region", "network", "address"];
    private AnalysisFigures? figures;
    private object flow = new(), ring = new(), points = new(), hours = new();
    private string asked = "";
    private bool failed;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";
    [SupplyParameterFromQuery(Name = "by")] public string? By { get; set; }
    [SupplyParameterFromQuery(Name = "view")] public string? View { get; set; }
    [SupplyParameterFromQuery(Name = "family")] public string? Family { get; set; }
    [SupplyParameterFromQuery(Name = "class")] public string? Class { get; set; }
    [SupplyParameterFromQuery(Name = "outcome")] public string? Outcome { get; set; }
    [SupplyParameterFromQuery(Name = "region")] public string? Region { get; set; }
    [SupplyParameterFromQuery(Name = "network")] public string? Network { get; set; }
    [SupplyParameterFromQuery(Name = "address")] public string? Address { get; set; }
    [SupplyParameterFromQuery(Name = "target")] public string? Target { get; set; }

    private Ui T => t;
    private RegionNames Names => names;
    private string Wanted => Bys.Contains(By) ? By! : Bys[0];
    private bool IsTable => View == "table";
    private AnalysisFilter Filter => new(Family, Class, Outcome, Region, Network, Address, Target);
    private string Bare => $"t/{Scene.Place.Slug}/analysis" + (Scene.Range.Key == Console.TimeRange.Default ? "" : $"?from={Uri.EscapeDataString(Scene.Range.FromText)}&to={Uri.EscapeDataString(Scene.Range.ToText)}");
    private string RangeName => Scene.Range.Key == "custom" ? $"{t.Time(Scene.Range.From)} – {t.Time(Scene.Range.To)}" : t["range." + Scene.Range.Key];
    private string FlowLabel => t.Say("analysis.flowLabel", t.Number(figures!.Total), t.Number(figures.Of(AttackOutcome.Succeeded) + figures.Of(AttackOutcome.Likely)));

    protected override async Task OnParametersSetAsync()
    {
        var question = string.Join('\n', Wanted, Filter, Scene.Range.FromText, Scene.Range.ToText, t.Language);
        if (question == asked) return;
        asked = question;
        await ReadAsync();
    }

    private async Task ReadAsync()
    {
        try
        {
            var by = AnalysisApi.Source(Wanted)!.Value;
            figures = await queries.ReadAsync(Scene.Tenant, new Storage.TimeRange(Scene.Range.From, Scene.Range.To), Filter.Query, by, CancellationToken.None);
            (flow, ring, points, hours) = (DrawFlow(figures), DrawRing(figures), DrawPoints(figures), DrawHours(figures));
            failed = false;
        }
        catch (Exception problem)
        {
            ConsoleLog.PageFailed(log, "analysis", problem);
            failed = true;
        }
    }

    private string SourceName(string key) => key == AttackFlow.Rest ? t.Count("analysis.otherSources", Math.Max(1, figures!.SourceCount - Distinct(p => p.Source)))
        : Wanted switch
        {
            "region" => key.Length == 0 ? t["dash.noRegion"] : names.Name(key, t.Chinese),
            "network" => key is "" or "0" ? t["analysis.noNetwork"] : figures!.Labels.GetValueOrDefault(key, "AS" + key),
            _ => key.Length == 0 ? t["analysis.noAddress"] : key,
        };

    private string NameOfTarget(string key) => key == AttackFlow.Rest ? t.Count("analysis.otherTargets", Math.Max(1, figures!.TargetCount - Distinct(p => p.Target))) : figures?.Labels.GetValueOrDefault(key, key) ?? key;

    private int Distinct(Func<FlowPart, string> of) => figures!.Flow.Select(of).Where(k => k != AttackFlow.Rest).Distinct().Count();

    private string Shown(string name, string value) => name switch
    {
        "class" => t["class." + value],
        "region" => value == AnalysisFilter.Unknown ? t["dash.noRegion"] : names.Name(value, t.Chinese),
        "network" => value == "0" ? t["analysis.noNetwork"] : "AS" + value,
        "target" => NameOfTarget(value),
        _ => value,
    };

    /// <summary>A node of the chart narrows everything to it; the rest of a column is nothing to narrow to.</summary>
    private Task PickAsync(string key)
    {
        var colon = key.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && Narrow(key[..colon], key[(colon + 1)..]) is var (name, value) && value != AttackFlow.Rest) navigation.NavigateTo(With(name, value));
        return Task.CompletedTask;
    }

    private (string Name, string Value) Narrow(string column, string value) => column switch
    {
        "source" => (Wanted, value.Length > 0 ? value : Wanted == "region" ? AnalysisFilter.Unknown : Wanted == "network" ? "0" : AttackFlow.Rest),
        _ => (column, value),
    };

    /// <summary>The alerts behind a row of the table.</summary>
    private string LinkOf(FlowPart part)
    {
        var (name, value) = Narrow("source", part.Source);
        var own = Filter with { Family = part.Family, Outcome = part.Outcome.ToString().ToLowerInvariant(), Target = part.Target == AttackFlow.Rest ? Target : part.Target };
        if (value != AttackFlow.Rest) own = name switch { "region" => own with { Region = value }, "address" => own with { Address = value }, _ => own with { Network = value } };
        return own.Alerts(Scene);
    }

    private string With(string name, string? value) => navigation.GetUriWithQueryParameter(name, string.IsNullOrEmpty(value) ? null : value);

    private object DrawFlow(AnalysisFigures of)
    {
        static bool Won(AttackOutcome outcome) => outcome >= AttackOutcome.Likely;
        var nodes = of.Flow.GroupBy(p => p.Source).Select(g => new { id = "source:" + g.Key, name = SourceName(g.Key), column = 0, tone = "", count = g.Sum(p => p.Count), rest = g.Key == AttackFlow.Rest })
            .Concat(of.Flow.GroupBy(p => p.Family).Select(g => new { id = "family:" + g.Key, name = t["short." + g.Key], column = 1, tone = "cls-" + g.Key, count = g.Sum(p => p.Count), rest = false }))
            .Concat(of.Flow.GroupBy(p => p.Target).Select(g => new { id = "target:" + g.Key, name = NameOfTarget(g.Key), column = 2, tone = "", count = g.Sum(p => p.Count), rest = g.Key == AttackFlow.Rest }))
            .Concat(of.Flow.GroupBy(p => p.Outcome).OrderBy(g => Won(g.Key)).Select(g => new { id = "outcome:" + Key(g.Key), name = t["outcome." + Key(g.Key)], column = 3, tone = "out-" + (Won(g.Key) ? "succeeded" : Key(g.Key)), count = g.Sum(p => p.Count), rest = false }));
        var links = of.Flow.GroupBy(p => (p.Source, p.Family)).Select(g => new { from = "source:" + g.Key.Source, to = "family:" + g.Key.Family, count = g.Sum(p => p.Count), tone = "", won = false })
            .Concat(of.Flow.GroupBy(p => (p.Family, p.Target)).Select(g => new { from = "family:" + g.Key.Family, to = "target:" + g.Key.Target, count = g.Sum(p => p.Count), tone = "cls-" + g.Key.Family, won = false }))
            .Concat(of.Flow.GroupBy(p => (p.Target, p.Outcome)).Select(g => new { from = "target:" + g.Key.Target, to = "outcome:" + Key(g.Key.Outcome), count = g.Sum(p => p.Count), tone = "", won = Won(g.Key.Outcome) }));
        return new { nodes = nodes.ToArray(), links = links.ToArray(), total = of.Total };
    }

    private static string Key(AttackOutcome outcome) => outcome.ToString().ToLowerInvariant();

    /// <summary>Families inside, classes outside.</summary>
    private object DrawRing(AnalysisFigures of) => new
    {
        total = of.Methods.Count,
        parts = of.Methods.GroupBy(m => AttackFamilies.Of(m.Class)).OrderByDescending(g => g.Sum(m => m.Count)).Select(g => new
        {
            key = "family:" + g.Key, name = t["short." + g.Key], tone = "cls-" + g.Key,
            children = g.GroupBy(m => m.Class).OrderByDescending(c => c.Sum(m => m.Count)).Select(c => new { key = "class:" + c.Key, name = t["class." + c.Key], count = c.Sum(m => m.Count) }),
        }),
    };

    private object DrawPoints(AnalysisFigures of) => new
    {
        points = of.Regions.Select(r => (Row: r, Region: names.Find(r.Key))).Where(p => p.Region is not null)
            .Select(p => new { key = p.Row.Key, name = t.Pick(p.Region!.Name, p.Region.NameZh), lon = p.Region.Longitude, lat = p.Region.Latitude, count = p.Row.Count, succeeded = p.Row.Succeeded > 0 }),
    };

    /// <summary>Hour by day of the week, in the zone of the tenant; Monday first.</summary>
    private object DrawHours(AnalysisFigures of)
    {
        var cells = new long[7, 24];
        foreach (var hour in of.Hours)
        {
            var local = t.Local(hour.Hour);
            cells[((int)local.DayOfWeek + 6) % 7, local.Hour] += hour.Count;
        }
        return new
        {
            days = Enumerable.Range(1, 7).Select(d => t["day." + d.ToString(CultureInfo.InvariantCulture)]),
            cells = from day in Enumerable.Range(0, 7) from hour in Enumerable.Range(0, 24) select new[] { hour, day, cells[day, hour] },
        };
    }
}
