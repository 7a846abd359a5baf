using System.Diagnostics.Metrics;

namespace Palisade.Server.Ingest;

/// <summary>Says what cannot be read, once for each path and reason, and counts every time.</summary>
internal sealed class FileProblems : IFileProblems
{
    private const int MaxSaid = 10_000;
    private readonly ILogger log;
    private readonly Counter<long> errors;
    private readonly Dictionary<string, string> said = new(StringComparer.Ordinal);

    public FileProblems(IMeterFactory factory, ILogger log)
    {
        this.log = log;
        errors = factory.Create(IngestMeters.Name).CreateCounter<long>("palisade.ingest.file_errors", "{error}", "Files and folders that could not be read, by reason");
    }

    public void Failed(string path, Exception error)
    {
        Count(error switch { UnauthorizedAccessException => "permission", InvalidDataException => "gzip", _ => "io" });
        if (IsNew(path, error.Message)) log.CannotRead(path, error.Message);
    }

    public void TooMany(string path, int limit)
    {
        Count("too_many");
        if (IsNew("", "too many")) log.TooManyFiles(path, limit);
    }

    public void Waits(string pattern, string reason)
    {
        if (IsNew(pattern, reason)) log.FilesWait(pattern, reason);
    }

    private void Count(string reason) => errors.Add(1, new KeyValuePair<string, object?>("reason", reason));

    private bool IsNew(string path, string reason)
    {
        if (said.TryGetValue(path, out var before) && before == reason) return false;
        if (said.Count >= MaxSaid) said.Clear();
        said[path] = reason;
        return true;
    }
}
