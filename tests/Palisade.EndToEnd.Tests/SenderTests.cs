using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Palisade.EndToEnd.Tests;

/// <summary>Real senders to the built product: counts to the line, alerts, and the same after kill -9.</summary>
public sealed class SenderTests
{
    private static readonly string Senders = Environment.GetEnvironmentVariable("PALISADE_SENDERS") ?? Path.Combine(Product.Root, "artifacts", "senders");

    private static string Attack(int i) =>
        $"203.0.113.{i / 10 % 5 + 1} - - [{DateTime(i)}] \"GET /search?q=%27%20UNION%20SELECT%20password%20FROM%20users--%20{i} HTTP/1.1\" 403 162 \"-\" \"curl/8.10\"";

    private static string Visit(int i) => $"192.0.2.{i % 200 + 1} - - [{DateTime(i)}] \"GET /products?id={i} HTTP/1.1\" 200 5162 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"";

    private static string DateTime(int i) => TimeProvider.System.GetUtcNow().AddSeconds(-600 + i % 500).ToString("dd/MMM/yyyy:HH:mm:ss") + " +0000";

    [Fact]
    public async Task Rsyslog_logger_and_curl_arrive_to_the_line_and_raise_alerts()
    {
        await using var product = await Product.StartNewAsync();
        var lines = Enumerable.Range(0, 1000).Select(i => i % 10 == 0 ? Attack(i) : Visit(i)).ToArray();

        // curl, raw lines
        var file = Path.Combine(product.Folder, "access.log");
        await File.WriteAllLinesAsync(file, lines);
        await ProgramRun.RunAsync("curl", "-sSf", "-X", "POST", $"{product.Url}/ingest/raw?source=curl", "-H", $"Authorization: Bearer {product.IngestToken}", "--data-binary", "@" + file);

        // rsyslog: a file through TCP and through the Elasticsearch module
        var config = Path.Combine(product.Folder, "rsyslog.conf");
        await File.WriteAllTextAsync(config, $$"""
            global(workDirectory="{{product.Folder}}")
            module(load="{{Senders}}/usr/lib/x86_64-linux-gnu/rsyslog/imfile.so")
            module(load="{{Senders}}/usr/lib/x86_64-linux-gnu/rsyslog/omelasticsearch.so")
            input(type="imfile" File="{{file}}" Tag="nginx:" ruleset="both")
            template(name="doc" type="list") {
              constant(value="{\"message\":\"") property(name="msg" format="json") constant(value="\",\"host\":\"web-01\"}")
            }
            ruleset(name="both") {
              action(type="omfwd" target="127.0.0.1" port="{{product.SyslogPort}}" protocol="tcp")
              action(type="omelasticsearch" server="127.0.0.1" serverport="{{product.HttpPort}}" usehttps="off" uid="x" pwd="{{product.IngestToken}}"
                     searchIndex="rsyslog" searchType="" bulkmode="on" template="doc" esVersion.major="8" serverbaseurl="")
            }
            """.Replace("server=\"127.0.0.1\" serverport", $"server=\"http://127.0.0.1:{product.HttpPort}/ingest/elastic\" serverport", StringComparison.Ordinal)
               .Replace(" serverbaseurl=\"\"", "", StringComparison.Ordinal));
        using var rsyslog = Start(Path.Combine(Senders, "usr/sbin/rsyslogd"), Path.Combine(product.Folder, "rsyslog.out"), "-n", "-f", config, "-i", Path.Combine(product.Folder, "rsyslog.pid"), "-M", $"{Senders}/usr/lib/x86_64-linux-gnu/rsyslog");
        try
        {
            await ProgramRun.RunAsync("logger", "-n", "127.0.0.1", "-P", product.SyslogPort.ToString(), "-T", "--rfc3164", "-t", "sshd", "Failed password for root from 203.0.113.66 port 40223 ssh2");
            await Product.UntilAsync("every line of curl is stored", async () => await product.StoredAsync("curl") == lines.Length);
            await Product.UntilAsync("every line of rsyslog and logger is stored", async () => await product.StoredAsync("syslog") == lines.Length + 1);
            await Product.UntilAsync("every document of omelasticsearch is stored", async () => await product.StoredAsync("rsyslog") + await product.StoredAsync("elastic") == lines.Length);
        }
        finally
        {
            await ProgramRun.KillAsync(rsyslog);
        }

        var alerts = (JsonArray)(await product.GetAsync("/api/v1/alerts?limit=100"))["items"]!;
        var sqli = alerts.Where(a => (string)a!["class"]! == "sqli").ToArray();
        Assert.NotEmpty(sqli);
        Assert.All(sqli, a => Assert.Equal("blocked", (string)a!["outcome"]!));
        Assert.Equal(["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4", "203.0.113.5"],
            sqli.Select(a => (string)a!["entities"]!["source.ip"]!).Distinct().Order());
        foreach (var source in (JsonArray)(await product.GetAsync("/api/v1/sources"))["items"]!)
            Assert.Equal(100, source!["completeness"]!.GetValue<double>());
    }

    [Fact]
    public async Task After_kill_9_in_mid_flight_what_was_acknowledged_is_stored_once_and_the_alerts_are_the_same()
    {
        var undisturbed = await RunAsync(kill: false);
        var killed = await RunAsync(kill: true);
        Assert.Equal(undisturbed.Alerts, killed.Alerts);
        Assert.Equal(undisturbed.Stored, killed.Stored);
    }

    private static async Task<(long Stored, string[] Alerts)> RunAsync(bool kill)
    {
        await using var product = await Product.StartNewAsync();
        const int Batches = 40, Size = 250;
        using var http = new HttpClient { BaseAddress = new Uri(product.Url) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", product.IngestToken);
        for (var b = 0; b < Batches; b++)
        {
            var body = new StringBuilder();
            for (var i = 0; i < Size; i++)
            {
                var n = b * Size + i;
                body.Append(n % 10 == 0 ? Fixed(Attack(n)) : Fixed(Visit(n))).Append('\n');
            }
            using var answer = await http.PostAsync(new Uri("/ingest/raw?source=web", UriKind.Relative), new StringContent(body.ToString(), Encoding.UTF8, "text/plain"));
            answer.EnsureSuccessStatusCode();
            if (kill && b is 13 or 27 && kill)
            {
                await product.KillAsync();
                await product.StartAsync();
            }
        }
        await Product.UntilAsync("everything acknowledged is stored", async () => await product.StoredAsync("web") == Batches * Size);
        var alerts = (JsonArray)(await product.GetAsync("/api/v1/alerts?limit=200"))["items"]!;
        return (await product.StoredAsync("web"), [.. alerts.Select(a => $"{a!["rule"]!["id"]} {a["entities"]!["source.ip"]} {a["count"]} {a["outcome"]}").Order()]);
    }

    // The same lines in both runs, so that the same alerts are due.
    private static string Fixed(string line) => line[..line.IndexOf('[')] + "[" + TimeProvider.System.GetUtcNow().ToString("dd/MMM/yyyy") + ":00:00:01 +0000" + line[line.IndexOf(']')..];

    private static Process Start(string program, string log, params string[] words)
    {
        var start = new ProcessStartInfo(program, words) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["LD_LIBRARY_PATH"] = $"{Senders}/usr/lib/x86_64-linux-gnu:{Senders}/lib/x86_64-linux-gnu";
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, e) => { if (e.Data is not null) lock (start) File.AppendAllText(log, e.Data + "\n"); };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return process;
    }
}
