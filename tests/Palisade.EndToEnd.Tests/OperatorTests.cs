using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Palisade.EndToEnd.Tests;

/// <summary>The verbs of whoever runs the product, beside the running product.</summary>
public sealed class OperatorTests
{
    private const int Lines = 2500;

    [Fact]
    public async Task Search_and_doctor_work_beside_the_server()
    {
        await using var product = await Product.StartNewAsync();
        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", product.IngestToken) } };
        var now = TimeProvider.System.GetUtcNow();
        var body = string.Concat(Enumerable.Range(0, Lines).Select(i => $"203.0.113.{i % 50 + 1} - - [{now.AddSeconds(-i % 600):dd/MMM/yyyy:HH:mm:ss} +0000] \"GET /page/{i}?lang=en HTTP/1.1\" {(i % 5 == 0 ? 404 : 200)} 5162 \"-\" \"=cmd|x\"\n"));
        using (var answer = await http.PostAsync(new Uri(product.Url + "/ingest/raw?source=web"), new StringContent(body))) answer.EnsureSuccessStatusCode();
        await Product.UntilAsync("all is stored", async () => await product.StoredAsync("web") == Lines);

        // more than one page, each event once
        var all = await SearchAsync(product, "http.response.status_code:(200 OR 404)", "--format", "jsonl", "--limit", "0");
        var events = all.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!).ToArray();
        Assert.Equal((0, Lines), (all.Code, events.Select(e => (string)e["id"]!).Distinct().Count()));
        Assert.All(events, e => Assert.Equal("web", (string)e["source"]!));
        Assert.Equal(Lines / 5, (await SearchAsync(product, "http.response.status_code:404 source.ip:203.0.113.0/24", "--format", "csv", "--limit", "0")).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length - 1);
        var first = await SearchAsync(product, "/page/", "--limit", "3");
        Assert.Equal(3, first.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("there are more", first.Err, StringComparison.Ordinal);

        var mistake = await SearchAsync(product, "user.name:(root OR");
        Assert.Equal((3, ""), (mistake.Code, mistake.Out));
        Assert.Contains("\n  user.name:(root OR\n                    ^", mistake.Err, StringComparison.Ordinal);
        Assert.Equal(4, (await product.TryRunAsync("search", "x", "--server", product.Url, "--token", product.IngestToken)).Code);
        Assert.Equal(4, (await product.TryRunAsync("search", "x", "--server", "http://127.0.0.1:1", "--token", product.ApiToken)).Code);

        var doctor = await product.TryRunAsync("doctor", "--data", product.Data, "--http", $"127.0.0.1:{product.HttpPort}", "--syslog", $"127.0.0.1:{product.SyslogPort}");
        Assert.True(doctor.Code == 0, doctor.Out);
        Assert.Equal(3, doctor.Out.Split($"is held by our running server (pid {product.ProcessId})").Length - 1);
        Assert.Contains("the embedded store answers", doctor.Out, StringComparison.Ordinal);

        // another server on the same data is turned away, and says whose it is
        var second = await product.TryRunAsync("up", "--no-open", "--data", product.Data, "--http", "127.0.0.1:0", "--syslog", "127.0.0.1:0");
        Assert.Equal(4, second.Code);
        Assert.Contains($"(pid {product.ProcessId})", second.Err, StringComparison.Ordinal);
    }

    private static Task<(int Code, string Out, string Err)> SearchAsync(Product product, string query, params string[] words) =>
        product.TryRunAsync(["search", query, "--since", "1h", "--server", product.Url, "--token", product.ApiToken, .. words]);
}
