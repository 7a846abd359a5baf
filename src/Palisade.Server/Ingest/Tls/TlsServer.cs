using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Palisade.Server.Ingest;

/// <summary>A connection behind its handshake, or why there is none.</summary>
/// <param name="Stream">Plain bytes; null when refused.</param>
/// <param name="Client">Index in <see cref="TlsOptions.Clients"/>; -1 when the client is not listed or showed no certificate.</param>
/// <param name="Fingerprint">SHA-256 of the client's certificate; empty without one.</param>
/// <param name="Detail">Why it was refused, for the log.</param>
internal readonly record struct TlsResult(Stream? Stream, int Client, string Fingerprint, IngestRefusal Refusal, string Detail);

/// <summary>
/// The TLS side of a listener (RFC 5425): handshakes with a time-out, client certificates against our own list and authorities,
/// certificates read again when their files change.
/// </summary>
internal sealed class TlsServer
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private static readonly TimeSpan LookPause = TimeSpan.FromSeconds(1);
    private readonly TlsOptions options;
    private readonly string dataDirectory;
    private readonly TimeProvider clock;
    private readonly ILogger log;
    private readonly Lock gate = new();
    private readonly string[] files;
    private readonly Dictionary<string, int> byFingerprint = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, int> bySubject = new(StringComparer.OrdinalIgnoreCase);
    private (LoadedCertificates Files, SslStreamCertificateContext Context) current;
    private DateTime[] stamps;
    private long lookedAt;

    /// <exception cref="InvalidDataException">The files cannot be used; the message says which and why.</exception>
    public TlsServer(TlsOptions options, string dataDirectory, TimeProvider clock, ILogger log)
    {
        (this.options, this.dataDirectory, this.clock, this.log) = (options, dataDirectory, clock, log);
        files = [.. new[] { options.Certificate, options.Key, options.ClientAuthorities }.Where(f => f.Length > 0).Select(f => CertificateFiles.PathOf(f, dataDirectory))];
        for (var i = 0; i < options.Clients.Count; i++)
        {
            if (options.Clients[i].Fingerprint.Length > 0) byFingerprint[options.Clients[i].Digits] = i; else bySubject[options.Clients[i].Subject] = i;
        }
        stamps = Stamps();
        current = Load();
        lookedAt = clock.GetTimestamp();
    }

    /// <summary>Where the certificate comes from.</summary>
    public string CertificateFile => files[0];
    /// <summary>When the server's certificate ends.</summary>
    public DateTimeOffset Ends { get { lock (gate) return current.Files.Server.NotAfter; } }

    /// <summary>Shakes hands. Never throws for what the peer does.</summary>
    public async ValueTask<TlsResult> AcceptAsync(Socket socket, CancellationToken stop)
    {
        var (loaded, context) = Current();
        var ssl = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(options.HandshakeSeconds), clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        var verdict = (Refusal: IngestRefusal.None, Client: -1, Fingerprint: "");
        try
        {
            await ssl.AuthenticateAsServerAsync(Authentication(context, loaded, shown => (verdict = Judge(shown, loaded)).Refusal == IngestRefusal.None), either.Token);
            return new TlsResult(ssl, verdict.Client, verdict.Fingerprint, IngestRefusal.None, "");
        }
        catch (Exception e) when (e is AuthenticationException or IOException or SocketException or OperationCanceledException or ObjectDisposedException or CryptographicException or NotSupportedException)
        {
            await ssl.DisposeAsync();
            if (stop.IsCancellationRequested) return new TlsResult(null, -1, "", IngestRefusal.None, "we are stopping");
            if (verdict.Refusal != IngestRefusal.None) return new TlsResult(null, -1, verdict.Fingerprint, verdict.Refusal, "its certificate is not accepted");
            return new TlsResult(null, -1, "", IngestRefusal.TlsHandshake, e is OperationCanceledException ? "the handshake took too long" : e.Message);
        }
    }

    private SslServerAuthenticationOptions Authentication(SslStreamCertificateContext context, LoadedCertificates loaded, Func<X509Certificate?, bool> judge) => new()
    {
        ServerCertificateContext = context,
        AllowRenegotiation = false,
        ClientCertificateRequired = options.ClientCertificates != ClientCertificateUse.None,
        CertificateChainPolicy = Policy(loaded),
        RemoteCertificateValidationCallback = (_, shown, _, _) => judge(shown),
    };

    private X509ChainPolicy Policy(LoadedCertificates loaded)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, VerificationTime = clock.GetUtcNow().UtcDateTime };
        policy.CustomTrustStore.AddRange(loaded.Authorities);
        policy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        return policy;
    }

    private (IngestRefusal Refusal, int Client, string Fingerprint) Judge(X509Certificate? shown, LoadedCertificates loaded)
    {
        if (options.ClientCertificates == ClientCertificateUse.None) return (IngestRefusal.None, -1, "");
        if (shown is null) return (options.ClientCertificates == ClientCertificateUse.Optional ? IngestRefusal.None : IngestRefusal.BadCertificate, -1, "");
        var certificate = shown as X509Certificate2 ?? X509CertificateLoader.LoadCertificate(shown.GetRawCertData());
        var fingerprint = certificate.GetCertHashString(HashAlgorithmName.SHA256);
        var now = clock.GetUtcNow().UtcDateTime;
        if (now < certificate.NotBefore.ToUniversalTime() || now > certificate.NotAfter.ToUniversalTime()) return (IngestRefusal.BadCertificate, -1, fingerprint);
        if (byFingerprint.TryGetValue(fingerprint, out var listed)) return (IngestRefusal.None, listed, fingerprint);
        using var chain = new X509Chain { ChainPolicy = Policy(loaded) };
        if (loaded.Authorities.Count == 0 || !chain.Build(certificate)) return (IngestRefusal.BadCertificate, -1, fingerprint);
        foreach (var name in Names(certificate))
            if (bySubject.TryGetValue(name, out listed)) return (IngestRefusal.None, listed, fingerprint);
        return (IngestRefusal.None, -1, fingerprint);
    }

    private static IEnumerable<string> Names(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames())
            .Prepend(certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false));

    /// <summary>The certificates as the files have them now; they are looked at once a second at most.</summary>
    private (LoadedCertificates Files, SslStreamCertificateContext Context) Current()
    {
        lock (gate)
        {
            if (clock.GetElapsedTime(lookedAt) < LookPause) return current;
            lookedAt = clock.GetTimestamp();
            var now = Stamps();
            if (now.AsSpan().SequenceEqual(stamps)) return current;
            try
            {
                current = Load();
                stamps = now;
                log.CertificateLoaded(CertificateFile, Ends);
            }
            catch (InvalidDataException e)
            {
                // A file half written, or a key that is not there yet: the old one goes on, and the next second looks again.
                log.CertificateUnusable(e.Message);
            }
            return current;
        }
    }

    private (LoadedCertificates, SslStreamCertificateContext) Load()
    {
        var loaded = CertificateFiles.Load(options, dataDirectory);
        return (loaded, SslStreamCertificateContext.Create(loaded.Server, loaded.Chain, offline: true));
    }

    private DateTime[] Stamps() => [.. files.Select(File.GetLastWriteTimeUtc)];
}
