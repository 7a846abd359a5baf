using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Palisade.Cli.Bench;

namespace Palisade.EndToEnd.Tests;

/// <summary>Real senders over TLS and in both framings of TCP, against a certificate made by the command line.</summary>
public sealed class TlsSenderTests
{
    private const int Lines = 500;
    private const string MetricsToken = "the-token-of-the-metrics";

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
        await ProgramRun.RunAsync("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", own, "-days", "10", "-subj", "/CN=web-01");

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
        await ProgramRun.RunAsync(new ProcessStartInfo("openssl", ["s_client", "-connect", $"127.0.0.1:{ports["openssl"]}", "-CAfile", authority, "-verify_return_error", "-quiet", "-no_ign_eof"]), messages);
        await ProgramRun.RunAsync("logger", "-n", "127.0.0.1", "-P", product.SyslogPort.ToString(), "-T", "--rfc5424", "--octet-count", "-t", "app", "counted in octets");
        await ProgramRun.RunAsync("logger", "-n", "127.0.0.1", "-P", product.SyslogPort.ToString(), "-T", "-t", "app", "@cee: {\"event\":\"login\",\"user\":\"alice\"}");

        foreach (var source in ports.Keys)
            await Product.UntilAsync($"every line of {source} is stored", async () => await product.StoredAsync(source) == Lines, () => rsyslog.Log + syslogNg.Log);
        await Product.UntilAsync("both of logger are stored", async () => await product.StoredAsync("syslog") == 2);
        foreach (var source in (JsonArray)(await product.GetAsync("/api/v1/sources"))["items"]!)
            Assert.Equal(100, source!["completeness"]!.GetValue<double>());
    }

    [Fact]
    public async Task Rsyslog_and_syslog_ng_are_taken_by_their_certificates_and_refused_without()
    {
        var ports = new[] { "gtls", "ng", "udp" }.ToDictionary(n => n, _ => FreePort.Next());
        string? authority = null;
        await using var product = await Product.StartNewAsync(null, p =>
        {
            authority = Path.Combine(p.Folder, "clients.pem");
            foreach (var (i, name) in new[] { "gtls", "ng" }.Index())
            {
                p.Settings[$"Ingest:SyslogTls:{i}:Listen"] = $"127.0.0.1:{ports[name]}";
                p.Settings[$"Ingest:SyslogTls:{i}:Source"] = name;
                p.Settings[$"Ingest:SyslogTls:{i}:Tls:ClientCertificates"] = "Required";
                p.Settings[$"Ingest:SyslogTls:{i}:Tls:ClientAuthorities"] = authority;
            }
            p.Settings["Ingest:Syslog:1:Listen"] = $"127.0.0.1:{ports["udp"]}";
            p.Settings["Ingest:Syslog:1:Source"] = "udp";
            p.Settings["Health:MetricsToken"] = MetricsToken;
            MakeClient(p.Folder);
        }, "admin", "certificate", "create", "--name", "localhost", "--name", "127.0.0.1");
        var server = Path.Combine(product.Data, "tls", "server.pem");
        var (own, key) = (Path.Combine(product.Folder, "web-01.pem"), Path.Combine(product.Folder, "web-01.key"));
        var file = Path.Combine(product.Folder, "access.log");
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, Lines).Select(Line));

        var target = $"""target="127.0.0.1" port="{ports["gtls"]}" protocol="tcp" TCP_Framing="octet-counted" template="palisade" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost" StreamDriver.CAFile="{server}" """;
        await using (var stranger = await RealSender.RsyslogAsync(product, file, "", $"action(type=\"omfwd\" {target} action.resumeRetryCount=\"-1\" action.resumeInterval=\"1\")"))
        {
            await Product.UntilAsync("who shows no certificate is refused and counted", async () => (await MetricsAsync(product)).Contains("reason=\"BadCertificate\"", StringComparison.Ordinal), () => stranger.Log);
            Assert.Equal(0, await product.StoredAsync("gtls"));
        }
        // a file of its own: what the stranger could not send is not sent later
        var again = Path.Combine(product.Folder, "again.log");
        File.Copy(file, again);
        await using var rsyslog = await RealSender.RsyslogAsync(product, again, "", $"""
            action(type="omfwd" {target} StreamDriver.CertFile="{own}" StreamDriver.KeyFile="{key}" action.resumeRetryCount="-1" action.resumeInterval="1")
            action(type="omfwd" target="127.0.0.1" port="{ports["udp"]}" protocol="udp" template="palisade")
            """);
        await using var syslogNg = await RealSender.SyslogNgAsync(product, again, $"""
            network("127.0.0.1" port({ports["ng"]}) transport("tls") template(palisade) tls(ca-file("{server}") cert-file("{own}") key-file("{key}") peer-verify(required-trusted)));
            """);
        await ProgramRun.RunAsync("logger", "-d", "-n", "127.0.0.1", "-P", product.SyslogPort.ToString(), "--rfc5424", "-t", "app", "by datagram");
        foreach (var source in new[] { "gtls", "ng", "udp" })
            await Product.UntilAsync($"every line of {source} is stored", async () => await product.StoredAsync(source) == Lines, () => rsyslog.Log + syslogNg.Log);
        await Product.UntilAsync("the datagram of logger is stored", async () => await product.StoredAsync("syslog") == 1);
    }

    private static async Task<string> MetricsAsync(Product product)
    {
        using var ask = new HttpRequestMessage(HttpMethod.Get, new Uri(product.Url + "/metrics")) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", MetricsToken) } };
        using var answer = await product.Api.SendAsync(ask);
        return await answer.Content.ReadAsStringAsync();
    }

    /// <summary>An authority of clients (<c>clients.pem</c>) and a client of its (<c>web-01.pem</c>, <c>web-01.key</c>).</summary>
    private static void MakeClient(string folder)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var authorityKey = RSA.Create(2048);
        var request = new CertificateRequest("CN=clients", authorityKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        using var authority = request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(10));
        using var key = RSA.Create(2048);
        var client = new CertificateRequest("CN=web-01", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        client.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        using var certificate = client.Create(authority, now.AddMinutes(-5), now.AddDays(9), [1, 2, 3, 4, 5, 6, 7, 8]);
        File.WriteAllText(Path.Combine(folder, "clients.pem"), authority.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "web-01.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "web-01.key"), key.ExportPkcs8PrivateKeyPem());
    }
}
