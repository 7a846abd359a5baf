using System.Text;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Palisade.EndToEnd.Tests;

/// <summary>What a headless Chromium shows. Screenshots go to artifacts/screens, to be looked at.</summary>
public sealed class ConsoleTests
{
    private static readonly string Screens = Directory.CreateDirectory(Path.Combine(Product.Root, "artifacts", "screens")).FullName;

    [Fact]
    public async Task A_person_signs_in_and_sees_attacks_alerts_and_sources()
    {
        await using var product = await Product.StartNewAsync();
        await SendAsync(product);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        await using var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1440, Height = 900 }, ColorScheme = ColorScheme.Dark, Locale = "en-US" });
        var page = await context.NewPageAsync();
        var foreign = new List<string>();
        var errors = new List<string>();
        page.Request += (_, r) => { if (!r.Url.StartsWith(product.Url, StringComparison.Ordinal) && !r.Url.StartsWith("data:", StringComparison.Ordinal) && !r.Url.StartsWith("ws:", StringComparison.Ordinal)) foreign.Add(r.Url); };
        page.Console += (_, m) => { if (m.Type == "error") errors.Add(m.Text); };

        await page.GotoAsync(product.Url + "/");
        await page.FillAsync("#email", Product.Email);
        await page.FillAsync("#password", Product.Password);
        await ShotAsync(page, "sign-in");
        await page.PressAsync("#password", "Enter");
        await page.WaitForURLAsync("**/t/lanqiao-pay/**");
        await Assertions.Expect(page.Locator("h1")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("SQL injection attempt").First).ToBeVisibleAsync();
        await ShotAsync(page, "dashboard");

        await page.GotoAsync(product.Url + "/t/lanqiao-pay/alerts");
        await Assertions.Expect(page.GetByText("SQL injection attempt").First).ToBeVisibleAsync();
        await ShotAsync(page, "alerts");
        await page.GetByText("SQL injection attempt").First.ClickAsync();
        await Assertions.Expect(page.GetByText("UNION").First).ToBeVisibleAsync();
        await ShotAsync(page, "alert");
        await page.GotoAsync(product.Url + "/t/lanqiao-pay/config/sources");
        await Assertions.Expect(page.GetByText("web-01").First).ToBeVisibleAsync();
        await ShotAsync(page, "sources");

        Assert.Empty(foreign);
        Assert.Empty(errors);
        await page.GotoAsync(product.Url + "/t/lanqiao-pay/");
        await Assertions.Expect(page.GetByText("SQL injection attempt").First).ToBeVisibleAsync();
        var serious = (await page.RunAxe(new AxeRunOptions { RunOnly = new RunOnlyOptions { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] } })).Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{v.Id}: {v.Help}: {string.Join(" | ", v.Nodes.Take(3).Select(n => n.Html))}");
        Assert.Empty(serious);
        await page.SetViewportSizeAsync(390, 844);
        await ShotAsync(page, "dashboard-phone");
    }

    private static async Task ShotAsync(IPage page, string name)
    {
        foreach (var theme in new[] { "dark", "light" })
        {
            await page.EvaluateAsync($"document.documentElement.setAttribute('data-theme', '{theme}')");
            await page.ScreenshotAsync(new() { Path = Path.Combine(Screens, $"{name}.{theme}.png"), Animations = ScreenshotAnimations.Disabled });
        }
    }

    private static async Task SendAsync(Product product)
    {
        var body = new StringBuilder();
        var now = TimeProvider.System.GetUtcNow();
        for (var i = 0; i < 2000; i++)
        {
            var at = now.AddMinutes(-i % 600).ToString("dd/MMM/yyyy:HH:mm:ss");
            body.Append(i % 9 == 0
                ? $"203.0.113.{i % 7 + 1} - - [{at} +0000] \"GET /search?q=%27%20UNION%20SELECT%20password%20FROM%20users--%20{i} HTTP/1.1\" {(i % 2 == 0 ? 403 : 200)} 162 \"-\" \"Mozilla/5.0\"\n"
                : i % 11 == 0 ? $"198.51.100.{i % 5 + 1} - - [{at} +0000] \"GET /../../../../etc/passwd HTTP/1.1\" 404 10 \"-\" \"curl/8\"\n"
                : $"192.0.2.{i % 200 + 1} - - [{at} +0000] \"GET /products?id={i} HTTP/1.1\" 200 5162 \"-\" \"Mozilla/5.0\"\n");
        }
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", product.IngestToken);
        using var answer = await http.PostAsync(new Uri(product.Url + "/ingest/raw?source=web-01"), new StringContent(body.ToString()));
        answer.EnsureSuccessStatusCode();
        await Product.UntilAsync("all lines are stored", async () => await product.StoredAsync("web-01") == 2000);
    }
}
