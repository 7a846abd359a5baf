namespace Palisade.Server.Ingest;

/// <summary>Whether senders must show a certificate of their own.</summary>
public enum ClientCertificateUse : byte
{
    /// <summary>Not asked for.</summary>
    None,
    /// <summary>Asked for; who shows none must bring a token or come to a listener with a tenant.</summary>
    Optional,
    /// <summary>Who shows none is refused.</summary>
    Required,
}

/// <summary>TLS of a listener. Files are PEM; they are read again when they change.</summary>
public sealed record TlsOptions
{
    /// <summary>Server certificate, its intermediates behind it. Default tls/server.pem, below the data directory unless absolute.</summary>
    public string Certificate { get; init; } = "tls/server.pem";
    /// <summary>Private key of the certificate, not encrypted. Default tls/server.key, below the data directory unless absolute.</summary>
    public string Key { get; init; } = "tls/server.key";
    /// <summary>Whether senders must show a certificate of their own: None, Optional or Required.</summary>
    public ClientCertificateUse ClientCertificates { get; init; }
    /// <summary>Authorities whose client certificates are accepted (PEM). Empty: only those listed in Clients by fingerprint.</summary>
    public string ClientAuthorities { get; init; } = "";
    /// <summary>Which tenant a client certificate belongs to.</summary>
    public IReadOnlyList<TlsClientOptions> Clients { get; init; } = [];
    /// <summary>A handshake that takes longer is broken off, seconds. Default 10.</summary>
    public int HandshakeSeconds { get; init; } = 10;

    /// <summary>Every problem, each with its key path below <paramref name="path"/>.</summary>
    public IEnumerable<string> Problems(string path)
    {
        if (string.IsNullOrWhiteSpace(Certificate)) yield return $"{path}:Certificate is empty";
        if (string.IsNullOrWhiteSpace(Key)) yield return $"{path}:Key is empty";
        if (HandshakeSeconds is < 1 or > 300) yield return $"{path}:HandshakeSeconds must be 1 to 300";
        if (ClientCertificates != ClientCertificateUse.None && ClientAuthorities is "" && !Clients.Any(c => c.Fingerprint.Length > 0))
            yield return $"{path}:ClientCertificates needs ClientAuthorities, or Clients with a Fingerprint";
        for (var i = 0; i < Clients.Count; i++)
        {
            var client = Clients[i];
            if ((client.Fingerprint.Length == 0) == (client.Subject.Length == 0)) yield return $"{path}:Clients:{i} needs a Fingerprint or a Subject, and not both";
            if (client.Fingerprint.Length > 0 && !client.IsFingerprint) yield return $"{path}:Clients:{i}:Fingerprint is not a SHA-256 (64 hexadecimal digits, colons allowed)";
            if (client.Tenant.Length == 0) yield return $"{path}:Clients:{i}:Tenant is empty";
            if (ClientCertificates == ClientCertificateUse.None) yield return $"{path}:Clients:{i} is of no use while ClientCertificates is None";
        }
    }
}

/// <summary>One client certificate, or all of one subject, and whose records come under it.</summary>
public sealed record TlsClientOptions
{
    /// <summary>SHA-256 of the certificate, hexadecimal. A certificate named so needs no authority.</summary>
    public string Fingerprint { get; init; } = "";
    /// <summary>Common name, or a DNS name of the certificate. Only for certificates of ClientAuthorities.</summary>
    public string Subject { get; init; } = "";
    /// <summary>Tenant (by name) of what comes in under it.</summary>
    public string Tenant { get; init; } = "";
    /// <summary>Source name of what comes in under it. Empty: the listener's.</summary>
    public string Source { get; init; } = "";

    internal string Digits => Fingerprint.Replace(":", "", StringComparison.Ordinal);
    internal bool IsFingerprint => Digits.Length == 64 && Digits.All(char.IsAsciiHexDigit);
}
