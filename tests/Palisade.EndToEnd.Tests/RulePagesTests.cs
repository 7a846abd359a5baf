using System.IO.Compression;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace Palisade.EndToEnd.Tests;

/// <summary>Rules, mutes and backtests as a person works with them in the console.</summary>
public sealed class RulePagesTests
{
    private const string Own = """
        title: Search for a password
        id: 7d5d0f0e-52b7-4d0e-9a86-6f5a3c0e7a01
        status: experimental
        description: Somebody searches the shop for passwords.
        tags: [attack.initial-access, attack.t1190]
        logsource: { category: webserver }
        detection:
          search:
            url.path: /search
            url.query|contains: [password, passwd]
          condition: search
        level: medium
        ---
        title: Broken
        id: 7d5d0f0e-52b7-4d0e-9a86-6f5a3c0e7a02
        logsource: { category: webserver }
        detection:
          a: { url.path|contians: x }
          condition: a
        level: low
        """;
    private const string OwnId = "7d5d0f0e-52b7-4d0e-9a86-6f5a3c0e7a01";

    private static async Task<string[]> AuditAsync(Product product) => [.. ((JsonArray)(await product.GetAsync("/api/v1/audit"))["items"]!).Select(e => (string)e!["action"]!)];

    private static byte[] Zip(params (string Name, string Text)[] files)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in files)
            {
                using var entry = new StreamWriter(zip.CreateEntry(name).Open());
                entry.Write(text);
            }
        }
        return bytes.ToArray();
    }

    [Fact]
    public async Task Rules_are_found_tried_switched_imported_tested_on_the_past_and_muted()
    {
        await using var product = await Product.StartNewAsync();
        await ConsoleTests.SendAsync(product);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await ConsoleTests.LaunchAsync(playwright);
        await using var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1440, Height = 900 }, ColorScheme = ColorScheme.Dark, Locale = "en-US" });
        var (page, foreign, errors) = await ConsoleTests.WatchedAsync(context, product);
        var config = product.Url + "/t/lanqiao-pay/config/";
        await page.GotoAsync(product.Url + "/");
        await ConsoleTests.SignInAsync(page);

        // The list, and whether rules can fire on what was sent.
        await page.GotoAsync(config + "rules");
        await Assertions.Expect(page.Locator(".page-h")).ToContainTextAsync("cannot fire here", new() { Timeout = 60_000 });
        var first = page.Locator(".rule-row:not(.head)").First;
        await Assertions.Expect(first).ToContainTextAsync("SQL injection");
        await Assertions.Expect(first.Locator("svg.spark")).ToBeVisibleAsync();
        await ConsoleTests.ShotAsync(page, "rules");
        await ConsoleTests.AccessibleAsync(page);
        await first.GetByRole(AriaRole.Switch).ClickAsync();
        await Assertions.Expect(page.Locator(".mud-snackbar").First).ToContainTextAsync("Switched off");
        await page.Locator(".mud-snackbar").First.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Assertions.Expect(first.GetByRole(AriaRole.Switch)).ToHaveAttributeAsync("aria-checked", "true");
        await first.GetByRole(AriaRole.Combobox).SelectOptionAsync("Critical");
        await Assertions.Expect(page.Locator(".mud-snackbar").Last).ToContainTextAsync("Critical");
        await page.GotoAsync(config + "rules?fires=never&area=linux");
        await Assertions.Expect(page.Locator(".rule-row:not(.head)").First).ToContainTextAsync("No events", new() { Timeout = 60_000 });
        await ConsoleTests.ShotAsync(page, "rules-never");
        await page.GotoAsync(config + "rules?q=nothing-like-it");
        await Assertions.Expect(page.Locator(".state strong")).ToBeVisibleAsync();

        await page.GotoAsync(config + "rules/web.sqli?from=now-7d");
        await Assertions.Expect(page.Locator("section[aria-labelledby=rule-hits] .chart svg")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("section[aria-labelledby=rule-hits] .queue a").First).ToBeVisibleAsync();
        await ConsoleTests.ShotAsync(page, "rule");
        await ConsoleTests.AccessibleAsync(page);

        // Rules of others: first the report, then they are ours; from a file, or pasted.
        await page.GotoAsync(config + "rules-import");
        await Assertions.Expect(page.Locator("#import-text")).ToBeEnabledAsync();
        await page.SetInputFilesAsync("#import-file", new FilePayload { Name = "rules.zip", MimeType = "application/zip", Buffer = Zip(("a/one.yml", Own), ("README.md", "no rule")) });
        await Assertions.Expect(page.Locator(".issue").First).ToContainTextAsync("a/one.yml", new() { Timeout = 60_000 });
        await page.SetInputFilesAsync("#import-file", new FilePayload { Name = "rules.zip", MimeType = "application/zip", Buffer = [.. "PK"u8, 3, 4, 9, 9] });
        await Assertions.Expect(page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("damaged");
        await page.FillAsync("#import-text", Own);
        await page.ClickAsync("#import-look");
        await Assertions.Expect(page.Locator(".issue").First).ToContainTextAsync("SIG020", new() { Timeout = 60_000 });
        await ConsoleTests.ShotAsync(page, "rules-import", whole: true);
        await ConsoleTests.PhoneAsync(page, "rules-import");
        await ConsoleTests.AccessibleAsync(page);
        await page.ClickAsync("#import-save-button");
        await Assertions.Expect(page.GetByText("One rule was saved.")).ToBeVisibleAsync();

        // What rules of another schema pass through: wrong, from the example, and taken away again.
        await page.GotoAsync(config + "rules-pipelines");
        await Assertions.Expect(page.Locator("#pipes-text")).ToBeEnabledAsync();
        await page.FillAsync("#pipes-name", "gateway");
        await page.FillAsync("#pipes-text", "transformations: [ { type: nothing_known } ]");
        await page.ClickAsync("#pipes-save");
        await Assertions.Expect(page.Locator(".issue").First).ToContainTextAsync("SIG081");
        await page.ClickAsync("#pipes-example");
        await page.ClickAsync("#pipes-save");
        await Assertions.Expect(page.GetByText("compiled with it from the next records on")).ToBeVisibleAsync();
        await page.ClickAsync("#place-example");
        await page.ClickAsync("#place-save");
        await Assertions.Expect(page.GetByText("compiled with these values")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#pipes-edit")).ToHaveTextAsync("gateway");
        await ConsoleTests.ShotAsync(page, "rules-pipelines", whole: true);
        await ConsoleTests.PhoneAsync(page, "rules-pipelines");
        await ConsoleTests.AccessibleAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove gateway" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove for good" }).ClickAsync();
        await Assertions.Expect(page.GetByText("There is no pipeline yet")).ToBeVisibleAsync();

        // One rule, and an event explained by it.
        await page.GotoAsync(config + "rules/" + OwnId);
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Search for a password");
        await Assertions.Expect(page.Locator("#try-event")).ToBeEnabledAsync();
        await page.FillAsync("#try-event", "203.0.113.9 - - [24/Nov/2026:10:00:00 +0000] \"GET /search?q=a+password HTTP/1.1\" 200 6 \"-\" \"curl/8\"");
        await page.ClickAsync("#try-button");
        await Assertions.Expect(page.Locator("#try-verdict")).ToHaveTextAsync("Matches");
        await Assertions.Expect(page.Locator(".logic.judged li.ok")).ToHaveCountAsync(2);
        await page.FillAsync("#try-event", "{\"url.path\": \"/search\", \"url.query\": \"q=shoes\"}");
        await page.ClickAsync("#try-button");
        await Assertions.Expect(page.Locator("#try-verdict")).ToHaveTextAsync("Does not match");
        await Assertions.Expect(page.Locator(".logic.judged li.no")).ToContainTextAsync("q=shoes");
        await Assertions.Expect(page.Locator("section[aria-labelledby=rule-fate]")).ToContainTextAsync("Can fire", new() { Timeout = 60_000 });
        await page.EvaluateAsync("document.getElementById('main').scrollTo(0, 0)");
        await ConsoleTests.ShotAsync(page, "rule-own");
        await ConsoleTests.PhoneAsync(page, "rule-own");
        await ConsoleTests.AccessibleAsync(page);

        // What would it have found?
        await page.ClickAsync("#back-start");
        await page.WaitForURLAsync("**/config/backtests/*");
        await Assertions.Expect(page.Locator(".back-chart .chart svg")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Assertions.Expect(page.Locator(".sample").First).ToContainTextAsync("/search");
        await ConsoleTests.ShotAsync(page, "backtest");
        await ConsoleTests.PhoneAsync(page, "backtest");
        await ConsoleTests.AccessibleAsync(page);
        await page.GotoAsync(config + "backtests");
        await Assertions.Expect(page.Locator("a.back-row")).ToContainTextAsync("Search for a password");
        await ConsoleTests.ShotAsync(page, "backtests");
        await ConsoleTests.AccessibleAsync(page);

        // A row clicked before the circuit is there opens all the same: its page is loaded, not patched into one that the circuit draws over.
        var clicked = new TaskCompletionSource();
        await page.RouteAsync("**/_blazor/negotiate*", async route =>
        {
            await clicked.Task;
            await route.ContinueAsync();
        });
        await page.GotoAsync(product.Url + "/t/lanqiao-pay/alerts");
        var opened = await page.RunAndWaitForRequestAsync(() => page.Locator("a.alert-row").First.ClickAsync(), r => r.Url.Contains("open=", StringComparison.Ordinal));
        Assert.True(opened.IsNavigationRequest);
        await Assertions.Expect(page.Locator("[data-panel] h2")).ToBeVisibleAsync();
        clicked.SetResult();

        // A mute like an alert, ended and taken back.
        await page.Locator("[data-panel] a", new() { HasText = "Mute like this" }).ClickAsync();
        await page.WaitForURLAsync("**/config/mutes/add?alert=*");
        await Assertions.Expect(page.Locator("#mute-preview + *").Or(page.Locator("section .fig")).First).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#mute-reason")).ToBeEnabledAsync();
        await page.FillAsync("#mute-reason", "Our own scanner, every Monday");
        await Assertions.Expect(page.Locator("aside .fig")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await ConsoleTests.ShotAsync(page, "mute-new");
        await ConsoleTests.PhoneAsync(page, "mute-new");
        await ConsoleTests.AccessibleAsync(page);
        await page.ClickAsync("#mute-save");
        await page.WaitForURLAsync("**/config/mutes?open=1");
        await Assertions.Expect(page.Locator("article.mute")).ToContainTextAsync("Our own scanner");
        await ConsoleTests.ShotAsync(page, "mutes");
        await ConsoleTests.AccessibleAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "End now" }).ClickAsync();
        await page.Locator(".mud-snackbar", new() { HasText = "Mute 1 ended" }).GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "End now" })).ToBeVisibleAsync();
        var done = await AuditAsync(product);
        foreach (var action in new[] { "rule.choose", "rule.save", "rule.pipeline.save", "rule.placeholders.save", "rule.pipeline.remove", "rule.backtest", "mute.create", "mute.end", "mute.resume" }) Assert.Contains(action, done);

        // A correlation, the same in Chinese, and on a phone.
        var count = ((JsonArray)(await product.GetAsync("/api/v1/rules?area=correlation&q=ssh"))["items"]!)[0]!;
        await context.AddCookiesAsync([new() { Name = "palisade.language", Value = "zh-CN", Url = product.Url }]);
        await page.GotoAsync(config + "rules/" + (string)count["id"]!);
        await Assertions.Expect(page.Locator("#try-event")).ToBeEnabledAsync();
        await Assertions.Expect(page.Locator(".logic")).ToBeVisibleAsync();
        await ConsoleTests.ShotAsync(page, "rule-zh");
        await page.GotoAsync(config + "rules");
        await Assertions.Expect(page.Locator(".page-h")).ToContainTextAsync("在此无法触发", new() { Timeout = 60_000 });
        await ConsoleTests.ShotAsync(page, "rules-zh");
        await ConsoleTests.PhoneAsync(page, "rules-zh");
        foreach (var (path, name) in new[] { ("mutes", "mutes-zh"), ("mutes/add", "mute-new-zh"), ("backtests", "backtests-zh"), ("rules-import", "rules-import-zh"), ("mutes?state=over", "mutes-over-zh") })
        {
            await page.GotoAsync(config + path);
            await Assertions.Expect(page.Locator("h1")).ToBeVisibleAsync();
            // Alive, not drawn by the server beforehand.
            if (path is "mutes/add" or "backtests" or "rules-import") await Assertions.Expect(page.Locator("#mute-reason, #back-rule, #import-text")).ToBeEnabledAsync();
            await ConsoleTests.ShotAsync(page, name);
            await ConsoleTests.PhoneAsync(page, name);
            await ConsoleTests.AccessibleAsync(page);
        }
        var shipped = ((JsonArray)(await product.GetAsync("/api/v1/rules?area=linux"))["items"]!)[0]!;
        await page.GotoAsync(config + "rules/" + (string)shipped["id"]! + "?logic=yaml");
        await Assertions.Expect(page.Locator(".code.yaml")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "运行", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("[role=status].tag.ok")).ToBeVisibleAsync();
        await page.EvaluateAsync("document.getElementById('main').scrollTo(0, 0)");
        await ConsoleTests.ShotAsync(page, "rule-yaml-zh");
        await ConsoleTests.PhoneAsync(page, "rule-yaml-zh");
        Assert.Empty(foreign);
        Assert.Empty(errors);
    }
}
