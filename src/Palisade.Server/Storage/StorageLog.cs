namespace Palisade.Server.Storage;

internal static partial class StorageLog
{
    [LoggerMessage(1200, LogLevel.Information, "The embedded event store is starting")]
    public static partial void Starting(this ILogger log);

    [LoggerMessage(1201, LogLevel.Information, "The event store is ready after {Milliseconds} ms")]
    public static partial void Ready(this ILogger log, long milliseconds);

    [LoggerMessage(1202, LogLevel.Error, "The embedded event store ended with code {Code}; it starts again in {Seconds} s. {Said}")]
    public static partial void Ended(this ILogger log, int code, double seconds, string said);

    [LoggerMessage(1203, LogLevel.Error, "The embedded event store did not answer {Failures} health checks in a row; it is killed")]
    public static partial void Unresponsive(this ILogger log, int failures);

    [LoggerMessage(1204, LogLevel.Information, "The embedded event store has stopped")]
    public static partial void Stopped(this ILogger log);

    [LoggerMessage(1205, LogLevel.Warning, "The embedded event store did not stop in {Seconds} s and was killed")]
    public static partial void KilledAtStop(this ILogger log, double seconds);

    [LoggerMessage(1206, LogLevel.Warning, "The event store cannot be reached; the next try is in {Seconds} s. {Reason}")]
    public static partial void Unreachable(this ILogger log, double seconds, string reason);

    [LoggerMessage(1210, LogLevel.Information, "Schema step {Version} of the event store is in place: {Name}")]
    public static partial void Migrated(this ILogger log, int version, string name);

    [LoggerMessage(1211, LogLevel.Information, "The event store's columns follow the field catalogue: {Count} changes")]
    public static partial void ColumnsAdded(this ILogger log, int count);

    [LoggerMessage(1212, LogLevel.Critical, "The event store cannot be used: {Reason}")]
    public static partial void SchemaRefused(this ILogger log, string reason);
}
