namespace Palisade.Server.Ingest;

/// <summary>Intake: listeners and limits.</summary>
public sealed record IngestOptions
{
    public const string Section = "Ingest";

    /// <summary>Syslog listeners, UDP and TCP each. Default 127.0.0.1:5514.</summary>
    public IReadOnlyList<SyslogListenerOptions> Syslog { get; init; } = [new()];
    /// <summary>Syslog listeners over TLS. Default 127.0.0.1:6514, once there is a certificate.</summary>
    public IReadOnlyList<SyslogTlsOptions> SyslogTls { get; init; } = [new()];
    /// <summary>RELP listeners. Default none.</summary>
    public IReadOnlyList<RelpOptions> Relp { get; init; } = [];
    /// <summary>Largest request body after decompression, bytes. Default 64 MiB.</summary>
    public int MaxBodyBytes { get; init; } = 64 << 20;
    /// <summary>Longest line or message, bytes. Default 1 MiB.</summary>
    public int MaxLineBytes { get; init; } = 1 << 20;
    /// <summary>How many times larger than its compressed form a body may be, once past 8 MiB. Default 400.</summary>
    public int MaxCompressionRatio { get; init; } = 400;
    /// <summary>Request bodies held in memory at once, bytes. Default 256 MiB.</summary>
    public long MaxBodiesInMemory { get; init; } = 256L << 20;
    /// <summary>What a sender is told to wait when the journal is full, seconds. Default 5.</summary>
    public int RetryAfterSeconds { get; init; } = 5;
    /// <summary>How far the engine may be behind before senders are slowed, seconds of its own speed; 0.1 to 3600. Default 2.</summary>
    public double BacklogSeconds { get; init; } = 2;
    /// <summary>How many times that much UDP may pile up, as it cannot be slowed. What comes beyond is refused and counted. Default 4.</summary>
    public int UdpBurst { get; init; } = 4;
    /// <summary>Disk budget of the journal, bytes. Default 4 GiB.</summary>
    public long JournalBudgetBytes { get; init; } = 4L << 30;

    /// <summary>What tenants may send, by their plan. Default: no bound.</summary>
    public IReadOnlyList<PlanQuota> Plans { get; init; } = [];

    /// <summary>Files and folders the server reads itself. Default: none.</summary>
    public IReadOnlyList<FileSourceOptions> Files { get; init; } = [];
    /// <summary>Longest time between two looks at the files, milliseconds; notices of the kernel make it shorter. Default 1,000.</summary>
    public int FilePollMilliseconds { get; init; } = 1000;
    /// <summary>Files known at once; more are said and counted. Default 10,000.</summary>
    public int MaxFiles { get; init; } = 10_000;
    /// <summary>Files held open at once. Default 256.</summary>
    public int MaxOpenFiles { get; init; } = 256;
    /// <summary>How long a file that was rotated out of sight is still watched for more, seconds. Default 30.</summary>
    public int RotatedFileSeconds { get; init; } = 30;

