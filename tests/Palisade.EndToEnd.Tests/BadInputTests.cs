using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Palisade.EndToEnd.Tests;

/// <summary>docs/reference/limits.md on the built product: each bad thing is counted, what stands beside it is stored, the service stays up.</summary>
public sealed class BadInputTests
{
    private const int MaxSources = 6;

    // A line, how it ends (flags beside auto_detected, refusal), and what finds it.
    private static readonly (string Line, string Flags, string Refusal, string Word)[] Odd =
    [
        ("good one", "no_time", "unknown_format", "\"good one\""),
        ("{\"cut\": [1, ", "no_time", "malformed", "cut"),
        (Nested("deep", 40), "no_time", "too_deep", "deep"),
        ("{" + string.Join(',', Enumerable.Range(0, 1100).Select(i => $"\"wide{i}\":1")) + "}", "no_time", "too_many_fields", "wide1099"),
        (Line("/no-such-day", "99/Foo/2026:99:99:99"), "no_time", "", "\"no-such-day\""),
        ("good two", "no_time", "unknown_format", "\"good two\""),
    ];

    private static string Line(string path, string time) => $"192.0.2.72 - - [{time} +0000] \"GET {path} HTTP/1.1\" 200 5 \"-\" \"odd\"";

    private static string Nested(string name, int depth) => string.Concat(Enumerable.Repeat($"{{\"{name}\":", depth)) + "1" + new string('}', depth);

