using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Palisade.Cli.Bench;
using Palisade.Server.Identity;
using Palisade.Server.Tokens;

namespace Palisade.Server.Tests.Api;

/// <summary>Debian's nginx in front, with the configuration that we ship.</summary>
public sealed class NginxTests
{
    private static readonly string Program = Path.Combine(Environment.GetEnvironmentVariable("PALISADE_SENDERS") ?? Path.Combine(TestApp.Root, "artifacts", "senders"), "usr", "sbin", "nginx");

    [Fact]
    public async Task Behind_nginx_sign_in_is_secure_and_knows_who_comes_from_where()
    {
        await using var app = await TestApp.StartAsync(o => o with { Http = o.Http with { TrustedProxies = ["127.0.0.1"] }, Identity = o.Identity with { AttemptsPerMinute = 3 } });
        await using var nginx = await StartAsync(app);
        var tenant = await app.TenantAsync("Behind nginx");

        using (var person = nginx.From("127.0.0.2"))
        {
            using var page = await person.GetAsync(new Uri("/sign-in", UriKind.Relative));
            Assert.Contains(page.Headers.GetValues("Set-Cookie"), c => c.Contains("; secure", StringComparison.OrdinalIgnoreCase));
            Assert.True(page.Headers.Contains("Strict-Transport-Security"));
            using var answer = await TestApp.PostFormAsync(person, "/sign-in", "/sign-in", ("email", TestApp.EmailOf(tenant, Role.Owner)), ("password", TestApp.Password));
            Assert.Equal("/", answer.Headers.Location?.OriginalString);
            Assert.All(answer.Headers.GetValues("Set-Cookie"), c => Assert.Contains("; secure", c, StringComparison.OrdinalIgnoreCase));
            person.DefaultRequestHeaders.Add("Palisade-Tenant", tenant.Slug);
            // What a client says about itself ends at nginx.
            person.DefaultRequestHeaders.Add("X-Forwarded-For", "198.51.100.77");
            using var made = await person.PostAsync(new Uri("/api/v1/sources", UriKind.Relative), new StringContent("""{"name":"web"}""", System.Text.Encoding.UTF8, "application/json"));
            Assert.Equal(HttpStatusCode.Created, made.StatusCode);
            Assert.Equal("127.0.0.2", (await app.AuditAsync(tenant.Id))[^1].Address);
            Assert.Equal(HttpStatusCode.NotFound, (await person.GetAsync(new Uri("/metrics", UriKind.Relative))).StatusCode);
            await ConnectAsync(nginx, person);
        }
        // The limit of one address is not the limit of another.
        Assert.Equal("/sign-in?error=rate", await LastOfFourAsync(nginx, "127.0.0.3"));
        using var other = nginx.From("127.0.0.4");
        using var wrong = await TestApp.PostFormAsync(other, "/sign-in", "/sign-in", ("email", "nobody@nowhere.example"), ("password", "x"));
        Assert.Equal("/sign-in?error=credentials", wrong.Headers.Location?.OriginalString);

        using var sender = nginx.From("127.0.0.5");
        sender.DefaultRequestHeaders.Authorization = new("Bearer", await app.TokenAsync(tenant, TokenScope.Ingest));
        using var sent = await sender.PostAsync(new Uri("/ingest/raw?source=web", UriKind.Relative), new StringContent("a line\n"));
        Assert.Equal(HttpStatusCode.OK, sent.StatusCode);
    }

    private static async Task<string?> LastOfFourAsync(Nginx nginx, string address)
    {
        string? location = null;
        for (var i = 0; i < 4; i++)
        {
            using var client = nginx.From(address);
            client.DefaultRequestHeaders.Add("X-Forwarded-For", $"198.51.100.{i}");
            using var answer = await TestApp.PostFormAsync(client, "/sign-in", "/sign-in", ("email", "nobody@nowhere.example"), ("password", "x"));
            location = answer.Headers.Location?.OriginalString;
        }
        return location;
    }

