using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class ElasticApiTests
{
    private static byte[] Bulk(params string[] documents) =>
        Encoding.UTF8.GetBytes(string.Concat(documents.Select(d => "{\"create\":{\"_index\":\"logs-x\"}}\n" + d + "\n")));

    private static async Task<JsonElement> Json(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;

    [Fact]
    public async Task Acknowledged_documents_are_in_the_journal_whole()
    {
        await using var server = await IngestServer.StartAsync();
        var response = await server.PostAsync("/ingest/elastic/_bulk", Bulk("{\"message\":\"one\"}", "{\"message\":\"two\"}"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("Elasticsearch", response.Headers.GetValues("X-Elastic-Product").Single());
        var json = await Json(response);
        Assert.False(json.GetProperty("errors").GetBoolean());
        Assert.All(json.GetProperty("items").EnumerateArray(), item => Assert.Equal(201, item.GetProperty("create").GetProperty("status").GetInt32()));
        Assert.Equal("logs-x", json.GetProperty("items")[1].GetProperty("create").GetProperty("_index").GetString());
        var frames = await server.ReadAsync(2);
        Assert.Equal(["{\"message\":\"one\"}", "{\"message\":\"two\"}"], frames.Select(f => Encoding.UTF8.GetString(f.Payload)));
        Assert.All(frames, f => Assert.Equal((1u, RecordEncodings.Json), (f.Header.Tenant, f.Header.Encoding)));
        Assert.Equal("elastic", server.Lookups.NameOf(frames[0].Header.Source));
    }

    [Theory]
    [InlineData("Bearer good-1"), InlineData("ApiKey good-1"), InlineData("Splunk good-1")]
    [InlineData("ApiKey aWQ6Z29vZC0x"), InlineData("Basic dXNlcjpnb29kLTE=")]
    public async Task A_token_is_accepted_in_every_form(string authorization)
    {
        await using var server = await IngestServer.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/ingest/elastic/nginx/_bulk", Bulk("{}"), authorization)).StatusCode);
        Assert.Equal("nginx", server.Lookups.NameOf((await server.ReadAsync(1))[0].Header.Source));
    }

    [Theory]
    [InlineData(null, 401, "no_token", IngestRefusal.NoToken), InlineData("Bearer nobody", 401, "bad_token", IngestRefusal.BadToken)]
    [InlineData("Bearer read-1", 403, "forbidden", IngestRefusal.Forbidden)]
    public async Task Wrong_tokens_are_refused_and_counted(string? authorization, int status, string code, IngestRefusal reason)
    {
        await using var server = await IngestServer.StartAsync();
        var response = await server.PostAsync("/ingest/elastic/_bulk", Bulk("{}"), authorization);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(code, (await Json(response)).GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(new() { [reason] = 1 }, await server.RefusalsAsync(1));
    }

    [Fact]
    public async Task Items_fail_one_by_one()
    {
        await using var server = await IngestServer.StartAsync(new IngestOptions { MaxLineBytes = 1024 });
        var body = "{\"create\":{}}\n{\"n\":1}\n{\"delete\":{\"_id\":\"1\"}}\n{\"index\":{}}\nnoise\n{\"index\":{}}\n{\"n\":\"" + new string('x', 2000) + "\"}\n{\"index\":{\"_id\":\"q\"}}\n{\"n\":2}\n";
        var json = await Json(await server.PostAsync("/ingest/elastic/_bulk", Encoding.UTF8.GetBytes(body)));
        Assert.True(json.GetProperty("errors").GetBoolean());
        Assert.Equal([201, 400, 400, 413, 201], json.GetProperty("items").EnumerateArray().Select(i => i.EnumerateObject().First().Value.GetProperty("status").GetInt32()));
        Assert.Equal("q", json.GetProperty("items")[4].GetProperty("index").GetProperty("_id").GetString());
        var refusals = await server.RefusalsAsync(3);
        Assert.Equal(new() { [IngestRefusal.ActionNotAllowed] = 1, [IngestRefusal.BadDocument] = 1, [IngestRefusal.LineTooLong] = 1 }, refusals);
    }

    [Fact]
    public async Task The_handshake_is_what_shippers_expect()
    {
        await using var server = await IngestServer.StartAsync();
        server.Http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer good-1");
        var root = await server.Http.GetAsync("/ingest/elastic/");
        Assert.Equal("Elasticsearch", root.Headers.GetValues("X-Elastic-Product").Single());
        var json = await Json(root);
        Assert.StartsWith("8.", json.GetProperty("version").GetProperty("number").GetString());
        Assert.Equal("You Know, for Search", json.GetProperty("tagline").GetString());
        Assert.Equal(HttpStatusCode.OK, (await server.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/ingest/elastic/"))).StatusCode);
        Assert.Equal("active", (await Json(await server.Http.GetAsync("/ingest/elastic/_license"))).GetProperty("license").GetProperty("status").GetString());
    }

    [Fact]
    public async Task Compressed_bodies_are_read_and_bombs_refused()
    {
        await using var server = await IngestServer.StartAsync();
        var bomb = new MemoryStream();
        await using (var gzip = new GZipStream(bomb, CompressionLevel.SmallestSize, leaveOpen: true)) gzip.Write(new byte[30 << 20]);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await server.PostAsync("/ingest/elastic/_bulk", bomb.ToArray(), encoding: "gzip")).StatusCode);
        var good = new MemoryStream();
        await using (var gzip = new GZipStream(good, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(Bulk("{\"z\":1}"));
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/ingest/elastic/_bulk", good.ToArray(), encoding: "gzip")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await server.PostAsync("/ingest/elastic/_bulk", good.ToArray()[..^4], encoding: "gzip")).StatusCode);
        Assert.Equal("{\"z\":1}", Encoding.UTF8.GetString((await server.ReadAsync(1))[0].Payload));
    }

    [Fact]
    public async Task A_full_journal_answers_429_and_takes_nothing_of_the_rest()
    {
        await using var server = await IngestServer.StartAsync(new IngestOptions { JournalBudgetBytes = 4 << 20 });
        var body = Bulk([.. Enumerable.Range(0, 300).Select(i => "{\"n\":" + i + ",\"pad\":\"" + new string('x', 3000) + "\"}")]);
        long acknowledged = 0;
        HttpResponseMessage response;
        do
        {
            response = await server.PostAsync("/ingest/elastic/_bulk", body);
            if (response.StatusCode == HttpStatusCode.OK)
                acknowledged += (await Json(response)).GetProperty("items").EnumerateArray().Count(i => i.GetProperty("create").GetProperty("status").GetInt32() == 201);
        } while (response.StatusCode == HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal("5", response.Headers.GetValues("Retry-After").Single());
        Assert.Equal(acknowledged, (await server.ReadAsync((int)acknowledged)).Count);
    }

    [Fact]
    public async Task A_body_larger_than_the_journals_memory_goes_in_whole()
    {
        await using var server = await IngestServer.StartAsync();
        var body = Bulk([.. Enumerable.Range(0, 60).Select(i => "{\"pad\":\"" + new string('x', 1_000_000) + "\"}")]);
        var json = await Json(await server.PostAsync("/ingest/elastic/_bulk", body));
        Assert.False(json.GetProperty("errors").GetBoolean());
        Assert.Equal(60, (await server.ReadAsync(60)).Count);
    }
}
