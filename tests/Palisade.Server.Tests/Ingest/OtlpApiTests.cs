using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class OtlpApiTests
{
    private const string Path = "/ingest/otlp/v1/logs";

    private static async Task<HttpResponseMessage> PostAsync(IngestServer server, byte[] body, string type, string? authorization = "Bearer good-1")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new ByteArrayContent(body) };
        if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return await server.Http.SendAsync(request);
    }

    private static byte[] Json(params string[] bodies) => Encoding.UTF8.GetBytes(
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[" + string.Join(',', bodies.Select(b => "{\"body\":{\"stringValue\":\"" + b + "\"}}")) + "]}]}]}");

    private static byte[] Protobuf(params string[] bodies)
    {
        var scope = new Proto();
        foreach (var body in bodies) scope.Add(2, new Proto().Add(5, Proto.Text(body)));
        return new Proto().Add(1, new Proto().Add(2, scope)).Bytes;
    }

    [Fact]
    public async Task Both_forms_go_in_and_are_answered_in_kind()
    {
        await using var server = await IngestServer.StartAsync();
        using var protobuf = await PostAsync(server, Protobuf("one", "two"), "application/x-protobuf");
        Assert.Equal((200, "application/x-protobuf", 0), ((int)protobuf.StatusCode, protobuf.Content.Headers.ContentType!.MediaType, (await protobuf.Content.ReadAsByteArrayAsync()).Length));
        using var json = await PostAsync(server, Json("three"), "application/json; charset=utf-8");
        Assert.Equal((200, "application/json", "{}"), ((int)json.StatusCode, json.Content.Headers.ContentType!.MediaType, await json.Content.ReadAsStringAsync()));
        var frames = await server.ReadAsync(3);
        Assert.Equal(["""{"message":"one"}""", """{"message":"two"}""", """{"message":"three"}"""], frames.Select(f => Encoding.UTF8.GetString(f.Payload)));
        Assert.Equal("otlp", server.Lookups.NameOf(frames[0].Header.Source));
    }

    [Fact]
    public async Task Refused_records_are_a_partial_success()
    {
        await using var server = await IngestServer.StartAsync(new IngestOptions { MaxLineBytes = 1024 });
        var tooLong = new string('x', 2000);
        using var json = await PostAsync(server, Json("a", tooLong, "b"), "application/json");
        Assert.Equal(200, (int)json.StatusCode);
        var partial = JsonDocument.Parse(await json.Content.ReadAsStringAsync()).RootElement.GetProperty("partialSuccess");
        Assert.Equal(("1", "log records refused: line_too_long 1"), (partial.GetProperty("rejectedLogRecords").GetString(), partial.GetProperty("errorMessage").GetString()));
        using var protobuf = await PostAsync(server, Protobuf(tooLong, "c", tooLong), "application/x-protobuf");
        Assert.Equal(new Proto().Add(1, new Proto().Number(1, 2).Add(2, "log records refused: line_too_long 2")).Bytes, await protobuf.Content.ReadAsByteArrayAsync());
        Assert.Equal(3, (await server.ReadAsync(3)).Count);
        server.Rewind();
        Assert.Equal(new() { [IngestRefusal.LineTooLong] = 3 }, await server.RefusalsAsync(3));
    }

    [Fact]
    public async Task Attributes_of_a_resource_cannot_make_a_small_body_a_large_one()
    {
        await using var server = await IngestServer.StartAsync(new IngestOptions { MaxLineBytes = 64 << 10, MaxBodyBytes = 256 << 10 });
        var scope = new Proto();
        for (var i = 0; i < 100; i++) scope.Add(2, new Proto().Add(5, Proto.Text("x")));
        var body = new Proto().Add(1, new Proto().Add(1, new Proto().Pair(1, "pad", Proto.Text(new string('p', 32 << 10)))).Add(2, scope)).Bytes;
        using var response = await PostAsync(server, body, "application/x-protobuf");
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Contains("body_too_large 93", Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync()), StringComparison.Ordinal);
        Assert.Equal(7, (await server.ReadAsync(7)).Count);
    }

    [Theory]
    [InlineData(null, "application/json", 401, 16), InlineData("Bearer nobody", "application/json", 401, 16), InlineData("Bearer read-1", "application/json", 403, 7)]
    [InlineData("Bearer good-1", "text/plain", 415, 3)]
    public async Task Errors_are_a_status_with_gRPCs_code(string? authorization, string type, int status, int code)
    {
        await using var server = await IngestServer.StartAsync();
        using var response = await PostAsync(server, Json("x"), type, authorization);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(code, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("code").GetInt32());
        Assert.Equal(1, (await server.RefusalsAsync(1)).Values.Single());
    }

    [Theory]
    [InlineData("application/json"), InlineData("application/x-protobuf")]
    public async Task Noise_is_400_and_not_to_be_sent_again(string type)
    {
        await using var server = await IngestServer.StartAsync();
        using var response = await PostAsync(server, [0x0B, 0x7F], type);
        Assert.Equal((400, type), ((int)response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        Assert.False(response.Headers.Contains("Retry-After"));
        Assert.Equal(new() { [IngestRefusal.BadDocument] = 1 }, await server.RefusalsAsync(1));
    }

    [Fact]
    public async Task A_full_journal_says_when_to_come_back_and_takes_nothing()
    {
        await using var server = await IngestServer.StartAsync(new IngestOptions { JournalBudgetBytes = 4 << 20 });
        var body = Json([.. Enumerable.Range(0, 300).Select(i => i + new string('x', 3000))]);
        var taken = 0;
        HttpResponseMessage response;
        for (; (response = await PostAsync(server, body, "application/json")).IsSuccessStatusCode; taken += 300) { }
        Assert.Equal((429, "5"), ((int)response.StatusCode, response.Headers.GetValues("Retry-After").Single()));
        Assert.Equal(8, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("code").GetInt32());
        Assert.Equal(taken, (await server.ReadAsync(taken)).Count);
    }
}
