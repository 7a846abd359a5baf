using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Palisade.EndToEnd.Tests;

/// <summary>Bulk clients that send a batch again until it is acknowledged, as Beats do: what they were told is stored, once, whatever dies in between.</summary>
public sealed class BulkSenderTests
{
    private const int Senders = 3, Batches = 8, PerBatch = 200, PerRound = Senders * Batches * PerBatch;

    private static int Rounds => Environment.GetEnvironmentVariable("PALISADE_SOAK") == "1" ? 50 : 5;

    private static string Body(int first)
    {
        var body = new StringBuilder();
        for (var i = first; i < first + PerBatch; i++)
            body.Append("{\"create\":{}}\n{\"message\":\"192.0.2.").Append(i % 200 + 1).Append(" - - [26/Nov/2026:10:00:00 +0000] \\\"GET /products?id=").Append(i)
                .Append(" HTTP/1.1\\\" 200 5162 \\\"-\\\" \\\"Mozilla/5.0 (X11; Linux x86_64)\\\"\"}\n");
        return body.ToString();
    }

    [Fact]
    public async Task Kill_9_under_load_through_bulk_stores_every_document_once()
    {
        await using var product = await Product.StartNewAsync();
        using var http = new HttpClient { BaseAddress = new Uri(product.Url), Timeout = TimeSpan.FromSeconds(30) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", product.IngestToken);
        var random = new Random(11);
        int acknowledged = 0, repeated = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var begin = round * PerRound;
            var senders = Enumerable.Range(0, Senders).Select(s => Task.Run(async () =>
            {
                for (var b = 0; b < Batches; b++)
                {
                    var (body, tries) = (Body(begin + (s * Batches + b) * PerBatch), 0);
                    await Product.UntilAsync("the batch is acknowledged", () => { tries++; return SendAsync(http, body); });
                    Interlocked.Add(ref acknowledged, PerBatch);
                    Interlocked.Add(ref repeated, tries - 1);
                }
            })).ToArray();
            // somewhere in the midst of things, another place each time
            var enough = begin + random.Next(0, PerRound * 3 / 4);
            await Product.UntilAsync("documents flow", () => Task.FromResult(Volatile.Read(ref acknowledged) >= enough));
            await product.KillAsync();
            await product.StartAsync();
            await Task.WhenAll(senders);
            Assert.Equal(begin + PerRound, acknowledged);
        }
        Assert.True(repeated > 0, "no batch was ever sent again: nothing was killed under load");
        await Product.UntilAsync("what was acknowledged is stored", async () => await product.StoredAsync("elastic") >= acknowledged);
        Assert.Equal(Enumerable.Range(0, acknowledged), JournalFiles.Numbers(product).Order());
        var source = (JsonObject)((JsonArray)(await product.GetAsync("/api/v1/sources"))["items"]!).Single(s => (string)s!["name"]! == "elastic")!;
        Assert.Equal(acknowledged, source["stored"]!.GetValue<long>());
        Assert.Equal(100, source["completeness"]!.GetValue<double>());
    }

    /// <summary>Sends a batch; false where no answer came or none that takes all of it.</summary>
    private static async Task<bool> SendAsync(HttpClient http, string body)
    {
        try
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/x-ndjson");
            using var answer = await http.PostAsync(new Uri("/ingest/elastic/_bulk", UriKind.Relative), content);
            if (!answer.IsSuccessStatusCode) return false;
            var told = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
            return !told["errors"]!.GetValue<bool>() && ((JsonArray)told["items"]!).Count == PerBatch;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException)
        {
            // the server died, or is not listening again yet
            return false;
        }
    }
}
