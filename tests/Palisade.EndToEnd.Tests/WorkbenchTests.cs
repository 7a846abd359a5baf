using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace Palisade.EndToEnd.Tests;

/// <summary>From lines nobody reads to a parser that reads them, in the console.</summary>
public sealed class WorkbenchTests
{
    private static readonly string[] Lines =
    [
        "24.11.2026 10:00:00 pay[gw-1] DENY order=A1009 user \"li \\\"x\\\" wei\" from 203.0.113.9:51514 code=403 took 0.032",
        "24.11.2026 10:00:01 pay[gw-2] OK order=A1010 user \"王芳\" from 198.51.100.7:40022 code=200 took 1.5",
        "24.11.2026 10:00:02 pay[gw-1] OK order=A1011 user \"<b>zhao</b>\" from 198.51.100.8:40023 code=200 took 0.5",
        "~~ stage two of import 17 gave up: volume vol-3 is full",
        "~~ stage one of import 18 gave up: volume vol-9 is full",
    ];

    // Each time other orders: the same body sent again around a crash would rightly count as a resend.
    private static async Task SendAsync(Product product, string order = "A")
    {
        var file = Path.Combine(product.Folder, "odd.log");
        await File.WriteAllLinesAsync(file, Lines.Select(l => l.Replace("order=A", "order=" + order, StringComparison.Ordinal)));
        await ProgramRun.RunAsync("curl", "-sSf", "-X", "POST", $"{product.Url}/ingest/raw?source=gateway", "-H", $"Authorization: Bearer {product.IngestToken}", "--data-binary", "@" + file);
    }

    private static async Task<JsonArray> SearchAsync(Product product, string query)
    {
        using var body = new StringContent(new JsonObject { ["query"] = query, ["from"] = "2020-01-01T00:00:00Z", ["to"] = "2036-01-01T00:00:00Z" }.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
        using var answer = await product.Api.PostAsync(new Uri(product.Url + "/api/v1/events/search"), body);
        return (JsonArray)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["items"]!;
    }

    [Fact]
    public async Task Lines_nobody_reads_are_grouped_and_the_suggested_parser_reads_them_once_it_is_saved()
    {
        await using var product = await Product.StartNewAsync();
        await SendAsync(product);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await ConsoleTests.LaunchAsync(playwright);
        await using var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1440, Height = 900 }, ColorScheme = ColorScheme.Dark, Locale = "en-US" });
        var (page, foreign, errors) = await ConsoleTests.WatchedAsync(context, product);
        await page.GotoAsync(product.Url + "/");
        await ConsoleTests.SignInAsync(page);

        await page.GotoAsync(product.Url + "/t/lanqiao-pay/config/unparsed");
        var group = page.Locator("article.shape", new() { HasText = "order=" });
        await Assertions.Expect(group).ToContainTextAsync("3 lines", new() { Timeout = 60_000 });
        await Assertions.Expect(page.Locator("article.shape")).ToHaveCountAsync(2);
        await group.Locator("summary").ClickAsync();
        await ConsoleTests.ShotAsync(page, "unparsed");
        await ConsoleTests.AccessibleAsync(page);

        await group.Locator("a.btn.pri").ClickAsync();
        await Assertions.Expect(page.Locator("#bench-count")).ToHaveTextAsync("3 of 3 read");
        await Assertions.Expect(page.Locator("#bench-name")).ToBeEnabledAsync();
        await Assertions.Expect(page.Locator("mark.fit", new() { HasText = "203.0.113.9" }).First).ToBeVisibleAsync();

        // A mistake is said at once, and so is where a line stops fitting.
        var pattern = await page.InputValueAsync("#bench-pattern");
        await page.FillAsync("#bench-pattern", pattern.Replace(":quoted}", ":quotd}"));
        await Assertions.Expect(page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("quotd");
        await page.FillAsync("#bench-pattern", pattern.Replace("code=", "kode="));
        await Assertions.Expect(page.Locator("mark.miss").First).ToContainTextAsync("code=403");
        await ConsoleTests.ShotAsync(page, "workbench-miss");
        await page.FillAsync("#bench-pattern", pattern.Replace("%{labels.word:word}", "%{event.action:word}"));
        await Assertions.Expect(page.Locator("#bench-count")).ToHaveTextAsync("3 of 3 read");
        await page.FillAsync("#bench-name", "paygate");
        await ConsoleTests.ShotAsync(page, "workbench");
        await ConsoleTests.AccessibleAsync(page);
        await page.ClickAsync("#bench-save-button");
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("version 1");

        // What was stored unread before is read again, and what comes from now on is read at once.
        await SendAsync(product, "B");
        await Product.UntilAsync("old and new lines are read by the new parser", async () => (await SearchAsync(product, "event.action:DENY")).Count == 2);
        var read = (await SearchAsync(product, "event.action:DENY"))[0]!;
        Assert.Equal(("paygate", "none", "203.0.113.9", "403"),
            ((string)read["kind"]!, (string)read["refusal"]!, (string)read["fields"]!["source.ip"]!, (string)read["fields"]!["http.response.status_code"]!));

        await page.GotoAsync(product.Url + "/t/lanqiao-pay/config/unparsed");
        await Assertions.Expect(page.Locator("article.shape", new() { HasText = "import" })).ToContainTextAsync("4 lines", new() { Timeout = 60_000 });
        await Assertions.Expect(page.Locator("article.shape")).ToHaveCountAsync(1);
        Assert.Empty(foreign);
        Assert.Empty(errors);

        // Chinese, and as on a phone.
        await context.AddCookiesAsync([new() { Name = "palisade.language", Value = "zh-CN", Url = product.Url }]);
        await page.SetViewportSizeAsync(390, 844);
        await page.GotoAsync(product.Url + "/t/lanqiao-pay/config/unparsed");
        await Assertions.Expect(page.GetByText("编写解析器").First).ToBeVisibleAsync();
        await ConsoleTests.ShotAsync(page, "unparsed-phone-zh");
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));
        await page.GotoAsync(product.Url + "/t/lanqiao-pay/config/workbench?parser=paygate");
        await Assertions.Expect(page.Locator("#bench-count")).ToHaveTextAsync("已解析 3 / 3");
        await ConsoleTests.ShotAsync(page, "workbench-phone-zh");
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));

        // Over a crash both the parser and what is not read stay.
        await product.KillAsync();
        await product.StartAsync();
        var parsers = (JsonArray)(await product.GetAsync("/api/v1/parsers"))["items"]!;
        Assert.Equal(("paygate", 1L), ((string)parsers.Single()!["name"]!, (long)parsers.Single()!["version"]!));
        await SendAsync(product, "C");
        await Product.UntilAsync("the lines are read after the restart", async () => (await SearchAsync(product, "event.action:DENY")).Count == 3);
    }
}
