using Palisade.Cli.Bench;

namespace Palisade.EndToEnd.Tests;

/// <summary>Real senders over TLS and in both framings of TCP, against a certificate made by the command line.</summary>
public sealed class TlsSenderTests
{
    private const int Lines = 500;

    private static string Line(int i) => $"192.0.2.{i % 200 + 1} - - [26/Nov/2026:10:00:00 +0000] \"GET /products?id={i} HTTP/1.1\" 200 5162 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"";

    [Fact]
    public async Task Rsyslog_syslog_ng_openssl_and_logger_arrive_to_the_line()
    {
        var ports = new[] { "ossl", "gtls", "relp", "ng", "openssl", "ngtcp" }.ToDictionary(n => n, _ => FreePort.Next());
        await using var product = await Product.StartNewAsync(null, p =>
        {
            var secure = new[] { "ossl", "gtls", "ng", "openssl" };
            for (var i = 0; i < secure.Length; i++)
            {
                p.Settings[$"Ingest:SyslogTls:{i}:Listen"] = $"127.0.0.1:{ports[secure[i]]}";
                p.Settings[$"Ingest:SyslogTls:{i}:Source"] = secure[i];
            }
            p.Settings["Ingest:Relp:0:Listen"] = $"127.0.0.1:{ports["relp"]}";
            p.Settings["Ingest:Relp:0:Tls:HandshakeSeconds"] = "20";
            // beside the one of the flag, which takes logger and syslog-ng without TLS
            p.Settings["Ingest:Syslog:1:Listen"] = $"127.0.0.1:{ports["ngtcp"]}";
            p.Settings["Ingest:Syslog:1:Source"] = "ngtcp";
        }, "admin", "certificate", "create", "--name", "localhost", "--name", "127.0.0.1");
        var authority = Path.Combine(product.Data, "tls", "server.pem");
        var file = Path.Combine(product.Folder, "access.log");
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, Lines).Select(Line));

        // librelp speaks TLS with certificates only when it has one of its own.
        var (own, key) = (Path.Combine(product.Folder, "own.pem"), Path.Combine(product.Folder, "own.key"));
        await RealSender.RunAsync("", "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", own, "-days", "10", "-subj", "/CN=web-01");

        static string Forward(int port, string driver, string authority) => $"""
            action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" TCP_Framing="octet-counted" template="palisade" StreamDriver="{driver}" StreamDriverMode="1"
                   StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost" StreamDriver.CAFile="{authority}" action.resumeRetryCount="-1" action.resumeInterval="1")
            """;
        await using var rsyslog = await RealSender.RsyslogAsync(product, file, "module(load=\"omrelp\")", $"""
            {Forward(ports["ossl"], "ossl", authority)}
            {Forward(ports["gtls"], "gtls", authority)}
            action(type="omrelp" target="127.0.0.1" port="{ports["relp"]}" template="palisade" tls="on" tls.myCert="{own}" tls.myPrivKey="{key}" tls.caCert="{authority}" tls.authMode="name" tls.permittedPeer=["localhost"]
                   timeout="10" action.resumeRetryCount="-1" action.resumeInterval="1")
            """);
        await using var syslogNg = await RealSender.SyslogNgAsync(product, file, $"""
            network("127.0.0.1" port({ports["ng"]}) transport("tls") template(palisade) tls(ca-file("{authority}") peer-verify(required-trusted)));
            network("127.0.0.1" port({ports["ngtcp"]}) transport("tcp") template(palisade));
            """);
        var messages = string.Concat(Enumerable.Range(0, Lines).Select(i => $"<13>1 - web-01 nginx - - - {Line(i)}\n"));
        await RealSender.RunAsync(messages, "openssl", "s_client", "-connect", $"127.0.0.1:{ports["openssl"]}", "-CAfile", authority, "-verify_return_error", "-quiet", "-no_ign_eof");
        await RealSender.RunAsync("", "logger", "-n", "127.0.0.1", "-P", product.SyslogPort.ToString(), "-T", "--rfc5424", "--octet-count", "-t", "app", "counted in octets");
        await RealSender.RunAsync("", "logger", "-n", "127.0.0.1", "-P", product.SyslogPort.ToString(), "-T", "-t", "app", "@cee: {\"event\":\"login\",\"user\":\"alice\"}");

        foreach (var source in ports.Keys)
            await Product.UntilAsync($"every line of {source} is stored", async () => await product.StoredAsync(source) == Lines, () => rsyslog.Log + syslogNg.Log);
        await Product.UntilAsync("both of logger are stored", async () => await product.StoredAsync("syslog") == 2);
        foreach (var source in (System.Text.Json.Nodes.JsonArray)(await product.GetAsync("/api/v1/sources"))["items"]!)
            Assert.Equal(100, source!["completeness"]!.GetValue<double>());
    }
}
