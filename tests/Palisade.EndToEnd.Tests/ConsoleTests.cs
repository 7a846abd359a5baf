using System.Text;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Palisade.EndToEnd.Tests;

/// <summary>What a headless Chromium shows. Screenshots go to artifacts/screens, to be looked at.</summary>
public sealed class ConsoleTests
{
    private static readonly string Screens = Directory.CreateDirectory(Path.Combine(Product.Root, "artifacts", "screens")).FullName;

    private static readonly string[] Standards = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

    [Fact]
    public async Task A_person_signs_in_and_sees_attacks_alerts_and_sources()
    {
        await using var product = await Product.StartNewAsync();
        await SendAsync(product);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await LaunchAsync(playwright);
        await using var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1440, Height = 900 }, ColorScheme = ColorScheme.Dark, Locale = "en-US" });
        var (page, foreign, errors) = await WatchedAsync(context, product);

        await page.GotoAsync(product.Url + "/");
        await ShotAsync(page, "sign-in");
        await SignInAsync(page);
        await Assertions.Expect(page.Locator("h1")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("SQL injection attempt").First).ToBeVisibleAsync();
        // Live, not drawn by the server beforehand; with figures and the chart.
        await Assertions.Expect(page.GetByText("Live", new() { Exact = true }).First).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("section[aria-labelledby=targets-title] a.row").First).ToContainTextAsync("web-01");
        await Assertions.Expect(page.Locator(".chart svg").First).ToBeVisibleAsync();
        await ShotAsync(page, "dashboard");
        await AccessibleAsync(page);

        await page.GotoAsync(product.Url + "/t/lanqiao-pay/alerts");
        await Assertions.Expect(page.GetByText("SQL injection attempt").First).ToBeVisibleAsync();
        await ShotAsync(page, "alerts");
        await AccessibleAsync(page);
        await page.GetByText("SQL injection attempt").First.ClickAsync();
        await Assertions.Expect(page.GetByText("UNION").First).ToBeVisibleAsync();
        await ShotAsync(page, "alert");
        await page.GotoAsync(product.Url + "/t/lanqiao-pay/config/sources");
        await Assertions.Expect(page.GetByText("web-01").First).ToBeVisibleAsync();
        await ShotAsync(page, "sources");
        await AccessibleAsync(page);

        Assert.Empty(foreign);
        Assert.Empty(errors);
        await page.GotoAsync(product.Url + "/t/lanqiao-pay/");
        await Assertions.Expect(page.GetByText("SQL injection attempt").First).ToBeVisibleAsync();
        await PhoneAsync(page, "dashboard");
    }

    [Fact]
    public async Task A_new_source_shows_its_first_record_by_itself_and_then_its_own_page()
    {
        await using var product = await Product.StartNewAsync();
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await LaunchAsync(playwright);
        await using var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1440, Height = 900 }, ColorScheme = ColorScheme.Light, Locale = "en-US" });
        var (page, foreign, errors) = await WatchedAsync(context, product);
        await page.GotoAsync(product.Url + "/");
        await SignInAsync(page);

        await page.GotoAsync(product.Url + "/t/lanqiao-pay/sources/add/curl");
        await page.FillAsync("#token-source", "shop");
        await page.ClickAsync(".token-form button");
        var token = await page.Locator(".secret").InnerTextAsync();
        Assert.StartsWith("pal_", token, StringComparison.Ordinal);
        await Assertions.Expect(page.GetByText("Waiting for the first record")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".paste pre").Nth(1)).ToContainTextAsync($"Authorization: Bearer {token}");
        await Assertions.Expect(page.Locator(".paste pre").Nth(1)).ToContainTextAsync(product.Url + "/ingest/raw");
        await ShotAsync(page, "add-source");
        await PhoneAsync(page, "add-source");
        await AccessibleAsync(page);

        await PostAsync(product, "/ingest/raw", "192.0.2.9 - - [24/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 6 \"-\" \"curl/8\"\n\u001b[31mnot <b>known</b>\n", token);
        await Assertions.Expect(page.GetByText("See shop")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await ShotAsync(page, "add-source-received", whole: true);
        await page.ReloadAsync();
        await Assertions.Expect(page.GetByText("See shop")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        Assert.DoesNotContain(token, await page.ContentAsync(), StringComparison.Ordinal);

        // Followed by its address: a click may fall into the moment in which the reloaded page comes to life.
        var link = await page.Locator("a", new() { HasText = "See shop" }).GetAttributeAsync("href");
        await page.GotoAsync(new Uri(new Uri(product.Url), link).ToString());
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("shop");
        await Assertions.Expect(page.Locator(".code.raw")).ToHaveTextAsync("\\x1b[31mnot <b>known</b>");
        await ShotAsync(page, "source");
        await PhoneAsync(page, "source");
        await AccessibleAsync(page);
        await page.FillAsync("#source-name", "shop-front");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("shop-front");
        await PostAsync(product, "/ingest/raw", "another line\n", token);
        await Product.UntilAsync("a renamed source keeps its sender", async () => await product.StoredAsync("shop-front") == 3);
        Assert.Equal(0, await product.StoredAsync("shop"));

        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke curl" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke now" }).ClickAsync();
        await Assertions.Expect(page.GetByText("No token was made for this source alone.")).ToBeVisibleAsync();
        var done = ((System.Text.Json.Nodes.JsonArray)(await product.GetAsync("/api/v1/audit"))["items"]!).Select(e => (string)e!["action"]!).ToArray();
        Assert.Contains("token.create", done);
        Assert.Contains("source.update", done);
        Assert.Contains("token.revoke", done);
        Assert.Empty(foreign);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Alerts_arrive_without_a_reload_and_keys_and_unknown_pages_have_their_help()
    {
        await using var product = await Product.StartNewAsync();
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await LaunchAsync(playwright);
        await using var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1440, Height = 900 }, ColorScheme = ColorScheme.Dark, Locale = "zh-CN" });
        var (page, foreign, _) = await WatchedAsync(context, product);
        await page.GotoAsync(product.Url + "/");
        await SignInAsync(page);
        await page.GotoAsync(product.Url + "/t/lanqiao-pay/alerts");
        await Assertions.Expect(page.GetByText("没有未处理的告警").Or(page.Locator(".state.good")).First).ToBeVisibleAsync();
        await ShotAsync(page, "alerts-empty-zh");
        await page.WaitForFunctionAsync("window.Blazor !== undefined");
        await SendAsync(product);
        await Assertions.Expect(page.Locator("[data-row]").First).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await Assertions.Expect(page.Locator(".nav .cnt")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await ShotAsync(page, "alerts-zh");

        await page.Keyboard.PressAsync("?");
        await Assertions.Expect(page.Locator("#keys-help")).ToBeVisibleAsync();
        await AccessibleAsync(page);
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator("#keys-help")).ToBeHiddenAsync();
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("c");
        await page.WaitForURLAsync("**/config/sources");
        await page.GotoAsync(product.Url + "/t/lanqiao-pay/sources/add/curl");
        await Assertions.Expect(page.Locator("#token-source")).ToBeVisibleAsync();
        await ShotAsync(page, "add-source-zh");
        await PhoneAsync(page, "add-source-zh");
        await AccessibleAsync(page);

        foreach (var path in new[] { "/t/lanqiao-pay/nowhere", "/t/someone-else/", "/t/lanqiao-pay/sources/999" })
        {
            await page.GotoAsync(product.Url + path);
            await Assertions.Expect(page.Locator(".state strong")).ToBeVisibleAsync();
            await AccessibleAsync(page);
        }
        Assert.Empty(foreign);
    }

    internal static Task<IBrowser> LaunchAsync(IPlaywright playwright)
    {
        Assertions.SetDefaultExpectTimeout(60_000);       // how long a failure may take, on a machine that is busy with other tests
        return playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    /// <summary>A page whose requests to others and whose errors are noted.</summary>
    internal static async Task<(IPage Page, List<string> Foreign, List<string> Errors)> WatchedAsync(IBrowserContext context, Product product)
    {
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(60_000);
        var (foreign, errors) = (new List<string>(), new List<string>());
        page.Request += (_, r) => { if (!r.Url.StartsWith(product.Url, StringComparison.Ordinal) && !r.Url.StartsWith("data:", StringComparison.Ordinal) && !r.Url.StartsWith("ws:", StringComparison.Ordinal)) foreign.Add(r.Url); };
        page.Console += (_, m) => { if (m.Type == "error") errors.Add(m.Text); };
        return (page, foreign, errors);
    }

    internal static async Task SignInAsync(IPage page)
    {
        await page.FillAsync("#email", Product.Email);
        await page.FillAsync("#password", Product.Password);
        await page.PressAsync("#password", "Enter");
        await page.WaitForURLAsync("**/t/lanqiao-pay/**");
    }

    /// <summary>The rules of WCAG 2.2 A and AA, and that what is read aloud begins with what is seen.</summary>
    internal static async Task AccessibleAsync(IPage page)
    {
        var broken = (await page.RunAxe(new AxeRunOptions { RunOnly = new RunOnlyOptions { Type = "tag", Values = [.. Standards] } })).Violations
            .Concat((await page.RunAxe(new AxeRunOptions { RunOnly = new RunOnlyOptions { Type = "rule", Values = ["label-content-name-mismatch"] } })).Violations)
            .Where(v => v.Impact is "serious" or "critical")
            .Select(v => $"{page.Url}: {v.Id}: {v.Help}: {string.Join(" | ", v.Nodes.Take(3).Select(n => n.Html))}");
        Assert.Empty(broken);
    }

    internal static async Task ShotAsync(IPage page, string name, bool whole = false)
    {
        foreach (var theme in new[] { "dark", "light" })
        {
            await page.EvaluateAsync($"document.documentElement.setAttribute('data-theme', '{theme}')");
            await page.ScreenshotAsync(new() { Path = Path.Combine(Screens, $"{name}.{theme}.png"), Animations = ScreenshotAnimations.Disabled, FullPage = whole });
        }
    }

    /// <summary>The same on a phone, where nothing may stand out at the side.</summary>
    internal static async Task PhoneAsync(IPage page, string name)
    {
        var before = page.ViewportSize!;
        await page.SetViewportSizeAsync(390, 844);
        await ShotAsync(page, name + "-phone", whole: true);
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), name);
        await page.SetViewportSizeAsync(before.Width, before.Height);
    }

    private static async Task PostAsync(Product product, string path, string lines, string token)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        using var answer = await http.PostAsync(new Uri(product.Url + path), new StringContent(lines));
        answer.EnsureSuccessStatusCode();
    }

    internal static async Task SendAsync(Product product)
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
        await PostAsync(product, "/ingest/raw?source=web-01", body.ToString(), product.IngestToken);
        await Product.UntilAsync("all lines are stored", async () => await product.StoredAsync("web-01") == 2000);
    }
}
