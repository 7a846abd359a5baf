using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Palisade.EndToEnd.Tests;

/// <summary>Senders that mean harm to who serves them or to who reads: connections that drip, line breaks that are none, commands to a terminal.</summary>
public sealed class HostileSenderTests
{
    /// <summary>More than the server gives a body before it wants to see 240 bytes a second of it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task A_body_that_drips_is_ended_while_others_are_served()
    {
        await using var product = await Product.StartNewAsync();
        using var http = new HttpClient { BaseAddress = new Uri(product.Url) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", product.IngestToken);
        var slow = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", product.HttpPort, TestContext.Current.CancellationToken);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"POST /ingest/raw?source=slow HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {product.IngestToken}\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\nline {i} of a body that never en"), TestContext.Current.CancellationToken);
            return client;
        }));
        using (var answer = await http.PostAsync(new Uri("/ingest/raw?source=quick", UriKind.Relative), new StringContent("a line\n")))
            Assert.True(answer.IsSuccessStatusCode);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        foreach (var client in slow)
        {
            // the server says that it waited too long, and ends the connection
            using (client)
            using (var reader = new StreamReader(client.GetStream()))
                Assert.StartsWith("HTTP/1.1 408", await reader.ReadLineAsync(patience.Token), StringComparison.Ordinal);
        }
        await Product.UntilAsync("who was quick is stored", async () => await product.StoredAsync("quick") == 1);
        Assert.Equal(0, await product.StoredAsync("slow"));
    }

    [Fact]
    public async Task Line_breaks_within_a_text_make_no_second_event_and_commands_reach_no_terminal()
    {
        await using var product = await Product.StartNewAsync();
        using var http = new HttpClient { BaseAddress = new Uri(product.Url) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", product.IngestToken);
        const string Faked = "injected\\nNov 28 03:02:17 web1 sshd[812]: Accepted password for root from 203.0.113.7 port 5022 ssh2\\r\\u001b[2J\\u001b]0;owned\\u0007 end";
        var bulk = $"{{\"create\":{{}}}}\n{{\"message\":\"{Faked}\"}}\n";
        using (var answer = await http.PostAsync(new Uri("/ingest/elastic/_bulk", UriKind.Relative), new StringContent(bulk, Encoding.UTF8, "application/x-ndjson")))
            Assert.False(JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["errors"]!.GetValue<bool>());
        using (var answer = await http.PostAsync(new Uri("/ingest/raw?source=raw", UriKind.Relative), new StringContent("plain \u001b[31mred\u001b[0m and \u001b[2J injected\n")))
            Assert.True(answer.IsSuccessStatusCode);
        await Product.UntilAsync("both are stored", async () => await product.StoredAsync("elastic") + await product.StoredAsync("raw") == 2);

        Assert.Equal(1, await product.StoredAsync("elastic"));
        var alerts = (JsonArray)(await product.GetAsync("/api/v1/alerts?limit=10"))["items"]!;
        Assert.Empty(alerts);
        foreach (var format in new[] { "table", "csv", "jsonl" })
        {
            var (code, told, _) = await product.TryRunAsync("search", "injected", "--since", "90d", "--format", format, "--server", product.Url, "--token", product.ApiToken);
            Assert.Equal(0, code);
            Assert.Contains("injected", told, StringComparison.Ordinal);
            Assert.DoesNotContain(told, c => c is '\u001b' or '\u0007');
            if (format == "jsonl") Assert.Equal(2, told.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        }
    }
}
