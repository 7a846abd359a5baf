namespace Palisade.Server.Ingest;

/// <summary>Log messages of reading files: 1060 to 1079.</summary>
internal static partial class FileLog
{
    [LoggerMessage(1060, LogLevel.Information, "Reads files {Pattern} as source {Source}")]
    public static partial void ReadsFiles(this ILogger log, string pattern, string source);

    [LoggerMessage(1061, LogLevel.Warning, "Cannot read {Path}: {Reason}. It is tried again; this is said once")]
    public static partial void CannotRead(this ILogger log, string path, string reason);

    [LoggerMessage(1062, LogLevel.Warning, "{Path} is not read: {Limit} files are known already (Ingest:MaxFiles)")]
    public static partial void TooManyFiles(this ILogger log, string path, int limit);

    [LoggerMessage(1063, LogLevel.Warning, "Files {Pattern} wait: {Reason}")]
    public static partial void FilesWait(this ILogger log, string pattern, string reason);

    [LoggerMessage(1064, LogLevel.Error, "Reading files failed; it goes on")]
    public static partial void ReadingFailed(this ILogger log, Exception error);

    [LoggerMessage(1065, LogLevel.Information, "No notice of changes in {Folder}, it is looked at every {Milliseconds} ms: {Reason}")]
    public static partial void NoNotice(this ILogger log, string folder, int milliseconds, string reason);

    [LoggerMessage(1066, LogLevel.Information, "Files: {Count} known, {Frames} frames of the journal brought their places up to date")]
    public static partial void FilesRecovered(this ILogger log, int count, long frames);
}
