namespace Palisade.Server.Ingest;

/// <summary>
/// The kernel's notices that something changed in the folders of files. They only shorten the wait: what is true is found by looking, so
/// that a missed notice or a file system without any costs time, not records.
/// </summary>
internal sealed class FileHints : IDisposable
{
    private const int MaxFolders = 32;
    private readonly List<FileSystemWatcher> watchers = [];
    private readonly int pollMilliseconds;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FileHints(IEnumerable<(string Root, bool IsDeep)> roots, int pollMilliseconds, ILogger log)
    {
        this.pollMilliseconds = pollMilliseconds;
        foreach (var (root, isDeep) in roots.Take(MaxFolders))
        {
            try
            {
                var watcher = new FileSystemWatcher(root) { IncludeSubdirectories = isDeep, NotifyFilter = NotifyFilters.FileName | NotifyFilters.Size | NotifyFilters.LastWrite };
                watcher.Changed += (_, _) => Hint();
                watcher.Created += (_, _) => Hint();
                watcher.Renamed += (_, _) => Hint();
                watcher.Deleted += (_, _) => Hint();
                watcher.Error += (_, e) => log.NoNotice(root, pollMilliseconds, e.GetException().Message);
                watcher.EnableRaisingEvents = true;
                watchers.Add(watcher);
            }
            catch (Exception e) when (e is ArgumentException or IOException or UnauthorizedAccessException)
            {
                log.NoNotice(root, pollMilliseconds, e.Message);
            }
        }
    }

    private void Hint() => Volatile.Read(ref changed).TrySetResult();

    /// <summary>Until something changed since the last wait, or it is time to look anyway.</summary>
    public async Task WaitAsync(TimeProvider clock, CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var pause = Task.Delay(TimeSpan.FromMilliseconds(pollMilliseconds), clock, either.Token);
        await Task.WhenAny(pause, Volatile.Read(ref changed).Task);
        await either.CancelAsync();
        Volatile.Write(ref changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        stop.ThrowIfCancellationRequested();
    }

    public void Dispose() => watchers.ForEach(w => w.Dispose());
}
