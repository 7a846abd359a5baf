using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class RawApiTests
{
    [Fact]
    public async Task Lines_go_to_the_source_that_is_named()
    {
        await using var server = await IngestServer.StartAsync();
        var response = await server.PostAsync("/ingest/raw?source=nginx", "a\r\nb\n\n{\"c\":1}"u8.ToArray());
        Assert.Equal(3, (await response.Content.ReadFromJsonAsync<RawAccepted>())!.Accepted);
        var frames = await server.ReadAsync(3);
        Assert.Equal(["a", "b", "{\"c\":1}"], frames.Select(f => Encoding.UTF8.GetString(f.Payload)));
        Assert.Equal("nginx", server.Lookups.NameOf(frames[0].Header.Source));
    }

    [Fact]
    public async Task A_document_of_many_records_gives_each_of_them_as_it_stands()
    {
        await using var server = await IngestServer.StartAsync(new IngestOptions { MaxLineBytes = 2_000 });
        var trail = $"{{\"Records\":[{{\"a\":1}},{{\"b\":\"{new string('x', 2_000)}\"}},{{\"c\":{{\"d\":[2]}}}}],\"NextToken\":\"n\"}}\n[\n  {{\n \"e\": 3 }},\n  4\n]\nlast";
        var answer = (await (await server.PostAsync("/ingest/raw?source=trail", Encoding.UTF8.GetBytes(trail))).Content.ReadFromJsonAsync<RawAccepted>())!;
        Assert.Equal((5, 1), (answer.Accepted, answer.Refused["line_too_long"]));
        var frames = await server.ReadAsync(5);
        Assert.Equal(["{\"a\":1}", "{\"c\":{\"d\":[2]}}", "{\n \"e\": 3 }", "4", "last"], frames.Select(f => Encoding.UTF8.GetString(f.Payload)));
        Assert.Equal([RecordEncodings.Json, RecordEncodings.Line], frames.Select(f => f.Header.Encoding).Distinct());
    }

    [Fact]
    public async Task A_token_brings_its_default_source()
    {
        await using var server = await IngestServer.StartAsync();
        await server.PostAsync("/ingest/raw", "a"u8.ToArray(), "Bearer good-2");
        var frame = (await server.ReadAsync(1))[0];
        Assert.Equal((2u, "web"), (frame.Header.Tenant, server.Lookups.NameOf(frame.Header.Source)));
    }

    [Fact]
    public async Task A_ten_megabyte_line_is_refused_alone()
    {
        await using var server = await IngestServer.StartAsync();
        var response = await server.PostAsync("/ingest/raw?source=x", [.. "a\n"u8, .. new byte[10 << 20], .. "\nb\n"u8]);
        var answer = (await response.Content.ReadFromJsonAsync<RawAccepted>())!;
        Assert.Equal((2, 1), (answer.Accepted, answer.Refused["line_too_long"]));
        Assert.Equal(new() { [IngestRefusal.LineTooLong] = 1 }, await server.RefusalsAsync(1));
    }

    [Theory]
    [InlineData("/ingest/raw?source=a%20b", "Bearer good-1", 400, "bad_source_name")]
    [InlineData("/ingest/raw", "Bearer x", 401, "bad_token")]
    [InlineData("/ingest/raw", null, 401, "no_token")]
    public async Task Problems_have_a_stable_code(string path, string? token, int status, string code)
    {
        await using var server = await IngestServer.StartAsync();
        var response = await server.PostAsync(path, "a"u8.ToArray(), token);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(code, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused_and_the_server_stays_up()
    {
        await using var server = await IngestServer.StartAsync(new IngestOptions { MaxBodyBytes = 2 << 20 });
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await server.PostAsync("/ingest/raw", new byte[3 << 20])).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/ingest/raw", "ok"u8.ToArray())).StatusCode);
    }

    [Fact]
    public async Task An_unknown_encoding_is_415()
    {
        await using var server = await IngestServer.StartAsync();
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await server.PostAsync("/ingest/raw", [1], encoding: "br")).StatusCode);
    }
}
