using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

/// <summary>An authority, the certificates it signs, and the files of a server.</summary>
internal sealed class TestCertificates : IDisposable
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private readonly X509Certificate2 authority;

    public TestCertificates()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authority = request.CreateSelfSigned(Now.AddDays(-30), Now.AddDays(30));
        File.WriteAllText(AuthorityFile, authority.ExportCertificatePem());
        Fingerprint = NewServer();
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("palisade-tls-").FullName;
    public string ServerFile => Path.Combine(Folder, "server.pem");
    public string KeyFile => Path.Combine(Folder, "server.key");
    public string AuthorityFile => Path.Combine(Folder, "ca.pem");
    /// <summary>SHA-256 of the server's certificate.</summary>
    public string Fingerprint { get; private set; }

    public TlsOptions Options => new() { Certificate = ServerFile, Key = KeyFile };

    /// <summary>Puts a new server certificate in the place of the old one.</summary>
    public string NewServer(int days = 60)
    {
        File.Delete(ServerFile);
        File.Delete(KeyFile);
        return Fingerprint = SelfSignedCertificate.Create(["localhost", "127.0.0.1"], Now, days, ServerFile, KeyFile);
    }

    /// <summary>A client's certificate with its key.</summary>
    /// <param name="ends">Days from now; below 0 it has ended.</param>
    public X509Certificate2 Client(string name, int ends = 10, bool signed = true, string purpose = "1.3.6.1.5.5.7.3.2")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        using var bare = signed
            ? request.Create(authority, Now.AddDays(-20), Now.AddDays(ends), RandomNumberGenerator.GetBytes(8)).CopyWithPrivateKey(key)
            : request.CreateSelfSigned(Now.AddDays(-20), Now.AddDays(ends));
        return X509CertificateLoader.LoadPkcs12(bare.Export(X509ContentType.Pkcs12), null);
    }

    public void Dispose()
    {
        authority.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
