using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

/// <summary>A client that gets no answer sends the whole body again.</summary>
public sealed class BodyResendTests
{
    private static string Bulk(int from, int count) =>
        string.Concat(Enumerable.Range(from, count).Select(i => "{\"create\":{}}\n{\"n\":" + i + "}\n"));

    private static string Lines(int from, int count) => string.Concat(Enumerable.Range(from, count).Select(i => $"line {i}\n"));

    private static async Task<int> PostAsync(IngestServer server, string path, string body)
    {
        var response = await server.PostAsync(path, Encoding.UTF8.GetBytes(body));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        return json.TryGetProperty("items", out var items)
            ? items.EnumerateArray().Count(i => i.GetProperty("create").GetProperty("status").GetInt32() == 201)
            : json.GetProperty("accepted").GetInt32();
    }

    [Theory]
    [InlineData("/ingest/elastic/x/_bulk"), InlineData("/ingest/raw?source=x")]
    public async Task A_body_whose_answer_was_lost_is_stored_once(string path)
    {
        await using var server = await IngestServer.StartAsync();
        // Larger than what the journal takes in one go: while its first records are durable, the last ones wait.
        var pad = new string('x', 1_000_000);
        var body = string.Concat(Enumerable.Range(0, 60).Select(i => path.Contains("_bulk", StringComparison.Ordinal) ? $"{{\"create\":{{}}}}\n{{\"n\":\"{i} {pad}\"}}\n" : $"{i} {pad}\n"));
        using (var tcp = new TcpClient())
        {
            await tcp.ConnectAsync(IPAddress.Loopback, server.Http.BaseAddress!.Port);
            await tcp.GetStream().WriteAsync(Encoding.UTF8.GetBytes($"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good-1\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
            await server.ReadAsync(1);
        }
        await server.UntilAsync(() => server.Resends.HasBodies);
        var kept = (long)server.Journal.Usage.NextSequence - 1;
        Assert.Equal(60, await PostAsync(server, path, body));
        var duplicates = (await server.RefusalsAsync(1))[IngestRefusal.Duplicate];
        Assert.InRange(duplicates, 1, kept);
        Assert.Equal(60, server.Records);
        // It is known once: the same body sent on purpose is new.
        Assert.Equal(60, await PostAsync(server, path, body));
        Assert.Equal(120, server.Records);
    }

    [Fact]
    public async Task Bodies_whose_answer_arrived_may_be_sent_again()
    {
        await using var server = await IngestServer.StartAsync();
        for (var i = 0; i < 3; i++) Assert.Equal(10, await PostAsync(server, "/ingest/elastic/x/_bulk", Bulk(0, 10)));
        Assert.Equal(30, (await server.ReadAsync(30)).Count);
    }

    private const string Hec = "/ingest/splunk/services/collector/", Channel = "?channel=0aeeac95-ac74-4aa9-b30d-6c4c0ac581ba", Otlp = "/ingest/otlp/v1/logs";

    private static string Records(string path, int count) => path.Contains("/event", StringComparison.Ordinal) ? string.Concat(Enumerable.Range(0, count).Select(i => $$"""{"event":"e {{i}}","time":1790000000.5}"""))
        : path.Contains("/raw", StringComparison.Ordinal) ? Lines(0, count)
        : $$"""{"resourceLogs":[{"scopeLogs":[{"logRecords":[{{string.Join(',', Enumerable.Range(0, count).Select(i => $$$"""{"timeUnixNano":"1790000000000000000","body":{"stringValue":"r {{{i}}}"}}"""))}}]}]}]}""";

    private static async Task<JsonElement> SendAsync(IngestServer server, string path, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, path == Otlp ? "application/json" : "text/plain") };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer good-1");
        using var answer = await server.Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    [Theory]
    [InlineData(Hec + "event" + Channel), InlineData(Hec + "raw" + Channel), InlineData(Hec + "raw" + Channel + "&host=web"), InlineData(Otlp)]
    public async Task After_the_server_died_collectors_and_telemetry_store_only_what_is_missing(string path)
    {
        var folder = Directory.CreateTempSubdirectory("palisade-hec-").FullName;
        var image = Directory.CreateTempSubdirectory("palisade-hec-image-").FullName;
        try
        {
            await using (var first = await IngestServer.StartAsync(folder: folder))
            {
                await SendAsync(first, path, Records(path, 60));
                CopyJournal(folder, image);
            }
            await using var server = await IngestServer.StartAsync(folder: image);
            await SendAsync(server, path, Records(path, 90));
            Assert.Equal(90, server.Records);
            Assert.Equal(new() { [IngestRefusal.Duplicate] = 60 }, await server.RefusalsAsync(60));
            // The same once more, on purpose: all of it is new.
            await SendAsync(server, path, Records(path, 90));
            Assert.Equal(180, server.Records);
        }
        finally
        {
            Directory.Delete(folder, true);
            Directory.Delete(image, true);
        }
    }

    [Fact]
    public async Task A_collectors_body_that_is_stored_already_is_acknowledged_all_the_same()
    {
        var folder = Directory.CreateTempSubdirectory("palisade-hec-").FullName;
        var image = Directory.CreateTempSubdirectory("palisade-hec-image-").FullName;
        try
        {
            await using (var first = await IngestServer.StartAsync(folder: folder))
            {
                await SendAsync(first, Hec + "event" + Channel, Records("/event", 5));
                CopyJournal(folder, image);
            }
            await using var server = await IngestServer.StartAsync(folder: image);
            var id = (await SendAsync(server, Hec + "event" + Channel, Records("/event", 5))).GetProperty("ackId").GetInt64();
            var acks = await SendAsync(server, Hec + "ack" + Channel, $$"""{"acks":[{{id}}]}""");
            Assert.True(acks.GetProperty("acks").GetProperty(id.ToString(System.Globalization.CultureInfo.InvariantCulture)).GetBoolean());
            Assert.Equal(5, server.Records);
        }
        finally
        {
            Directory.Delete(folder, true);
            Directory.Delete(image, true);
        }
    }

    [Fact]
    public async Task After_the_server_died_a_retry_stores_only_what_is_missing()
    {
        var folder = Directory.CreateTempSubdirectory("palisade-bulk-").FullName;
        var image = Directory.CreateTempSubdirectory("palisade-bulk-image-").FullName;
        try
        {
            await using (var first = await IngestServer.StartAsync(folder: folder))
            {
                await PostAsync(first, "/ingest/raw?source=x", Lines(0, 100));
                await PostAsync(first, "/ingest/elastic/x/_bulk", Bulk(0, 60));
                CopyJournal(folder, image);
            }
            await using var server = await IngestServer.StartAsync(folder: image);
            Assert.Equal(90, await PostAsync(server, "/ingest/elastic/x/_bulk", Bulk(0, 90)));
            Assert.Equal(190, (await server.ReadAsync(190)).Count);
            Assert.Equal(new() { [IngestRefusal.Duplicate] = 60 }, await server.RefusalsAsync(60));
        }
        finally
        {
            Directory.Delete(folder, true);
            Directory.Delete(image, true);
        }
    }

    [Fact]
    public async Task After_a_clean_stop_nothing_is_taken_for_a_retry()
    {
        var folder = Directory.CreateTempSubdirectory("palisade-bulk-").FullName;
        try
        {
            await using (var first = await IngestServer.StartAsync(folder: folder)) await PostAsync(first, "/ingest/elastic/x/_bulk", Bulk(0, 10));
            await using var server = await IngestServer.StartAsync(folder: folder);
            await PostAsync(server, "/ingest/elastic/x/_bulk", Bulk(0, 10));
            Assert.Equal(20, (await server.ReadAsync(20)).Count);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    private static void CopyJournal(string from, string to)
    {
        Directory.CreateDirectory(Path.Combine(to, "journal"));
        foreach (var file in Directory.GetFiles(Path.Combine(from, "journal"), "*.*").Where(f => !f.EndsWith("lock", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(to, "journal", Path.GetFileName(file)));
    }
}
