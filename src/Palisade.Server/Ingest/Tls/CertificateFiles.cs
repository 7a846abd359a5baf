using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Palisade.Server.Ingest;

/// <summary>What the files of a listener hold at one time.</summary>
/// <param name="Server">The server's certificate with its key.</param>
/// <param name="Chain">The intermediates behind it.</param>
/// <param name="Authorities">Authorities of client certificates; empty when none are configured.</param>
internal sealed record LoadedCertificates(X509Certificate2 Server, X509Certificate2Collection Chain, X509Certificate2Collection Authorities);

/// <summary>Reads PEM files and says what is wrong with them.</summary>
public static class CertificateFiles
{
    /// <summary>Days before its end from which on a certificate is a problem.</summary>
    public const int WarningDays = 30;

    /// <summary>The certificate, its key and the authorities.</summary>
    /// <exception cref="InvalidDataException">A file is missing or cannot be read; the message names it.</exception>
    internal static LoadedCertificates Load(TlsOptions options, string dataDirectory)
    {
        var (pem, key) = (PathOf(options.Certificate, dataDirectory), PathOf(options.Key, dataDirectory));
        var all = Read(pem, "certificate");
        X509Certificate2 server;
        try
        {
            using var bare = X509Certificate2.CreateFromPem(File.ReadAllText(pem), File.ReadAllText(key));
            // The round trip gives a key that the TLS stack of every platform can use.
            server = X509CertificateLoader.LoadPkcs12(bare.Export(X509ContentType.Pkcs12), null);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException($"{key} is not the private key of {pem}, or is encrypted: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"{key} cannot be read: {e.Message}", e);
        }
        var authorities = options.ClientAuthorities.Length > 0 ? Read(PathOf(options.ClientAuthorities, dataDirectory), "authority") : [];
        return new LoadedCertificates(server, [.. all.Skip(1)], authorities);
    }

    /// <summary>
    /// What is wrong with the certificates of a configuration, in words a person can act on: missing or unreadable files, a key of
    /// another certificate or readable by everybody, what has ended or ends within <paramref name="days"/> days.
    /// </summary>
    public static IEnumerable<string> Problems(IngestOptions options, string dataDirectory, DateTimeOffset now, int days = WarningDays) =>
        options.TlsListeners().Where(l => !l.WaitsForCertificate(dataDirectory)).SelectMany(l => Problems(l.Tls!, dataDirectory, now, days)).Distinct();

    private static IEnumerable<string> Problems(TlsOptions options, string dataDirectory, DateTimeOffset now, int days)
    {
        LoadedCertificates? loaded = null;
        string? problem = null;
        try
        {
            loaded = Load(options, dataDirectory);
        }
        catch (InvalidDataException e)
        {
            problem = e.Message;
        }
        if (loaded is null) { yield return problem!; yield break; }
        using var server = loaded.Server;
        foreach (var text in Ends(server, PathOf(options.Certificate, dataDirectory), now, days)) yield return text;
        foreach (var authority in loaded.Authorities)
            foreach (var text in Ends(authority, PathOf(options.ClientAuthorities, dataDirectory), now, days)) yield return text;
        var key = PathOf(options.Key, dataDirectory);
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(key) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0) yield return $"{key} can be read by every user of this machine: chmod 600 {key}";
    }

    private static IEnumerable<string> Ends(X509Certificate2 certificate, string file, DateTimeOffset now, int days)
    {
        var (from, until) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        if (now < from) yield return $"{file} ({certificate.Subject}) is valid from {from:u} on only";
        else if (now > until) yield return $"{file} ({certificate.Subject}) ended {until:u}: senders refuse it. Put a new one in its place; no restart is needed";
        else if (now > until.AddDays(-days)) yield return $"{file} ({certificate.Subject}) ends {until:u}: put a new one in its place; no restart is needed";
    }

    internal static string PathOf(string path, string dataDirectory) => Path.Combine(dataDirectory, path);

    private static X509Certificate2Collection Read(string file, string what)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPemFile(file);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"{file} cannot be read: {e.Message}", e);
        }
        return found.Count > 0 ? found : throw new InvalidDataException($"{file} holds no {what} (PEM: -----BEGIN CERTIFICATE-----)");
    }
}
