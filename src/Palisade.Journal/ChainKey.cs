using System.Security.Cryptography;

namespace Palisade.Journal;

/// <summary>
/// The key a journal signs its segments with, ECDSA over P-256 (FIPS 186-5). Who can write the journal but not read the private
/// key cannot rewrite it unnoticed, sums and all. A signature is over the SHA-256 of a whole segment file, in DER (RFC 3279,
/// section 2.2.3), so that <c>openssl dgst -sha256 -verify PUBLIC -signature X.sig X.seg</c> judges it as we do.
/// </summary>
public sealed class ChainKey : IDisposable
{
    private const DSASignatureFormat Format = DSASignatureFormat.Rfc3279DerSequence;
    private readonly ECDsa key;

    private ChainKey(ECDsa key)
    {
        this.key = key;
        Fingerprint = Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
    }

    /// <summary>SHA-256 of the public key (SubjectPublicKeyInfo, DER), 64 hexadecimal digits. Noted elsewhere, it tells this key from one that was put in its place.</summary>
    public string Fingerprint { get; }

    /// <summary>Where the public half of a private key is kept.</summary>
    public static string PublicFile(string file) => Path.ChangeExtension(file, ".pub.pem");

    /// <summary>Reads the private key of a file, PEM (PKCS #8); makes one where there is none, for its owner only. The public half is put beside it where it is missing.</summary>
    /// <exception cref="JournalException">The file holds no such key.</exception>
    public static ChainKey OpenOrCreate(string file)
    {
        if (!File.Exists(file))
        {
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
            Write(file, made.ExportPkcs8PrivateKeyPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        var opened = Read(file);
        if (!File.Exists(PublicFile(file)))
            Write(PublicFile(file), opened.key.ExportSubjectPublicKeyInfoPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        return opened;
    }

    /// <summary>Reads a key of either half.</summary>
    /// <exception cref="JournalException">The file holds no such key.</exception>
    public static ChainKey Read(string file)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(file));
            return new ChainKey(key);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new JournalException(JournalProblem.BadKey,
                $"{file} holds no key that a journal can be signed with. Put it back from a backup; or remove it and {PublicFile(file)}, and a new one is made at the next start: what the old one signed can then not be proven any more.", error);
        }
    }

    /// <param name="sha256">Of a segment's whole content, 32 bytes.</param>
    internal byte[] Sign(ReadOnlySpan<byte> sha256) => key.SignHash(sha256, Format);

    /// <param name="sha256">Of a segment's whole content, 32 bytes.</param>
    internal bool Verify(ReadOnlySpan<byte> sha256, ReadOnlySpan<byte> signature) => key.VerifyHash(sha256, signature, Format);

    public void Dispose() => key.Dispose();

    private static void Write(string file, string pem, UnixFileMode mode)
    {
        var temporary = file + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = mode;
        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(pem + "\n"));
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, file, overwrite: true);
        Posix.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
    }
}
