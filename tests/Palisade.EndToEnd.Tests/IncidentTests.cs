using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace Palisade.EndToEnd.Tests;

/// <summary>A small attack, sent to the real product: one incident by the API and on its page, also over a crash, and its attacker.</summary>
public sealed class IncidentTests
{
    private const string Attacker = "203.0.113.47";

    /// <summary>Customers who read pages, and one address among them that injects SQL, which is refused each time.</summary>
    private static string Story(int from, int to)
    {
        var body = new StringBuilder();
        var begin = TimeProvider.System.GetUtcNow().AddMinutes(-30);
        for (var i = from; i < to; i++)
        {
            var at = begin.AddSeconds(i).ToString("dd/MMM/yyyy:HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
            var (address, request, answer) = i % 6 == 0
                ? (Attacker, $"/search?q=1%27%20UNION%20SELECT%20login,password%20FROM%20users--%20{i}", "403 162") : ($"198.51.100.{i % 90 + 1}", $"/products/{i % 40}", $"200 {5000 + i % 300}");
            body.Append($"{address} - - [{at} +0000] \"GET {request} HTTP/1.1\" {answer} \"-\" \"Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0\"\n");
        }
        return body.ToString();
    }

    private static async Task SendAsync(Product product, string lines)
    {
        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new("Bearer", product.IngestToken) } };
        using var answer = await http.PostAsync(new Uri(product.Url + "/ingest/raw?source=web-01"), new StringContent(lines));
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<JsonObject[]> IncidentsAsync(Product product, string query = "") => [.. ((JsonArray)(await product.GetAsync("/api/v1/incidents" + query))["items"]!).Select(i => (JsonObject)i!)];

