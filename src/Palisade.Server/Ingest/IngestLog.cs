using System.Net;

namespace Palisade.Server.Ingest;

/// <summary>Log messages of intake: 1000 to 1099.</summary>
internal static partial class IngestLog
{
    [LoggerMessage(1000, LogLevel.Information, "Intake listens on {Endpoint} ({Transport})")]
    public static partial void SyslogListens(this ILogger log, EndPoint endpoint, string transport);

    [LoggerMessage(1001, LogLevel.Critical, "Intake cannot listen on {Endpoint} ({Transport}): {Reason}")]
    public static partial void SyslogCannotListen(this ILogger log, string endpoint, string transport, string reason);

    [LoggerMessage(1002, LogLevel.Information, "Connection from {Peer} closed: {Reason}")]
    public static partial void ConnectionClosed(this ILogger log, EndPoint? peer, string reason);

    [LoggerMessage(1003, LogLevel.Warning, "Connection from {Peer} refused: {Limit} are open already")]
    public static partial void TooManyConnections(this ILogger log, EndPoint? peer, int limit);

    [LoggerMessage(1004, LogLevel.Warning, "The journal is full: TCP and RELP wait, UDP is counted as refused")]
    public static partial void JournalFull(this ILogger log);

    [LoggerMessage(1005, LogLevel.Information, "The journal has room again")]
    public static partial void JournalHasRoom(this ILogger log);

    [LoggerMessage(1006, LogLevel.Error, "Syslog receive on {Endpoint} failed; it goes on")]
    public static partial void ReceiveFailed(this ILogger log, Exception error, EndPoint endpoint);

    [LoggerMessage(1007, LogLevel.Error, "Connection from {Peer} broke")]
    public static partial void ConnectionBroke(this ILogger log, Exception error, EndPoint? peer);

    [LoggerMessage(1008, LogLevel.Information, "Journal in {Directory}: {Bytes} bytes of {Budget}; next record is {Sequence}")]
    public static partial void JournalOpened(this ILogger log, string directory, long bytes, long budget, ulong sequence);

    [LoggerMessage(1009, LogLevel.Warning, "The kernel gives UDP syslog a buffer of {Given} bytes, not {Asked}: raise net.core.rmem_max to lose less under bursts")]
    public static partial void SmallReceiveBuffer(this ILogger log, int given, int asked);

    [LoggerMessage(1010, LogLevel.Information, "Certificate {File} read; it ends {Ends}")]
    public static partial void CertificateLoaded(this ILogger log, string file, DateTimeOffset ends);

    [LoggerMessage(1011, LogLevel.Error, "The changed certificate cannot be used, the one before goes on: {Reason}")]
    public static partial void CertificateUnusable(this ILogger log, string reason);

    [LoggerMessage(1012, LogLevel.Warning, "TLS connection from {Peer} refused: {Reason}")]
    public static partial void HandshakeRefused(this ILogger log, EndPoint? peer, string reason);

    [LoggerMessage(1013, LogLevel.Information, "Syslog over TLS is off: there is no {File}. To try it: palisade admin certificate create --name HOST")]
    public static partial void NoCertificate(this ILogger log, string file);

    [LoggerMessage(1014, LogLevel.Information, "RELP session from {Peer} began with {Count} records that are stored already")]
    public static partial void ResendKnown(this ILogger log, EndPoint? peer, int count);

    [LoggerMessage(1015, LogLevel.Information, "Resends are known of {Sessions} sessions and {Bodies} requests at the journal's end")]
    public static partial void ResendsRecovered(this ILogger log, int sessions, int bodies);

    [LoggerMessage(1016, LogLevel.Warning, "The clean stop could not be noted: {Reason}")]
    public static partial void StopNotNoted(this ILogger log, string reason);

    [LoggerMessage(1017, LogLevel.Warning, "The kernel does not say how many UDP messages it drops, so they are not counted: {Reason}")]
    public static partial void DropsUnseen(this ILogger log, string reason);

    [LoggerMessage(1018, LogLevel.Warning, "The quota of tenant {Tenant} and source {Source} could not be read; what is known of it holds")]
    public static partial void QuotaUnread(this ILogger log, Exception error, uint tenant, uint source);
}
