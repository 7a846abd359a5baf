namespace Palisade.Server.Watch;

internal static partial class WatchLog
{
    [LoggerMessage(2801, LogLevel.Information, "Source {Source} of tenant {Tenant}: {Rule} ({Evidence})")]
    public static partial void Raised(ILogger logger, uint tenant, uint source, string rule, string evidence);

    [LoggerMessage(2802, LogLevel.Warning, "Could not look after the sources; the next minute tries again")]
    public static partial void Failed(ILogger logger, Exception error);

    [LoggerMessage(2803, LogLevel.Debug, "The watch over sources ends")]
    public static partial void Stopping(ILogger logger);
}