    [Fact]
    public async Task A_small_attack_is_one_incident_by_api_and_page_also_over_a_crash()
    {
        await using var product = await Product.StartNewAsync();
        await SendAsync(product, Story(0, 450));
        await Product.UntilAsync("there is an incident", async () => (await IncidentsAsync(product)).Length > 0);
        await product.KillAsync();
        await product.StartAsync();
        await SendAsync(product, Story(450, 600));
        await Product.UntilAsync("all is stored", async () => await product.StoredAsync("web-01") == 600);
        await Product.UntilAsync("the incident has the whole story", async () => (long)(await IncidentsAsync(product, "?source=" + Attacker))[0]["count"]! == 100);

        var incident = Assert.Single(await IncidentsAsync(product));
        var id = (string)incident["id"]!;
        Assert.Equal(("sqli", "blocked", Attacker), ((string)incident["class"]!, (string)incident["outcome"]!, (string)incident["sources"]![0]!));
        var detail = await product.GetAsync("/api/v1/incidents/" + id);
        Assert.Contains(((JsonArray)detail["steps"]!).Select(s => (string)s!["phase"]!), p => p == "exploit");
        Assert.Equal(100, (long)detail["outcomes"]!["blocked"]!);
        Assert.NotEmpty((JsonArray)detail["alerts"]!);
        var timeline = ((JsonArray)detail["timeline"]!).Select(e => (string)e!["event_id"]!).ToArray();
        Assert.Equal(timeline.Distinct(), timeline);
        Assert.Contains("UNION", detail["timeline"]!.ToJsonString(), StringComparison.Ordinal);

        using var playwright = await Playwright.CreateAsync();
        await using var browser = await ConsoleTests.LaunchAsync(playwright);
        await using var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1440, Height = 900 }, ColorScheme = ColorScheme.Dark, Locale = "en-US" });
        var (page, foreign, errors) = await ConsoleTests.WatchedAsync(context, product);
        await page.GotoAsync(product.Url + "/");
        await ConsoleTests.SignInAsync(page);
        await page.GotoAsync(product.Url + "/t/lanqiao-pay/incidents");
        await Assertions.Expect(page.Locator("[data-row]").First).ToContainTextAsync("SQL injection");
        await Assertions.Expect(page.Locator("[data-row]")).ToHaveCountAsync(1);
        await ConsoleTests.ShotAsync(page, "incidents");
        await ConsoleTests.PhoneAsync(page, "incidents");
        await ConsoleTests.AccessibleAsync(page);

        await page.GotoAsync($"{product.Url}/t/lanqiao-pay/incidents/{id}");
        await Assertions.Expect(page.Locator("h1")).ToContainTextAsync(Attacker);
        await Assertions.Expect(page.Locator(".lane-mark.blocked").First).ToBeVisibleAsync();
        // The page comes to life a moment after it is seen: what is done before is done again.
        await Product.UntilAsync("a record opens", async () =>
        {
            if (await page.Locator(".moment[open]").CountAsync() == 0) await page.Locator(".moment summary").Last.ClickAsync();
            return await page.Locator(".moment[open] pre").CountAsync() == 1;
        });
        await Assertions.Expect(page.Locator(".moment[open] pre")).ToContainTextAsync(Attacker);
        await ConsoleTests.ShotAsync(page, "incident", whole: true);
        await ConsoleTests.PhoneAsync(page, "incident");
        await ConsoleTests.AccessibleAsync(page);
        await Product.UntilAsync("work on it begins", async () =>
        {
            if (await page.Locator("[data-key=e]").CountAsync() > 0) await page.Keyboard.PressAsync("e");
            return await page.Locator("[data-key=e]").CountAsync() == 0;
        });
        await Assertions.Expect(page.Locator(".story-head .tag").First).ToHaveTextAsync("In progress");
        await page.FillAsync("#comment", "blocked at the edge");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add comment" }).ClickAsync();
        await Assertions.Expect(page.Locator(".note")).ToContainTextAsync("blocked at the edge");
        Assert.Equal("in_progress", (string)(await product.GetAsync("/api/v1/incidents/" + id))["incident"]!["status"]!);

        await page.GotoAsync($"{product.Url}/t/lanqiao-pay/incidents/{id}?view=graph");
        await Assertions.Expect(page.Locator(".graph-node.actor")).ToContainTextAsync(Attacker);
        await ConsoleTests.ShotAsync(page, "incident-graph", whole: true);
        await ConsoleTests.AccessibleAsync(page);
        await page.GotoAsync($"{product.Url}/t/lanqiao-pay/incidents/{id}?view=list");
        await Assertions.Expect(page.Locator(".phase.reached").First).ToBeVisibleAsync();

        await page.GotoAsync(product.Url + "/t/lanqiao-pay/attackers");
        await Assertions.Expect(page.Locator("[data-row]").First).ToContainTextAsync(Attacker);
        await ConsoleTests.ShotAsync(page, "attackers");
        await ConsoleTests.PhoneAsync(page, "attackers");
        await ConsoleTests.AccessibleAsync(page);
        await page.GotoAsync($"{product.Url}/t/lanqiao-pay/attackers/{Attacker}");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync(Attacker);
        await Assertions.Expect(page.Locator(".attacker-chart svg").First).ToBeAttachedAsync();
        await Assertions.Expect(page.Locator(".banner.warn")).ToHaveCountAsync(0);
        await Assertions.Expect(page.Locator(".tries").First).ToBeVisibleAsync();
        await ConsoleTests.ShotAsync(page, "attacker", whole: true);
        await ConsoleTests.PhoneAsync(page, "attacker");
        await ConsoleTests.AccessibleAsync(page);
        await page.GotoAsync($"{product.Url}/t/lanqiao-pay/attackers/203.0.113.0/24");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("203.0.113.0/24");
        await Assertions.Expect(page.Locator(".moment.act").First).ToContainTextAsync("UNION");
        // drawn by the live page, not by the server beforehand: a link that is replaced while it is clicked leads nowhere
        await Assertions.Expect(page.Locator(".attacker-chart svg").First).ToBeAttachedAsync();
        await page.Locator("a[href*='ua-']").First.ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToContainTextAsync("Firefox/140.0");
        await ConsoleTests.AccessibleAsync(page);
        await AnalysisAsync(page, product);
        await ChineseAsync(browser, product, id);
        Assert.Empty(foreign);
        Assert.Empty(errors);
    }

    /// <summary>From the flow to the alerts behind a row of it, with the filter in the address all the way.</summary>
    private static async Task AnalysisAsync(IPage page, Product product)
    {
        await page.GotoAsync(product.Url + "/t/lanqiao-pay/analysis");
        await Assertions.Expect(page.Locator(".flow-chart svg path").First).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".when-chart svg path").First).ToBeVisibleAsync();
        await ConsoleTests.ShotAsync(page, "analysis", whole: true);
        await ConsoleTests.PhoneAsync(page, "analysis");
        await ConsoleTests.AccessibleAsync(page);
        await page.GotoAsync(product.Url + "/t/lanqiao-pay/analysis?outcome=succeeded");
        await Assertions.Expect(page.GetByText("No attack fits this filter")).ToBeVisibleAsync();
        await page.GotoAsync(product.Url + "/t/lanqiao-pay/analysis?by=address&family=web&view=table");
        await Assertions.Expect(page.Locator("a.flow-row").First).ToContainTextAsync(Attacker);
        await ConsoleTests.ShotAsync(page, "analysis-table", whole: true);
        await ConsoleTests.AccessibleAsync(page);
        await page.Locator("a.flow-row").First.ClickAsync();
        await page.WaitForURLAsync("**/alerts?*");
        // The rows of the page before are rows too.
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Alerts");
        await Assertions.Expect(page.Locator("[data-row]").First).ToContainTextAsync(Attacker);
        Assert.Contains("family=web", page.Url, StringComparison.Ordinal);
    }

    private static async Task ChineseAsync(IBrowser browser, Product product, string id)
    {
        await using var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1440, Height = 900 }, ColorScheme = ColorScheme.Light, Locale = "zh-CN" });
        var (page, _, _) = await ConsoleTests.WatchedAsync(context, product);
        await page.GotoAsync(product.Url + "/");
        await ConsoleTests.SignInAsync(page);
        await page.GotoAsync($"{product.Url}/t/lanqiao-pay/incidents/{id}");
        await Assertions.Expect(page.Locator("h1")).ToContainTextAsync("SQL 注入");
        await ConsoleTests.ShotAsync(page, "incident-zh", whole: true);
    }
}
