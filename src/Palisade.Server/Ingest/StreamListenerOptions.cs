namespace Palisade.Server.Ingest;

/// <summary>One TCP address of a protocol that may have TLS.</summary>
public abstract record StreamListenerOptions
{
    /// <summary>ADDRESS:PORT.</summary>
    public string Listen { get; init; } = "";
    /// <summary>Tenant (by name) of what comes in without a token or a certificate of a tenant. Empty: the only tenant there is, and only on a loopback address.</summary>
    public string Tenant { get; init; } = "";
    /// <summary>Source name of what comes in without a token or certificate that names one.</summary>
    public string Source { get; init; } = "syslog";
    /// <summary>A connection without a whole message for so long is closed, seconds.</summary>
    public int IdleSeconds { get; init; } = 600;
    /// <summary>Connections at once, those that shake hands included. Default 1024.</summary>
    public int MaxConnections { get; init; } = 1024;
    /// <summary>Certificate and who may come.</summary>
    public TlsOptions? Tls { get; init; }

    /// <summary>Every problem, each with its key path below <paramref name="path"/>.</summary>
    public IEnumerable<string> Problems(string path)
    {
        if (!System.Net.IPEndPoint.TryParse(Listen, out _)) yield return $"{path}:Listen is not ADDRESS:PORT";
        if (IdleSeconds < 1) yield return $"{path}:IdleSeconds must be at least 1";
        if (MaxConnections < 1) yield return $"{path}:MaxConnections must be at least 1";
        foreach (var problem in Tls?.Problems($"{path}:Tls") ?? []) yield return problem;
    }

    /// <summary>The certificate has its default place and nobody has put one there yet.</summary>
    internal virtual bool WaitsForCertificate(string dataDirectory) => false;
}

/// <summary>Syslog over TLS (RFC 5425).</summary>
public sealed record SyslogTlsOptions : StreamListenerOptions
{
    public SyslogTlsOptions() => (Listen, Tls) = ("127.0.0.1:6514", new TlsOptions());

    internal override bool WaitsForCertificate(string dataDirectory) =>
        Tls!.Certificate == new TlsOptions().Certificate && !File.Exists(CertificateFiles.PathOf(Tls.Certificate, dataDirectory));
}

/// <summary>RELP, plain or over TLS.</summary>
public sealed record RelpOptions : StreamListenerOptions
{
    /// <summary>A sender keeps its connection open and quiet while it has nothing to say.</summary>
    public RelpOptions() => (Listen, Source, IdleSeconds) = ("127.0.0.1:2514", "relp", 3600);
}
