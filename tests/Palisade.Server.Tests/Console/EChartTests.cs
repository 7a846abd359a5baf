using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.JSInterop;
using Palisade.Server.Console;
using Palisade.Server.Console.Parts;

namespace Palisade.Server.Tests.Console;

/// <summary>Charts are drawn by the browser, which may not be able to.</summary>
public sealed class EChartTests
{
    [Fact]
    public async Task A_chart_that_the_browser_cannot_draw_says_so_and_leaves_the_page_standing()
    {
        await using var page = new BunitContext();
        var texts = new Ui(new TextCatalogue(), TimeProvider.System);
        page.Services.AddSingleton(texts);
        var module = page.JSInterop.SetupModule("./_content/Palisade.Server/js/charts.js");
        module.SetupVoid("draw", _ => true).SetException(new JSException("Failed to fetch dynamically imported module"));

        var chart = page.Render<EChart>(p => p.Add(c => c.Kind, "trend").Add(c => c.Data, new object()).Add(c => c.Label, "Hits"));

        Assert.Equal(texts["state.noChart"], chart.WaitForElement("[role=status]").TextContent);
        Assert.Empty(chart.FindAll(".chart"));
        Assert.Single(module.Invocations["draw"]);
    }
}