    /// <summary>The console's WebSocket comes through: negotiated, upgraded, and answered in its protocol.</summary>
    private static async Task ConnectAsync(Nginx nginx, HttpClient person)
    {
        using var answer = await person.PostAsync(new Uri("/_blazor/negotiate?negotiateVersion=1", UriKind.Relative), null);
        var id = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["connectionToken"]!;
        using var socket = new ClientWebSocket();
        socket.Options.RemoteCertificateValidationCallback = nginx.Trusts;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{nginx.Port}/_blazor?id={id}"), patience.Token);
        await socket.SendAsync("{\"protocol\":\"json\",\"version\":1}\u001e"u8.ToArray(), WebSocketMessageType.Text, true, patience.Token);
        var buffer = new byte[512];
        var received = await socket.ReceiveAsync(buffer, patience.Token);
        Assert.True(received.Count > 0);
        Assert.EndsWith("\u001e", System.Text.Encoding.UTF8.GetString(buffer, 0, received.Count));
    }

    private static async Task<Nginx> StartAsync(TestApp app)
    {
        Assert.True(File.Exists(Program), $"{Program} is missing: run the tests by ./palisade test, which unpacks Debian's nginx");
        var folder = Directory.CreateTempSubdirectory("palisade-nginx-").FullName;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=palisade.example.com", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        await File.WriteAllTextAsync(Path.Combine(folder, "fullchain.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(folder, "privkey.pem"), key.ExportPkcs8PrivateKeyPem());
        var port = FreePort.Next();
        var site = await File.ReadAllTextAsync(Path.Combine(TestApp.Root, "deploy", "nginx", "palisade.conf"));
        foreach (var (shipped, here) in new[] { ("server 127.0.0.1:8080;", $"server 127.0.0.1:{app.Url.Port};"), ("listen 443 ssl", $"listen 127.0.0.1:{port} ssl"), ("/etc/ssl/palisade/", folder + "/") })
        {
            Assert.Contains(shipped, site);
            site = site.Replace(shipped, here);
        }
        await File.WriteAllTextAsync(Path.Combine(folder, "palisade.conf"), site);
        var temporary = string.Join(' ', new[] { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" }.Select(t => $"{t}_temp_path {folder}/{t};"));
        await File.WriteAllTextAsync(Path.Combine(folder, "nginx.conf"),
            $"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\nhttp {{ access_log off; {temporary}\ninclude {folder}/palisade.conf; }}\n");
        var process = Process.Start(new ProcessStartInfo(Program, ["-p", folder, "-e", Path.Combine(folder, "error.log"), "-c", Path.Combine(folder, "nginx.conf")]))!;
        var nginx = new Nginx(process, folder, port, certificate.RawData);
        await TestApp.UntilAsync("nginx answers", async () =>
        {
            if (process.HasExited) throw new InvalidOperationException(await File.ReadAllTextAsync(Path.Combine(folder, "error.log")));
            try
            {
                using var client = nginx.From("127.0.0.1");
                return (await client.GetAsync(new Uri("/healthz", UriKind.Relative))).IsSuccessStatusCode;
            }
            catch (HttpRequestException) { return false; }     // not listening yet
        });
        return nginx;
    }

    private sealed class Nginx(Process process, string folder, int port, byte[] certificate) : IAsyncDisposable
    {
        public int Port => port;

        public bool Trusts(object sender, X509Certificate? shown, X509Chain? chain, System.Net.Security.SslPolicyErrors errors) => shown?.GetRawCertData().AsSpan().SequenceEqual(certificate) == true;

        /// <summary>A browser at this address.</summary>
        public HttpClient From(string address)
        {
            var handler = new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                ConnectCallback = async (_, stop) =>
                {
                    var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                    socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
                    await socket.ConnectAsync(IPAddress.Loopback, port, stop);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            };
            handler.SslOptions.RemoteCertificateValidationCallback = Trusts;
            return new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{port}") };
        }

        public async ValueTask DisposeAsync()
        {
            if (!process.HasExited) process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
            Directory.Delete(folder, recursive: true);
        }
    }
}
