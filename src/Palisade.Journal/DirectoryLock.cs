namespace Palisade.Journal;

/// <summary>One process per journal folder. The kernel lets go of the lock when the process ends, however it ends.</summary>
internal sealed class DirectoryLock : IDisposable
{
    private const string LockName = "journal.lock", HolderName = "journal.pid";
    private readonly FileStream stream;

    private DirectoryLock(FileStream stream) => this.stream = stream;

    /// <exception cref="JournalException">Another process has it, or the folder is not ours.</exception>
    public static DirectoryLock Take(string directory)
    {
        var path = Path.Combine(directory, LockName);
        FileStream stream;
        try
        {
            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new JournalException(JournalProblem.NotAccessible, $"{directory} cannot be written by this user. Give it to the user that runs Palisade, or choose another data folder.", error);
        }
        catch (IOException error)
        {
            throw new JournalException(JournalProblem.InUse, $"{directory} is in use by another process{Holder(Path.Combine(directory, HolderName))}. Stop it first, or choose another data folder.", error);
        }
        // Beside the lock, as the locked file itself cannot be read by others.
        File.WriteAllText(Path.Combine(directory, HolderName), $"{Environment.ProcessId}\n");
        return new DirectoryLock(stream);
    }

    public void Dispose() => stream.Dispose();

    private static string Holder(string path)
    {
        try
        {
            var text = File.ReadAllText(path).Trim();
            return text.Length == 0 ? "" : $" (pid {text})";
        }
        catch (IOException)
        {
            // The message is only less precise without it.
            return "";
        }
    }
}
