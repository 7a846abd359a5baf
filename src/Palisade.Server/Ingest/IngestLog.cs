using System.Net;

namespace Palisade.Server.Ingest;

/// <summary>Log messages of intake: 1000 to 1099.</summary>
internal static partial class IngestLog
{
    [LoggerMessage(1000, LogLevel.Information, "Syslog listens on {Endpoint} ({Transport})")]
    public static partial void SyslogListens(this ILogger log, EndPoint endpoint, string transport);

    [LoggerMessage(1001, LogLevel.Critical, "Syslog cannot listen on {Endpoint} ({Transport}): {Reason}")]
    public static partial void SyslogCannotListen(this ILogger log, string endpoint, string transport, string reason);

    [LoggerMessage(1002, LogLevel.Information, "Syslog connection from {Peer} closed: {Reason}")]
    public static partial void ConnectionClosed(this ILogger log, EndPoint? peer, string reason);

    [LoggerMessage(1003, LogLevel.Warning, "Syslog connection from {Peer} refused: {Limit} are open already")]
    public static partial void TooManyConnections(this ILogger log, EndPoint? peer, int limit);

    [LoggerMessage(1004, LogLevel.Warning, "The journal is full: syslog over TCP waits, UDP is counted as refused")]
    public static partial void JournalFull(this ILogger log);

    [LoggerMessage(1005, LogLevel.Information, "The journal has room again")]
    public static partial void JournalHasRoom(this ILogger log);

    [LoggerMessage(1006, LogLevel.Error, "Syslog receive on {Endpoint} failed; it goes on")]
    public static partial void ReceiveFailed(this ILogger log, Exception error, EndPoint endpoint);

    [LoggerMessage(1007, LogLevel.Error, "Syslog connection from {Peer} broke")]
    public static partial void ConnectionBroke(this ILogger log, Exception error, EndPoint? peer);

    [LoggerMessage(1008, LogLevel.Information, "Journal in {Directory}: {Bytes} bytes of {Budget}; next record is {Sequence}")]
    public static partial void JournalOpened(this ILogger log, string directory, long bytes, long budget, ulong sequence);

    [LoggerMessage(1009, LogLevel.Warning, "The kernel gives UDP syslog a buffer of {Given} bytes, not {Asked}: raise net.core.rmem_max to lose less under bursts")]
    public static partial void SmallReceiveBuffer(this ILogger log, int given, int asked);
}
