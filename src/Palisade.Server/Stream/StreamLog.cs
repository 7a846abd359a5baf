namespace Palisade.Server.Streaming;

/// <summary>Log messages of the stream: 1100 to 1199.</summary>
internal static partial class StreamLog
{
    [LoggerMessage(1100, LogLevel.Information, "Stream starts: state at {State}, stored to {Stored}, plan to {Planned}")]
    public static partial void StreamStarts(this ILogger log, ulong state, ulong stored, ulong planned);

    [LoggerMessage(1101, LogLevel.Warning, "Could not {What}; trying again in {Milliseconds} ms")]
    public static partial void WillTryAgain(this ILogger log, Exception error, string what, double milliseconds);

    [LoggerMessage(1102, LogLevel.Debug, "Stored journal records {From} to {To}: {Events} events of {Days} days")]
    public static partial void RangeStored(this ILogger log, ulong from, ulong to, int events, int days);

    [LoggerMessage(1103, LogLevel.Warning, "The correlation state cannot be used ({Problem}): correlations start anew at record {Position}")]
    public static partial void StateUnusable(this ILogger log, string problem, ulong position);

    [LoggerMessage(1104, LogLevel.Information, "Stream stopped; stored to {Stored}")]
    public static partial void StreamStopped(this ILogger log, ulong stored);

    [LoggerMessage(1105, LogLevel.Warning, "Repeating the insert of journal records {From} to {To} that was under way when the server ended")]
    public static partial void Repeating(this ILogger log, ulong from, ulong to);

    [LoggerMessage(1106, LogLevel.Critical, "The stream broke at journal record {Sequence}: intake goes on until the journal is full")]
    public static partial void StreamBroke(this ILogger log, Exception error, ulong sequence);

    [LoggerMessage(1107, LogLevel.Warning, "Content left out: {Code} {File}:{Line} {Problem}")]
    public static partial void ContentProblem(this ILogger log, string code, string file, int line, string problem);

    [LoggerMessage(1108, LogLevel.Information, "Content of {Folder} loaded: version {Version}, {Problems} remarks")]
    public static partial void ContentLoaded(this ILogger log, string folder, string version, int problems);
}
