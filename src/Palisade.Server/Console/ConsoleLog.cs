namespace Palisade.Server.Console;

internal static partial class ConsoleLog
{
    [LoggerMessage(2600, LogLevel.Error, "The page {Page} could not read its data")]
    public static partial void PageFailed(ILogger log, string page, Exception problem);

    [LoggerMessage(2601, LogLevel.Warning, "The browser could not draw a chart of kind {Kind}")]
    public static partial void ChartFailed(ILogger log, string kind, Exception problem);
}
