using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class SyslogTlsTests : IDisposable
{
    private readonly TestCertificates files = new();

    public void Dispose() => files.Dispose();

    private Task<IngestServer> StartAsync(Func<TlsOptions, TlsOptions>? change = null, TimeProvider? clock = null) => IngestServer.StartAsync(
        new IngestOptions { SyslogTls = [new() { Tls = change is null ? files.Options : change(files.Options) }] }, clock);

    /// <summary>A client that insists on the server's certificate of now.</summary>
    private async Task<SslStream> ConnectAsync(IngestServer server, X509Certificate2? own = null)
    {
        var client = new TcpClient();
        await client.ConnectAsync(server.Tls);
        var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false,
            (_, shown, _, _) => shown!.GetCertHashString(HashAlgorithmName.SHA256) == files.Fingerprint);
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", ClientCertificates = own is null ? [] : [own] });
        return stream;
    }

    [Fact]
    public async Task Both_framings_arrive_in_order_over_tls()
    {
        await using var server = await StartAsync();
        await using var client = await ConnectAsync(server);
        var expected = new List<string>();
        for (var i = 0; i < 5000; i++)
        {
            var message = $"<13>1 - web1 app - - - line {i} {new string('x', i % 300)}";
            expected.Add(message);
            await client.WriteAsync(Encoding.ASCII.GetBytes(i % 2 == 0 ? message + "\n" : $"{message.Length} {message}"));
        }
        Assert.Equal(expected, (await server.ReadAsync(5000)).Select(f => Encoding.ASCII.GetString(f.Payload)));
    }

    [Fact]
    public async Task A_token_in_structured_data_names_the_tenant_over_tls()
    {
        await using var server = await StartAsync();
        await using var client = await ConnectAsync(server);
        await client.WriteAsync("<13>1 - h a - - [palisade@32473 token=\"good-2\"] x\n"u8.ToArray());
        Assert.Equal(2u, (await server.ReadAsync(1))[0].Header.Tenant);
    }

    [Fact]
    public async Task A_client_certificate_names_tenant_and_source_by_fingerprint_and_by_subject()
    {
        using var byHash = files.Client("anybody", signed: false);
        using var byName = files.Client("web-01");
        using var unlisted = files.Client("web-02");
        await using var server = await StartAsync(tls => tls with
        {
            ClientCertificates = ClientCertificateUse.Required,
            ClientAuthorities = files.AuthorityFile,
            Clients =
            [
                new() { Fingerprint = byHash.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant(), Tenant = "acme", Source = "fw" },
                new() { Subject = "web-01", Tenant = "acme" },
            ],
        });
        foreach (var certificate in new[] { byHash, byName, unlisted })
        {
            await using var client = await ConnectAsync(server, certificate);
            await client.WriteAsync(Encoding.ASCII.GetBytes($"<13>{certificate.Subject}\n"));
            var frame = (await server.ReadAsync(1))[0];
            Assert.Equal(
                ReferenceEquals(certificate, unlisted) ? (7u, "syslog") : (3u, ReferenceEquals(certificate, byHash) ? "fw" : "syslog"),
                (frame.Header.Tenant, server.Lookups.NameOf(frame.Header.Source)));
        }
    }

    [Theory]
    [InlineData("none"), InlineData("expired"), InlineData("stranger"), InlineData("server")]
    public async Task Client_certificates_that_are_not_good_are_refused_and_counted(string kind)
    {
        using var certificate = kind switch
        {
            "expired" => files.Client("web-01", ends: -1),
            "stranger" => files.Client("web-01", signed: false),
            "server" => files.Client("web-01", purpose: "1.3.6.1.5.5.7.3.1"),
            _ => null,
        };
        await using var server = await StartAsync(tls => tls with { ClientCertificates = ClientCertificateUse.Required, ClientAuthorities = files.AuthorityFile });
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var client = await ConnectAsync(server, certificate);
            // TLS 1.3 tells a client at its first read only
            await client.WriteAsync("<13>x\n"u8.ToArray());
            if (await client.ReadAsync(new byte[1]) == 0) throw new AuthenticationException("closed");
        });
        Assert.Equal(new() { [IngestRefusal.BadCertificate] = 1 }, await server.RefusalsAsync(1));
    }

    [Fact]
    public async Task Garbage_and_half_handshakes_are_counted_and_the_next_connection_works()
    {
        await using var server = await StartAsync();
        foreach (var bytes in new[] { "<13>plain syslog to the wrong port\n"u8.ToArray(), "GET / HTTP/1.1\r\n\r\n"u8.ToArray(), [0x16, 3, 1, 2, 0, 1, 0, 1], RandomNumberGenerator.GetBytes(4096) })
        {
            using var client = new TcpClient();
            await client.ConnectAsync(server.Tls);
            await client.GetStream().WriteAsync(bytes);
            client.Client.Shutdown(SocketShutdown.Send);
        }
        Assert.Equal(new() { [IngestRefusal.TlsHandshake] = 4 }, await server.RefusalsAsync(4));
        await using var good = await ConnectAsync(server);
        await good.WriteAsync("<13>good\n"u8.ToArray());
        Assert.Equal("<13>good", Encoding.ASCII.GetString((await server.ReadAsync(1))[0].Payload));
    }

    [Fact]
    public async Task A_handshake_that_takes_too_long_is_broken_off()
    {
        var clock = new HandClock();
        await using var server = await StartAsync(tls => tls with { HandshakeSeconds = 30 }, clock);
        using var client = new TcpClient();
        await client.ConnectAsync(server.Tls);
        await client.GetStream().WriteAsync(new byte[] { 0x16 });
        await clock.AdvanceWhenWaitingAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1]));
        Assert.Equal(new() { [IngestRefusal.TlsHandshake] = 1 }, await server.RefusalsAsync(1));
    }

    [Fact]
    public async Task A_new_certificate_is_used_without_a_restart_and_a_broken_one_is_not()
    {
        var clock = new HandClock();
        await using var server = await StartAsync(clock: clock);
        await using (await ConnectAsync(server)) { }
        var old = files.Fingerprint;
        File.WriteAllText(files.ServerFile, "-----BEGIN CERTIFICATE-----\nhalf");
        clock.Advance(TimeSpan.FromSeconds(2));
        await using (await ConnectAsync(server)) Assert.Equal(old, files.Fingerprint);
        Assert.NotEqual(old, files.NewServer());
        clock.Advance(TimeSpan.FromSeconds(2));
        await using var client = await ConnectAsync(server);
        await client.WriteAsync("<13>new\n"u8.ToArray());
        Assert.Equal("<13>new", Encoding.ASCII.GetString((await server.ReadAsync(1))[0].Payload));
    }

    [Fact]
    public void Problems_of_certificates_are_said_with_their_file()
    {
        var options = new IngestOptions { SyslogTls = [new() { Tls = files.Options }] };
        var now = TimeProvider.System.GetUtcNow();
        Assert.Empty(CertificateFiles.Problems(options, files.Folder, now));
        Assert.Contains("ends", Assert.Single(CertificateFiles.Problems(options, files.Folder, now.AddDays(40))));
        Assert.Contains("ended", Assert.Single(CertificateFiles.Problems(options, files.Folder, now.AddDays(61))));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(files.KeyFile, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600 " + files.KeyFile, Assert.Single(CertificateFiles.Problems(options, files.Folder, now)));
        using (var other = new TestCertificates()) File.Copy(other.KeyFile, files.KeyFile, overwrite: true);
        Assert.Contains("is not the private key of", Assert.Single(CertificateFiles.Problems(options, files.Folder, now)));
        File.Delete(files.ServerFile);
        Assert.StartsWith(files.ServerFile, Assert.Single(CertificateFiles.Problems(options, files.Folder, now)));
        // The default place may stay empty: then there is no TLS.
        Assert.Empty(CertificateFiles.Problems(new IngestOptions(), files.Folder, now));
    }
}
