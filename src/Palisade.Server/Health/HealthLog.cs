namespace Palisade.Server.Health;

/// <summary>Log messages of health: 2700 to 2799.</summary>
internal static partial class HealthLog
{
    [LoggerMessage(2700, LogLevel.Warning, "Not ready: {Check} failed")]
    public static partial void CheckFailed(this ILogger log, Exception error, string check);
}