    [Fact]
    public async Task Bad_input_is_counted_and_nothing_beside_it_is_lost()
    {
        await using var product = await Product.StartNewAsync(prepare: p => p.Settings["Sources:MaxPerTenant"] = MaxSources.ToString(CultureInfo.InvariantCulture));
        using var http = new HttpClient { BaseAddress = new Uri(product.Url) };
        var noise = (await File.ReadAllBytesAsync(Path.Combine(Product.Root, "artifacts", "app", "palisade")))[..5000].Where(b => b is not ((byte)'\n' or (byte)'\r')).ToArray();
        byte[] lines =
        [
            .. noise, (byte)'\n', .. new byte[10 << 20], .. "\nnot "u8, 0xFF, 0xFE, 0xC0, .. " utf-8\n"u8,
            .. Encoding.ASCII.GetBytes($"{Line("/nineteen-seventy", "01/Feb/1970:10:00:00")}\n{Line("/twenty-one-hundred", "01/Feb/2100:10:00:00")}\n"),
            .. Encoding.ASCII.GetBytes(string.Concat(Odd.Select(o => o.Line + "\n"))),
        ];
        var raw = await PostAsync(http, product.IngestToken, "/ingest/raw?source=bad", lines);
        Assert.Equal((HttpStatusCode.OK, 4L + Odd.Length, 1L), (raw.Status, (long)raw.Body["accepted"]!, (long)raw.Body["refused"]!["line_too_long"]!));

        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "compression_bomb"), Code(await PostAsync(http, product.IngestToken, "/ingest/raw?source=bad", Gzip(new byte[60 << 20]), "gzip")));
        Assert.Equal((HttpStatusCode.BadRequest, "bad_compression"), Code(await PostAsync(http, product.IngestToken, "/ingest/raw?source=bad", Gzip(noise)[..^20], "gzip")));
        Assert.Equal((HttpStatusCode.BadRequest, "bad_source_name"), Code(await PostAsync(http, product.IngestToken, "/ingest/raw?source=no%20name", "x"u8.ToArray())));
        Assert.Equal((HttpStatusCode.Unauthorized, "bad_token"), Code(await PostAsync(http, "pal_nobody", "/ingest/raw?source=bad", "x"u8.ToArray())));
        Assert.Equal((HttpStatusCode.Unauthorized, "no_token"), Code(await PostAsync(http, null, "/ingest/raw?source=bad", "x"u8.ToArray())));
        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), Code(await PostAsync(http, product.ApiToken, "/ingest/raw?source=bad", "x"u8.ToArray())));
        var bulk = await PostAsync(http, product.IngestToken, "/ingest/elastic/bad/_bulk", Encoding.ASCII.GetBytes(
            "{\"create\":{}}\n{\"message\":\"cut\n{\"create\":{}}\n{\"message\":\"good three\"}\n{\"delete\":{\"_id\":\"1\"}}\n{\"create\":{}}\n"
            + $"{{\"message\":\"{new string('x', 2 << 20)}\"}}\nno action\n"));
        Assert.Equal([400, 201, 400, 413, 400], ((JsonArray)bulk.Body["items"]!).Select(i => (int)i!.AsObject().Single().Value!["status"]!));

        using (var half = new TcpClient())
        {
            await half.ConnectAsync(IPAddress.Loopback, product.SyslogPort);
            await half.GetStream().WriteAsync("<13>good four\n5000 <13>cut"u8.ToArray());
        }
        await Product.UntilAsync("what was accepted is stored", async () => await product.StoredAsync("bad") == 5 + Odd.Length && await product.StoredAsync("syslog") == 1);
        var tooMany = (HttpStatusCode.OK, "");
        for (var i = 0; i < MaxSources && tooMany.Item1 == HttpStatusCode.OK; i++)
            if (await PostAsync(http, product.IngestToken, $"/ingest/raw?source=more-{i}", "x"u8.ToArray()) is { Status: not HttpStatusCode.OK } refused) tooMany = Code(refused);
        Assert.Equal((HttpStatusCode.Forbidden, "too_many_sources"), tooMany);

        await Product.UntilAsync("what was refused is counted", async () => await RefusedAsync(product, "syslog") == "half_frame 1"
            && await RefusedAsync(product, "bad") == "action_not_allowed 1, bad_action 1, bad_compression 1, bad_document 1, compression_bomb 1, line_too_long 2");
        foreach (var source in (JsonArray)(await product.GetAsync("/api/v1/sources"))["items"]!)
            Assert.Equal((long)source!["received"]!, (long)source["stored"]! + ((JsonObject)source["refused"]!).Sum(r => (long)r.Value!));

        foreach (var odd in Odd)
        {
            var found = Assert.Single(await SearchAsync(product, odd.Word));
            Assert.Equal((odd.Line, odd.Flags), ((string)found["raw"]!, Flags(found)));
            if (odd.Refusal.Length > 0) Assert.Equal(odd.Refusal, (string)found["refusal"]!);
        }
        Assert.Single(await SearchAsync(product, ""), e => (string)e["refusal"]! == "binary");
        var mended = Assert.Single(await SearchAsync(product, "\" utf-8\""));
        Assert.Contains('\uFFFD', (string)mended["raw"]!);
        Assert.Equal("no_time, transcoded", Flags(mended));
        var old = Assert.Single(await SearchAsync(product, "", 1970));
        Assert.Equal(("/nineteen-seventy", "ancient_time"), ((string)old["fields"]!["url.path"]!, Flags(old)));
        var far = Assert.Single(await SearchAsync(product, "", 2100));
        Assert.Equal(("/twenty-one-hundred", "future_time"), ((string)far["fields"]!["url.path"]!, Flags(far)));
        Assert.Equal(4, (await SearchAsync(product, "good (one OR two OR three OR four)")).Count);

        await RequestsAreBoundedAsync(product);
        using var ready = await http.GetAsync(new Uri("/readyz", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        Assert.False(Process.GetProcessById(product.ProcessId).HasExited);
    }

    /// <summary>The third table: what people and programs may ask.</summary>
    private static async Task RequestsAreBoundedAsync(Product product)
    {
        const string Search = "/api/v1/events/search";
        Assert.Equal((HttpStatusCode.BadRequest, "search.limit"), await AskAsync(product, Search, new { limit = 1001 }));
        Assert.Equal((HttpStatusCode.BadRequest, "query.syntax"), await AskAsync(product, Search, new { query = new string('x', 4097) }));
        Assert.Equal((HttpStatusCode.BadRequest, "query.syntax"), await AskAsync(product, Search, new { query = string.Join(' ', Enumerable.Repeat("x", 101)) }));
        Assert.Equal((HttpStatusCode.BadRequest, "query.syntax"), await AskAsync(product, Search, new { query = new string('(', 33) + "x" + new string(')', 33) }));
        Assert.Equal(HttpStatusCode.BadRequest, (await AskAsync(product, Search, new { query = "x", tenant = 2 })).Status);
        Assert.Equal((HttpStatusCode.BadRequest, "comment.text"), await AskAsync(product, "/api/v1/alerts/none/comments", new { text = new string('x', 10_001) }));
        Assert.Equal((HttpStatusCode.NotFound, "alert.not_found"), await AskAsync(product, "/api/v1/alerts/none/comments", new { text = new string('x', 10_000) }));
    }

    [Fact]
    public async Task On_a_full_disk_senders_are_told_to_wait_and_nothing_acknowledged_is_lost()
    {
        const int Disk = 8 << 20;
        var journal = "";
        await using var product = await Product.StartNewAsync(async data =>
        {
            journal = Path.Combine(data, "journal");
            Directory.CreateDirectory(journal);
            // needs root
            await ProgramRun.RunAsync("mount", "-t", "tmpfs", "-o", $"size={Disk},mode=700", "tmpfs", journal);
        });
        try
        {
            using var http = new HttpClient { BaseAddress = new Uri(product.Url), Timeout = TimeSpan.FromMinutes(5) };
            using var full = new CancellationTokenSource();
            var large = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 200).Select(i => $"line {i} {new string('x', 1000)}\n")));
            var senders = Enumerable.Range(0, 4).Select(_ => SendAsync(http, product, large, full)).ToList();
            // What is in hand waits for the disk; who comes then is told to wait.
            await Product.UntilAsync("a sender is told that the disk is full", () =>
            {
                if (senders.Count(s => !s.IsCompleted) < 64) senders.Add(SendAsync(http, product, "small\n"u8.ToArray(), full, once: true));
                return Task.FromResult(full.IsCancellationRequested || senders.Any(s => s.IsFaulted));
            });
            Assert.Equal("ok", await http.GetStringAsync(new Uri("/healthz", UriKind.Relative)));
            await ProgramRun.RunAsync("mount", "-o", $"remount,size={Disk * 16}", journal);
            var acknowledged = (await Task.WhenAll(senders)).Sum();
            Assert.InRange(acknowledged, 1, long.MaxValue);
            await Product.UntilAsync("it goes on by itself", async () => (await PostAsync(http, product.IngestToken, "/ingest/raw?source=full", "room again\n"u8.ToArray())).Status == HttpStatusCode.OK);
            await Product.UntilAsync("everything acknowledged is stored", async () => await product.StoredAsync("full") == acknowledged + 1);
        }
        finally
        {
            await product.KillAsync();
            await ProgramRun.RunAsync("umount", "-l", journal);
        }
    }

    // Sends once, or until anyone was told that the disk is full; gives the lines that were acknowledged. Who is only to come again does so.
    private static async Task<long> SendAsync(HttpClient http, Product product, byte[] body, CancellationTokenSource full, bool once = false)
    {
        var acknowledged = 0L;
        for (var first = true; first || !once && !full.IsCancellationRequested; first = false)
        {
            var (status, answer) = await PostAsync(http, product.IngestToken, "/ingest/raw?source=full", body);
            acknowledged += (long?)answer["accepted"] ?? 0;
            if (status == HttpStatusCode.OK) continue;
            Assert.Equal(HttpStatusCode.TooManyRequests, status);
            if ((string?)answer["code"] == "overloaded") continue;
            Assert.True((string?)answer["code"] == "journal_full" || answer["refused"]?["journal_full"] is not null, answer.ToJsonString());
            await full.CancelAsync();
        }
        return acknowledged;
    }

    private static async Task<(HttpStatusCode Status, JsonObject Body)> PostAsync(HttpClient http, string? token, string path, byte[] body, string? encoding = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
        if (encoding is not null) request.Content.Headers.ContentEncoding.Add(encoding);
        using var answer = await http.SendAsync(request);
        if (answer.StatusCode == HttpStatusCode.TooManyRequests) Assert.NotNull(answer.Headers.RetryAfter);
        return (answer.StatusCode, (JsonObject)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    private static (HttpStatusCode, string) Code((HttpStatusCode Status, JsonObject Body) answer) => (answer.Status, (string)answer.Body["code"]!);

    private static async Task<(HttpStatusCode Status, string Code)> AskAsync(Product product, string path, object body)
    {
        using var answer = await product.Api.PostAsJsonAsync(new Uri(path, UriKind.Relative), body);
        return (answer.StatusCode, (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["code"] ?? "");
    }

    private static async Task<string> RefusedAsync(Product product, string source)
    {
        var found = ((JsonArray)(await product.GetAsync("/api/v1/sources"))["items"]!).FirstOrDefault(s => (string)s!["name"]! == source);
        return found is null ? "" : string.Join(", ", ((JsonObject)found["refused"]!).OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => $"{r.Key} {r.Value}"));
    }

    private static async Task<List<JsonObject>> SearchAsync(Product product, string query, int? year = null)
    {
        DateTimeOffset? from = year is { } y ? new DateTimeOffset(y, 1, 1, 0, 0, 0, TimeSpan.Zero) : null;
        using var answer = await product.Api.PostAsJsonAsync(new Uri("/api/v1/events/search", UriKind.Relative), new { query, limit = 1000, from, to = from?.AddYears(1) });
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return [.. ((JsonArray)JsonNode.Parse(text)!["items"]!).Select(i => (JsonObject)i!)];
    }

    private static string Flags(JsonObject found) => string.Join(", ", found["flags"]!.AsArray().Select(f => (string)f!).Where(f => f != "auto_detected"));

    private static byte[] Gzip(byte[] plain)
    {
        var to = new MemoryStream();
        using (var gzip = new GZipStream(to, CompressionLevel.SmallestSize)) gzip.Write(plain);
        return to.ToArray();
    }
}
