using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Palisade.EndToEnd.Tests;

/// <summary>The same records in the same order, as they come in, by <c>scan</c>, and by a backtest of what is stored: the same findings.</summary>
public sealed class SameFindingsTests
{
    /// <summary>What is found in one record. Where: file and line of its first line.</summary>
    private sealed record Found(string Where, string Rule, string Class, string Level, string Outcome, string Technique, string Evidence);

    private static string Text(JsonNode? node) => node is null ? "" : node.GetValueKind() == System.Text.Json.JsonValueKind.String ? (string)node! : node.ToJsonString();

    private static async Task SendAsync(Product product, string source, string lines)
    {
        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new("Bearer", product.IngestToken) } };
        using var answer = await http.PostAsync(new Uri($"{product.Url}/ingest/raw?source={source}"), new StringContent(lines));
        answer.EnsureSuccessStatusCode();
        var count = lines.AsSpan().Count('\n');
        await Product.UntilAsync($"all of {source} is stored", async () => await product.StoredAsync(source) == count);
    }

    /// <summary>File and line of the first line of each stored event.</summary>
    private static async Task<Dictionary<string, string>> PlacesAsync(Product product, Dictionary<string, string> places)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        for (string? cursor = null; ;)
        {
            using var body = new StringContent(new JsonObject { ["limit"] = 1000, ["cursor"] = cursor }.ToJsonString(), Encoding.UTF8, "application/json");
            using var answer = await product.Api.PostAsync(new Uri(product.Url + "/api/v1/events/search"), body);
            var page = (JsonObject)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
            foreach (var item in (JsonArray)page["items"]!) found[(string)item!["id"]!] = places[((string)item["raw"]!).Split('\n')[0]];
            if ((cursor = (string?)page["next"]) is null) return found;
        }
    }

    private static async Task<List<JsonObject>> AllAsync(Product product, string path)
    {
        var items = new List<JsonObject>();
        for (string? cursor = null; ;)
        {
            var page = await product.GetAsync(path + (cursor is null ? "" : $"{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}cursor={Uri.EscapeDataString(cursor)}"));
            items.AddRange(((JsonArray)page["items"]!).Select(i => (JsonObject)i!));
            if ((cursor = (string?)page["next"]) is null) return items;
        }
    }

    /// <summary>An incident without what names it: ids differ with where records stand.</summary>
    private static string Story(JsonObject i, IEnumerable<string> sources) => string.Join(" | ",
        Text(i["title"]), Text(i["class"]), Text(i["level"]), Text(i["outcome"]), Text(i["score"]), Text(i["count"]), string.Join(',', sources.Order()), string.Join(',', ((JsonArray)i["targets"]!).Select(Text).Order()), Text(i["summary"]));

    private static async Task<List<string>> StoriesAsync(Product product)
    {
        var stories = new List<string>();
        foreach (var incident in await AllAsync(product, "/api/v1/incidents?limit=200"))
            stories.Add(Story(incident, ((JsonArray)(await product.GetAsync("/api/v1/incidents/" + (string)incident["id"]!))["addresses"]!).Select(a => Text(a!["address"]))));
        return [.. stories.Order()];
    }

    [Fact]
    public async Task Live_scan_and_backtest_find_the_same()
    {
        var day = BusyDay.Of(DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()).AddHours(-4));
        await using var product = await Product.StartNewAsync();
        var files = new[] { (Name: "access.log", Source: "web-01", Lines: day.Web), (Name: "host.log", Source: "host-01", Lines: day.Host) };
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, _, lines) in files)
        {
            await File.WriteAllTextAsync(Path.Combine(product.Folder, name), lines);
            foreach (var (line, i) in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select((l, i) => (l, i))) places.Add(line, $"{name}:{i + 1}");
        }

        // By scan.
        var scanned = (await product.RunAsync("scan", "access.log", "host.log", "--format", "jsonl")).Split('\n').Select(l => (JsonObject)JsonNode.Parse(l)!).ToList();
        var scan = scanned.Where(r => r["incident"] is null).Select(r => new Found($"{r["file"]}:{r["line"]}", Text(r["rule.id"]), Text(r["class"]), Text(r["level"]), Text(r["outcome"]), Text(r["technique"]), Text(r["evidence"]))).ToList();
        var stories = scanned.Where(r => r["incident"] is not null).Select(r => (JsonObject)r["incident"]!).Select(i => Story(i, ((JsonArray)i["sources"]!).Select(Text))).Order().ToList();

        // As they come in.
        foreach (var (_, source, lines) in files) await SendAsync(product, source, lines);
        var placeOf = await PlacesAsync(product, places);

        // By backtest.
        var backtest = (await product.RunAsync("rules", "backtest", "all", "--since", "1d", "--findings", "--format", "json", "--server", product.Url, "--token", product.ApiToken)).Split('\n').Select(l => (JsonObject)JsonNode.Parse(l)!).ToList();
        var job = backtest[0];
        var again = backtest.Skip(1).Select(l => (JsonObject)l["finding"]!).ToList();
        Assert.Equal((placeOf.Count, (long)again.Count), ((int)job["read"]!, (long)job["hits"]!));

        Assert.True(scan.Count > 60 && scan.Select(f => f.Class).Distinct().Count() >= 9, $"{scan.Count} findings of {string.Join(' ', scan.Select(f => f.Class).Distinct())}");
        Same(scan, again.Where(f => !(bool)f["correlation"]!).Select(f => new Found(placeOf[(string)f["event_id"]!], Text(f["rule"]), Text(f["class"]), Text(f["level"]), Text(f["outcome"]), Text(f["technique"]), Text(f["evidence"]))));

        // What alarmed as it came in: every record of every alert, and of the records that an alert keeps what was seen in them.
        var alerts = new List<JsonObject>();
        foreach (var alert in await AllAsync(product, "/api/v1/alerts?limit=200")) alerts.Add(await product.GetAsync("/api/v1/alerts/" + (string)alert["id"]!));
        var alarms = again.Where(f => Text(f["level"]) is "medium" or "high" or "critical").ToList();
        var single = alarms.Where(f => !(bool)f["correlation"]!).ToLookup(f => (Text(f["rule"]), (string)f["event_id"]!));
        var counting = alarms.Where(f => (bool)f["correlation"]!).Select(f => Text(f["rule"])).ToHashSet(StringComparer.Ordinal);
        Assert.True(counting.Count >= 4, string.Join(' ', counting));
        Assert.Equal((alerts.Count, alerts.Count), ((int)job["known"]!, (int)job["kept"]!));
        Same(alarms.Select(f => Text(f["rule"])).Distinct(), alerts.Select(a => Text(a["alert"]!["rule"]!["id"])).Distinct());
        foreach (var rule in alerts.GroupBy(a => Text(a["alert"]!["rule"]!["id"])))
        {
            var events = rule.SelectMany(a => ((JsonArray)a["events"]!).Select(Text)).ToList();
            if (counting.Contains(rule.Key)) Assert.Empty(alarms.Where(f => Text(f["rule"]) == rule.Key).Select(f => (string)f["event_id"]!).Except(events));
            else Same(single.Where(s => s.Key.Item1 == rule.Key).Select(s => s.Key.Item2), events.Distinct());
            Assert.Equal(alarms.Count(f => Text(f["rule"]) == rule.Key), rule.Sum(a => (long)a["alert"]!["count"]!));
            foreach (var kept in rule.SelectMany(a => (JsonArray)a["evidence"]!).Where(_ => !counting.Contains(rule.Key)))
            {
                var bytes = Encoding.UTF8.GetBytes(Text(kept![Text(kept["field"]).Length > 0 ? "field_value" : "raw"]));
                var seen = Encoding.UTF8.GetString(bytes.AsSpan((int)kept["offset"]!, (int)kept["length"]!));
                Assert.Contains(single[(rule.Key, (string)kept["event_id"]!)], f => (Text(f["outcome"]), Text(f["field"]), Text(f["evidence"])) == (Text(kept["outcome"]), Text(kept["field"]), seen));
            }
        }

        // What it was told as.
        Assert.True(stories.Count >= 5, string.Join('\n', stories));
        List<string> told = [];
        await Product.UntilAsync("incidents tell the whole story", async () => (told = await StoriesAsync(product)).SequenceEqual(stories),
            () => $"scan: {string.Join('\n', stories.Except(told))}\nlive: {string.Join('\n', told.Except(stories))}");
    }

    private static void Same<T>(IEnumerable<T> expected, IEnumerable<T> actual)
    {
        var (a, b) = (expected.Select(e => e!.ToString()!).Order(StringComparer.Ordinal).ToList(), actual.Select(e => e!.ToString()!).Order(StringComparer.Ordinal).ToList());
        Assert.True(a.SequenceEqual(b), $"only the first: {string.Join("\n", a.Except(b).Take(20))}\nonly the second: {string.Join("\n", b.Except(a).Take(20))}\n{a.Count} and {b.Count}");
    }
}