    /// <summary>Every problem, each with its key path.</summary>
    public IEnumerable<string> Problems()
    {
        if (FilePollMilliseconds is < 10 or > 3_600_000) yield return $"{Section}:FilePollMilliseconds must be 10 to 3600000";
        if (MaxFiles is < 1 or > 1_000_000) yield return $"{Section}:MaxFiles must be 1 to 1000000";
        if (MaxOpenFiles is < 1 or > 100_000) yield return $"{Section}:MaxOpenFiles must be 1 to 100000";
        if (RotatedFileSeconds is < 0 or > 86_400) yield return $"{Section}:RotatedFileSeconds must be 0 to 86400";
        for (var i = 0; i < Files.Count; i++)
        {
            foreach (var problem in Files[i].Problems($"{Section}:Files:{i}")) yield return problem;
            for (var j = 0; j < i; j++)
                if (Files[j].Path == Files[i].Path) yield return $"{Section}:Files:{i}:Path is the same as {Section}:Files:{j}:Path";
        }
        for (var i = 0; i < Plans.Count; i++)
        {
            foreach (var problem in Plans[i].Problems($"{Section}:Plans:{i}")) yield return problem;
            for (var j = 0; j < i; j++)
                if (Plans[j].Plan == Plans[i].Plan) yield return $"{Section}:Plans:{i}:Plan is the same as {Section}:Plans:{j}:Plan";
        }
        if (MaxLineBytes is < 1024 or > 16 << 20) yield return $"{Section}:MaxLineBytes must be 1024 to 16777216";
        if (MaxBodyBytes < MaxLineBytes) yield return $"{Section}:MaxBodyBytes must be at least MaxLineBytes";
        if (MaxCompressionRatio < 10) yield return $"{Section}:MaxCompressionRatio must be at least 10";
        if (MaxBodiesInMemory < MaxBodyBytes) yield return $"{Section}:MaxBodiesInMemory must be at least MaxBodyBytes";
        if (RetryAfterSeconds is < 1 or > 3600) yield return $"{Section}:RetryAfterSeconds must be 1 to 3600";
        if (JournalBudgetBytes < 256L << 20) yield return $"{Section}:JournalBudgetBytes must be at least 268435456";
        if (BacklogSeconds is not (>= 0.1 and <= 3600)) yield return $"{Section}:BacklogSeconds must be 0.1 to 3600";
        if (UdpBurst is < 1 or > 1000) yield return $"{Section}:UdpBurst must be 1 to 1000";
        for (var i = 0; i < Syslog.Count; i++)
        {
            if (!System.Net.IPEndPoint.TryParse(Syslog[i].Listen, out _)) yield return $"{Section}:Syslog:{i}:Listen is not ADDRESS:PORT";
            if (Syslog[i].IdleSeconds < 1) yield return $"{Section}:Syslog:{i}:IdleSeconds must be at least 1";
            if (Syslog[i].MaxConnections < 1) yield return $"{Section}:Syslog:{i}:MaxConnections must be at least 1";
        }
        for (var i = 0; i < SyslogTls.Count; i++)
            foreach (var problem in SyslogTls[i].Problems($"{Section}:SyslogTls:{i}")) yield return problem;
        for (var i = 0; i < Relp.Count; i++)
            foreach (var problem in Relp[i].Problems($"{Section}:Relp:{i}")) yield return problem;
    }

    /// <summary>Key path and address of every TLS and RELP listener that opens with what is on disk now.</summary>
    public IEnumerable<(string Setting, string Listen)> StreamAddresses(string dataDirectory) =>
    [
        .. SyslogTls.Index().Where(l => !l.Item.WaitsForCertificate(dataDirectory)).Select(l => ($"{Section}:SyslogTls:{l.Index}:Listen", l.Item.Listen)),
        .. Relp.Index().Where(l => !l.Item.WaitsForCertificate(dataDirectory)).Select(l => ($"{Section}:Relp:{l.Index}:Listen", l.Item.Listen)),
    ];

    /// <summary>Every listener with TLS.</summary>
    internal IEnumerable<StreamListenerOptions> TlsListeners() => [.. SyslogTls, .. Relp.Where(r => r.Tls is not null)];
}

/// <summary>One syslog address.</summary>
public sealed record SyslogListenerOptions
{
    /// <summary>ADDRESS:PORT for UDP and TCP.</summary>
    public string Listen { get; init; } = "127.0.0.1:5514";
    /// <summary>Tenant (by name) of what comes in without a token. Empty: the only tenant there is, and only on a loopback address.</summary>
    public string Tenant { get; init; } = "";
    /// <summary>Source name of what comes in without a token that names one.</summary>
    public string Source { get; init; } = "syslog";
    public bool Udp { get; init; } = true;
    public bool Tcp { get; init; } = true;
    /// <summary>A TCP connection without a byte for so long is closed, seconds. Default 600.</summary>
    public int IdleSeconds { get; init; } = 600;
    /// <summary>TCP connections at once. Default 1024.</summary>
    public int MaxConnections { get; init; } = 1024;
    /// <summary>Receive buffer asked of the kernel for UDP, bytes. Default 8 MiB.</summary>
    public int UdpReceiveBuffer { get; init; } = 8 << 20;
}
