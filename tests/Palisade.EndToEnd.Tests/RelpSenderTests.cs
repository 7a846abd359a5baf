using System.Diagnostics;
using System.Text.Json.Nodes;
using Palisade.Cli.Bench;

namespace Palisade.EndToEnd.Tests;

/// <summary>Debian's rsyslog with omrelp: what it was told is stored, once, whatever dies in between.</summary>
public sealed class RelpSenderTests
{
    private const int PerRound = 4000;

    private static int Rounds => Environment.GetEnvironmentVariable("PALISADE_SOAK") == "1" ? 50 : 5;

    private static string Line(int i) => $"192.0.2.{i % 200 + 1} - - [26/Nov/2026:10:00:00 +0000] \"GET /products?id={i} HTTP/1.1\" 200 5162 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"";

    private static Task<Product> StartAsync(int port) => Product.StartNewAsync(prepare: p => p.Settings["Ingest:Relp:0:Listen"] = $"127.0.0.1:{port}");

    [Fact]
    public async Task Kill_9_under_load_through_relp_stores_every_line_once()
    {
        var port = FreePort.Next();
        await using var product = await StartAsync(port);
        var file = Path.Combine(product.Folder, "access.log");
        await File.WriteAllTextAsync(file, "");
        await using var rsyslog = await RealSender.RsyslogAsync(product, file, "module(load=\"omrelp\")", $"""
            action(type="omrelp" target="127.0.0.1" port="{port}" template="palisade" windowSize="500" timeout="5"
                   queue.type="LinkedList" queue.size="200000" action.resumeRetryCount="-1" action.resumeInterval="1")
            """);
        var random = new Random(7);
        var written = 0;
        for (var round = 0; round < Rounds; round++)
        {
            await File.AppendAllLinesAsync(file, Enumerable.Range(written, PerRound).Select(Line));
            written += PerRound;
            // somewhere in the midst of things, another place each time
            var enough = written - PerRound + random.Next(1, PerRound / 2);
            await Product.UntilAsync("lines flow", async () => await product.StoredAsync("relp") >= enough, () => rsyslog.Log);
            await product.KillAsync();
            await product.StartAsync();
        }
        // Lines keep their order: when the last one is there, nothing is on its way any more.
        await Product.UntilAsync("the last line is in the journal", () => Task.FromResult(JournalFiles.Numbers(product).Contains(written - 1)), () => rsyslog.Log);
        await Product.UntilAsync("what is in the journal is stored", async () => await product.StoredAsync("relp") >= written);
        Assert.Equal(Enumerable.Range(0, written), JournalFiles.Numbers(product).Order());
        var source = await SourceAsync(product, "relp");
        Assert.Equal(written, source["stored"]!.GetValue<long>());
        Assert.Equal(100, source["completeness"]!.GetValue<double>());
        var refused = source["refused"]!.AsObject().Sum(r => r.Value!.GetValue<long>());
        Assert.Equal(refused, source["refused"]!["duplicate"]?.GetValue<long>() ?? 0);
        Assert.Equal(source["received"]!.GetValue<long>(), written + refused);
    }

    private static async Task<JsonObject> SourceAsync(Product product, string name) =>
        (JsonObject)((JsonArray)(await product.GetAsync("/api/v1/sources"))["items"]!).Single(s => (string)s!["name"]! == name)!;

    [Fact]
    public async Task Omrelp_with_its_usual_window_is_stored_to_the_line()
    {
        var port = FreePort.Next();
        await using var product = await StartAsync(port);
        var file = Path.Combine(product.Folder, "access.log");
        const int Lines = 20_000;
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, Lines).Select(Line));
        var action = $"""
            action(type="omrelp" target="127.0.0.1" port="{port}" template="palisade" timeout="5" action.resumeRetryCount="-1" action.resumeInterval="1")
            """;
        var clock = Stopwatch.StartNew();
        await using (var rsyslog = await RealSender.RsyslogAsync(product, file, "module(load=\"omrelp\")", action))
            await Product.UntilAsync("every line is stored", async () => await product.StoredAsync("relp") >= Lines, () => rsyslog.Log);
        TestContext.Current.SendDiagnosticMessage($"{Lines / clock.Elapsed.TotalSeconds:F0} lines a second by omrelp with its usual window of 128, start and storing included");
        var source = await SourceAsync(product, "relp");
        Assert.Equal((Lines, Lines), (source["stored"]!.GetValue<long>(), source["received"]!.GetValue<long>()));
    }
}
