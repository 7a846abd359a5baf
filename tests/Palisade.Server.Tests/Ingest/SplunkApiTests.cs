using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class SplunkApiTests
{
    private const string Root = "/ingest/splunk/services/collector";
    private const string Channel = "FE0ECFAD-13D5-401B-847D-77833BD77131";

    private static async Task<(int Status, JsonElement Json)> PostAsync(IngestServer server, string path, string body, string? authorization = "Splunk good-1", string? encoding = null)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        if (encoding == "gzip")
        {
            var zipped = new MemoryStream();
            await using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(bytes);
            bytes = zipped.ToArray();
        }
        using var response = await server.PostAsync(Root + path, bytes, authorization, encoding);
        return ((int)response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }

    private static int Code(JsonElement json) => json.GetProperty("code").GetInt32();

    [Theory]
    [InlineData(""), InlineData("/event"), InlineData("/event/1.0")]
    public async Task Acknowledged_events_are_in_the_journal(string path)
    {
        await using var server = await IngestServer.StartAsync();
        var (status, json) = await PostAsync(server, path, """{"event":"one","host":"a"} {"event":{"k":2}}""", encoding: "gzip");
        Assert.Equal((200, 0, "Success"), (status, Code(json), json.GetProperty("text").GetString()));
        Assert.False(json.TryGetProperty("ackId", out _));
        var frames = await server.ReadAsync(2);
        Assert.Equal(["""{"host.name":"a","message":"one"}""", """{"k":2}"""], frames.Select(f => Encoding.UTF8.GetString(f.Payload)));
        Assert.All(frames, f => Assert.Equal((1u, RecordEncodings.Json), (f.Header.Tenant, f.Header.Encoding)));
        Assert.Equal("splunk", server.Lookups.NameOf(frames[0].Header.Source));
    }

    [Fact]
    public async Task Raw_lines_stay_as_they_are_unless_the_address_says_more()
    {
        await using var server = await IngestServer.StartAsync();
        Assert.Equal(200, (await PostAsync(server, "/raw?channel=" + Channel, "one\r\ntwo \"x\"\n", "Splunk good-2")).Status);
        Assert.Equal(200, (await PostAsync(server, "/raw/1.0?host=web&source=/var/log/a.log&sourcetype=nginx", "th\"ree", "Basic eDpnb29kLTI=")).Status);
        var frames = await server.ReadAsync(3);
        Assert.Equal(["one", "two \"x\"", """{"host.name":"web","log.file.path":"/var/log/a.log","splunk.sourcetype":"nginx","message":"th\"ree"}"""],
            frames.Select(f => Encoding.UTF8.GetString(f.Payload)));
        Assert.Equal("web", server.Lookups.NameOf(frames[0].Header.Source));
    }

    [Fact]
    public async Task An_acknowledgement_is_asked_for_by_channel_and_true_once_durable()
    {
        await using var server = await IngestServer.StartAsync();
        var ids = new List<long>();
        for (var i = 0; i < 3; i++) ids.Add((await PostAsync(server, "/event?channel=" + Channel, """{"event":"x"}{"event":"y"}""")).Json.GetProperty("ackId").GetInt64());
        Assert.Equal(3, ids.Distinct().Count());
        var (status, json) = await PostAsync(server, "/ack?channel=" + Channel, $$"""{"acks":[{{string.Join(',', ids)}},999999]}""");
        Assert.Equal(200, status);
        Assert.All(ids, id => Assert.True(json.GetProperty("acks").GetProperty(id.ToString()).GetBoolean()));
        Assert.False(json.GetProperty("acks").GetProperty("999999").GetBoolean());
        Assert.Equal((400, 10), await StatusAndCode("/ack", """{"acks":[1]}"""));
        Assert.Equal((400, 11), await StatusAndCode("/ack?channel=me", """{"acks":[1]}"""));
        Assert.Equal((400, 11), await StatusAndCode("/event?channel=me", """{"event":"x"}"""));
        Assert.Equal((400, 6), await StatusAndCode("/ack?channel=" + Channel, """{"acks":["1"]}"""));

        async Task<(int, int)> StatusAndCode(string path, string body) => await PostAsync(server, path, body) is var a ? (a.Status, Code(a.Json)) : default;
    }

    [Theory]
    [InlineData(null, "", 401, 2), InlineData("Nonsense", "", 401, 3), InlineData("Splunk nobody", "", 403, 4), InlineData("Splunk read-1", "", 403, 1)]
    [InlineData(null, "?token=good-1", 400, 16)]
    public async Task Wrong_tokens_have_Splunks_numbers(string? authorization, string query, int status, int code)
    {
        await using var server = await IngestServer.StartAsync();
        var answer = await PostAsync(server, "/event" + query, """{"event":"x"}""", authorization);
        Assert.Equal((status, code), (answer.Status, Code(answer.Json)));
        Assert.Equal(1, (await server.RefusalsAsync(1)).Values.Single());
    }

    [Fact]
    public async Task A_bad_event_is_named_and_counted_and_the_good_ones_are_kept()
    {
        await using var server = await IngestServer.StartAsync();
        var (status, json) = await PostAsync(server, "/event", """{"event":"a"}{"event":"b"}{"event":""}{"event":"c"}""");
        Assert.Equal((400, 13, 2), (status, Code(json), json.GetProperty("invalid-event-number").GetInt32()));
        Assert.Equal(3, (await server.ReadAsync(3)).Count);
        server.Rewind();
        Assert.Equal(new() { [IngestRefusal.BadDocument] = 1 }, await server.RefusalsAsync(1));
        Assert.Equal((400, 5), await Empty("/event"));
        Assert.Equal((400, 5), await Empty("/raw"));

        async Task<(int, int)> Empty(string path) => await PostAsync(server, path, "\r\n") is var a ? (a.Status, Code(a.Json)) : default;
    }

    [Fact]
    public async Task A_full_journal_is_busy_takes_nothing_and_says_so_as_health()
    {
        await using var server = await IngestServer.StartAsync(new IngestOptions { JournalBudgetBytes = 4 << 20 });
        var body = string.Concat(Enumerable.Range(0, 300).Select(i => "{\"event\":\"" + i + new string('x', 3000) + "\"}"));
        var taken = 0;
        (int Status, JsonElement Json) answer;
        for (; (answer = await PostAsync(server, "/event", body)).Status == 200; taken += 300) { }
        Assert.Equal((503, 9), (answer.Status, Code(answer.Json)));
        Assert.Equal(taken, (await server.ReadAsync(taken)).Count);
        using var full = await server.Http.GetAsync(Root + "/health/1.0");
        Assert.Equal((503, 18), ((int)full.StatusCode, Code(JsonDocument.Parse(await full.Content.ReadAsStringAsync()).RootElement)));
    }

    [Fact]
    public async Task Health_needs_no_token()
    {
        await using var server = await IngestServer.StartAsync();
        using var health = await server.Http.GetAsync(Root + "/health");
        Assert.Equal((200, 17), ((int)health.StatusCode, Code(JsonDocument.Parse(await health.Content.ReadAsStringAsync()).RootElement)));
    }

    [Fact]
    public async Task A_body_larger_than_the_journals_memory_goes_in_whole_and_in_order()
    {
        await using var server = await IngestServer.StartAsync();
        var body = string.Concat(Enumerable.Range(0, 60).Select(i => "{\"event\":\"" + i.ToString("D2") + new string('x', 1_000_000) + "\"}"));
        Assert.Equal(200, (await PostAsync(server, "/event", body)).Status);
        Assert.Equal(Enumerable.Range(0, 60), (await server.ReadAsync(60)).Select(f => int.Parse(Encoding.UTF8.GetString(f.Payload.AsSpan(12, 2)))));
    }
}
