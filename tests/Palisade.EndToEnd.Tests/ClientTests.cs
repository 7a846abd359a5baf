using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Palisade.EndToEnd.Tests;

/// <summary>The clients that others wrote, to the built product: every line they take as acknowledged is stored and understood.</summary>
public sealed class ClientTests
{
    private const int Count = 1000;
    private static readonly string Clients = Path.Combine(Product.Root, "tests", "Palisade.EndToEnd.Tests", "clients");

    [Fact]
    public async Task Clients_of_Elasticsearch_OpenTelemetry_and_Splunk_and_curl_arrive_to_the_line()
    {
        await using var product = await Product.StartNewAsync();
        var file = Path.Combine(product.Folder, "access.log");
        await File.WriteAllLinesAsync(file, AccessLog.Lines("client", 0, Count));

        Assert.Equal(Count, await NodeAsync(product, "elastic.mjs", await TokenAsync(product, "elastic-js"), file));
        Assert.Equal(Count, await NodeAsync(product, "otlp.mjs", await TokenAsync(product, "otlp-json"), file, "http"));
        Assert.Equal(Count, await NodeAsync(product, "otlp.mjs", await TokenAsync(product, "otlp-protobuf"), file, "proto"));
        Assert.Equal(Count, await NodeAsync(product, "splunk.mjs", await TokenAsync(product, "splunk-js"), file));
        foreach (var (packer, encoding) in new[] { ("gzip", "gzip"), ("zstd", "zstd") })
        {
            await ProgramRun.RunAsync("sh", "-c", $"{packer} -c '{file}' | curl -sSf -H 'Authorization: Bearer {product.IngestToken}' -H 'Content-Encoding: {encoding}' --data-binary @- '{product.Url}/ingest/raw?source=curl-{encoding}'");
            await ProgramRun.RunAsync("sh", "-c", $"{packer} -c '{file}' | curl -sSf -H 'Authorization: Splunk {product.IngestToken}' -H 'Content-Encoding: {encoding}' --data-binary @- '{product.Url}/ingest/splunk/services/collector/raw?host=web-09'");
        }
        foreach (var form in new[] { "hec", "otlp" })
            Assert.Contains($"sent {Count}, acknowledged {Count}", await product.RunAsync("send", file, "--as", form, "--server", product.Url, "--token", await TokenAsync(product, "send-" + form)), StringComparison.Ordinal);

        foreach (var source in new[] { "elastic-js", "otlp-json", "otlp-protobuf", "splunk-js", "curl-gzip", "curl-zstd", "send-hec", "send-otlp" })
            await Product.UntilAsync($"every line of {source} is stored", async () => await product.StoredAsync(source) == Count);
        await Product.UntilAsync("both bodies of raw HEC are stored", async () => await product.StoredAsync("splunk") == 2 * Count);
        foreach (var source in (JsonArray)(await product.GetAsync("/api/v1/sources"))["items"]!)
            Assert.Equal(100, source!["completeness"]!.GetValue<double>());
        var alerts = (JsonArray)(await product.GetAsync("/api/v1/alerts?limit=200"))["items"]!;
        Assert.Contains(alerts, a => (string)a!["class"]! == "sqli");
    }

    private static Task<string> TokenAsync(Product product, string source) => product.TokenAsync(source);

    private static async Task<int> NodeAsync(Product product, string script, string token, string file, params string[] more) =>
        int.Parse(await ProgramRun.RunAsync(new ProcessStartInfo("node", [Path.Combine(Clients, script), product.Url, token, file, .. more]) { WorkingDirectory = Clients }));
}
