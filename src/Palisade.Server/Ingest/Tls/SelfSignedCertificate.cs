using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Palisade.Server.Ingest;

/// <summary>Makes a certificate that signs itself, for trying out: senders must be given it as their authority.</summary>
public static class SelfSignedCertificate
{
    /// <summary>Writes certificate and key (readable by its owner only) as PEM.</summary>
    /// <param name="names">Host names and addresses; the first is the common name too.</param>
    /// <returns>SHA-256 of the certificate, hexadecimal.</returns>
    /// <exception cref="IOException">A file is there already.</exception>
    public static string Create(IReadOnlyList<string> names, DateTimeOffset from, int days, string certificateFile, string keyFile)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedNameBuilder().With(names[0]), key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address)) alternatives.AddIpAddress(address); else alternatives.AddDnsName(name);
        }
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        using var certificate = request.CreateSelfSigned(from.AddMinutes(-5), from.AddDays(days));
        foreach (var file in new[] { certificateFile, keyFile })
        {
            if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder) Directory.CreateDirectory(folder);
        }
        Write(keyFile, key.ExportPkcs8PrivateKeyPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Write(certificateFile, certificate.ExportCertificatePem(), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        return certificate.GetCertHashString(HashAlgorithmName.SHA256);
    }

    private static X500DistinguishedName With(this X500DistinguishedNameBuilder name, string common)
    {
        name.AddCommonName(common);
        return name.Build();
    }

    private static void Write(string file, string pem, UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = mode;
        using var writer = new StreamWriter(file, options);
        writer.WriteLine(pem);
    }
}
