namespace Palisade.Server.Ingest;

/// <summary>
/// Says which content each file on the disk is: known, new, renamed, begun anew in its place, or a copy of what is known. One thread.
/// </summary>
/// <remarks>
/// <code>
/// same device, inode, birth           the file, under whatever name
/// … but shorter than read, or begins otherwise      truncated: its content goes on in a copy beside it, the file begins anew
/// not matched any more                renamed away: read to its end through the open handle, or found by its inode
/// new inode, begins as a lost one     its copy or its .gz: goes on where that one ended
/// new inode, begins as one being read the copy that a truncation is about to follow: waits
/// </code>
/// </remarks>
internal sealed class FileTracker(IReadOnlyList<string> patterns, FileTrackerLimits limits, IFileProblems problems, TimeProvider clock)
{
    private static readonly TimeSpan CopyPatience = TimeSpan.FromMinutes(5), Remembered = TimeSpan.FromDays(1), RestPatience = TimeSpan.FromMinutes(10);
    private readonly Dictionary<FileIdentity, TrackedFile> live = [];
    /// <summary>Contents whose file is truncated or gone: what is left of them may stand in a copy or a .gz.</summary>
    private readonly List<TrackedFile> lost = [];
    private readonly List<TrackedFile> dormant = [];
    private readonly Dictionary<FileIdentity, (long Since, long Size, long Ns)> waiting = [];
    private readonly List<(string Pattern, FileGlob Glob)> globs = [.. patterns.Select(p => (p, new FileGlob(p, problems.Failed)))];
    private long pass;

    public ulong NextSession { get; private set; } = 1;
    public IReadOnlyCollection<TrackedFile> Live => live.Values;
    public IEnumerable<TrackedFile> All => live.Values.Concat(lost).Concat(dormant);
    public int Open => live.Values.Count(f => f.Handle is not null || f.Unpacked is not null);
    public IEnumerable<(string Root, bool IsDeep)> Roots => globs.Select(g => (g.Glob.Root, g.Glob.IsDeep)).Distinct();
    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Takes up what was known before a restart.</summary>
    public void Restore(ulong nextSession, IEnumerable<TrackedFile> files)
    {
        NextSession = nextSession;
        foreach (var file in files)
        {
            if (!patterns.Contains(file.Pattern)) dormant.Add(file);
            else if (file.GoneMs > 0 || !live.TryAdd(file.Identity, file)) lost.Add(file);
        }
    }

    /// <summary>Looks at the disk once. True when there is something new, to be written down before it is read.</summary>
    public bool Scan()
    {
        pass++;
        var before = NextSession;
        var candidates = new List<(string Pattern, string Path, FileStat Stat)>();
        foreach (var (pattern, glob) in globs)
        {
            foreach (var path in glob.Find())
            {
                if (Look(path) is not { IsRegular: true } stat) continue;
                if (!live.TryGetValue(stat.Identity, out var file)) candidates.Add((pattern, path, stat));
                else if (file.Seen != pass) Guard(path, () => Sighted(file, path, stat));
            }
        }
        foreach (var file in live.Values.Where(f => f.Seen != pass).ToList()) Guard(file.Path, () => Missing(file));
        foreach (var (pattern, path, stat) in candidates) Guard(path, () => Admit(pattern, path, stat));
        foreach (var file in lost.Where(f => !f.Done && Now - f.GoneMs < RestPatience.TotalMilliseconds).ToList()) Guard(file.Path, () => FindRest(file));
        Forget();
        return NextSession != before;
    }

    private void Guard(string path, Action work)
    {
        try
        {
            work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            problems.Failed(path, e);
        }
    }

    private FileStat? Look(string path)
    {
        try
        {
            return FileStat.Of(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Failed(path, e);
            return null;
        }
    }

    private void Sighted(TrackedFile file, string path, FileStat stat)
    {
        (file.Seen, file.GoneMs, file.Path) = (pass, 0, path);
        if (file.Size == stat.Size && file.ModifiedNs == stat.ModifiedNs) return;
        (file.Size, file.ModifiedNs, file.GrownMs) = (stat.Size, stat.ModifiedNs, Now);
        if (file.IsGzip) return;
        file.Done = false;
        if (!TryOpen(file)) return;
        var head = Head(file, stackalloc byte[TrackedFile.HeadBytes]);
        if (stat.Size < file.Offset || !file.BeginsAs(head)) Truncated(file, stat, head);
        else if (head.Length > file.HeadLength) file.Remember(head);
    }

    private void Truncated(TrackedFile file, FileStat stat, ReadOnlySpan<byte> head)
    {
        var handle = file.Handle;
        file.Handle = null;
        Lose(file);
        New(file.Pattern, file.Path, stat, head).Handle = handle;
        FindRest(file);
    }

    /// <summary>No pattern finds it any more: renamed out of sight, or deleted.</summary>
    private void Missing(TrackedFile file)
    {
        if (file.GoneMs == 0) file.GoneMs = Now;
        if (file.Done) { Lose(file); return; }
        if (file.Handle is null && file.Unpacked is null && !Relocate(file)) { Lose(file); return; }
        if (file.IsGzip)
        {
            if (Look(file.Path) is { } here && here.Identity == file.Identity) (file.Size, file.ModifiedNs) = (here.Size, here.ModifiedNs);
            return;
        }
        if (file.Handle is null) return;
        var stat = FileStat.Of(file.Handle);
        if (stat.Size < file.Offset) { Lose(file); return; }
        if (stat.Size != file.Size) (file.Size, file.GrownMs) = (stat.Size, Now);
    }

    /// <summary>True when nobody has written to a file out of sight for a while: its last line is whole as it stands.</summary>
    public bool IsOver(TrackedFile file) => file.GoneMs > 0 && Now - Math.Max(file.GoneMs, file.GrownMs) > limits.RotatedMs;

    public void Lose(TrackedFile file)
    {
        file.Close();
        live.Remove(file.Identity);
        if (file.GoneMs == 0) file.GoneMs = Now;
        lost.Add(file);
    }

    private bool Relocate(TrackedFile file)
    {
        // A .gz is opened by who reads it: it may be broken still.
        if (Look(file.Path) is { } here && here.Identity == file.Identity) return file.IsGzip || TryOpen(file);
        foreach (var path in Beside(file.Path))
        {
            if (Look(path) is not { IsRegular: true } stat || stat.Identity != file.Identity) continue;
            (file.Path, file.Size) = (path, stat.Size);
            return file.IsGzip || TryOpen(file);
        }
        return false;
    }

    /// <summary>Looks beside a lost content's place for the copy or the .gz that holds the rest of it.</summary>
    private void FindRest(TrackedFile file)
    {
        if (file.HeadLength == 0) return;
        var family = TrackedFile.Family(file.Path);
        foreach (var path in Beside(file.Path))
        {
            if (TrackedFile.Family(path) != family || Look(path) is not { IsRegular: true } stat || live.ContainsKey(stat.Identity)) continue;
            if (HeadOf(path, stat) is { } head && IsRestOf(file, path, stat, head)) { Adopt(file, path, stat); return; }
        }
    }

    private static bool IsRestOf(TrackedFile file, string path, FileStat stat, ReadOnlySpan<byte> head) =>
        file.HeadLength > 0 && file.BeginsAs(head) && (path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) || stat.Size >= file.Offset);

    private void Adopt(TrackedFile file, string path, FileStat stat)
    {
        lost.Remove(file);
        waiting.Remove(stat.Identity);
        file.Close();
        file.Cutter = null;
        (file.Identity, file.Path, file.Size, file.ModifiedNs, file.GrownMs, file.Seen, file.GoneMs, file.Done) = (stat.Identity, path, stat.Size, stat.ModifiedNs, Now, pass, 0, false);
        live[stat.Identity] = file;
    }

    private void Admit(string pattern, string path, FileStat stat)
    {
        if (live.TryGetValue(stat.Identity, out var known)) { known.Seen = pass; return; }
        if (stat.Size == 0) return;
        if (live.Count >= limits.MaxFiles) { problems.TooMany(path, limits.MaxFiles); return; }
        var gzip = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        var before = waiting.GetValueOrDefault(stat.Identity);
        if (gzip && (before.Size, before.Ns) != (stat.Size, stat.ModifiedNs))
        {
            // Perhaps still being written: taken up once it stands still for a pass.
            waiting[stat.Identity] = (Now, stat.Size, stat.ModifiedNs);
            return;
        }
        if (HeadOf(path, stat) is not { Length: > 0 } head) return;
        var family = TrackedFile.Family(path);
        var rest = lost.Where(f => TrackedFile.Family(f.Path) == family && IsRestOf(f, path, stat, head)).MaxBy(f => f.HeadLength);
        if (rest is not null) { Adopt(rest, path, stat); return; }
        if (live.Values.Any(f => f.Identity != stat.Identity && TrackedFile.Family(f.Path) == family && BeginAlike(f, head)))
        {
            if (before.Since == 0) waiting[stat.Identity] = before = (Now, stat.Size, stat.ModifiedNs);
            if (gzip || Now - before.Since < CopyPatience.TotalMilliseconds) return;
        }
        waiting.Remove(stat.Identity);
        New(pattern, path, stat, head);
    }

    private TrackedFile New(string pattern, string path, FileStat stat, ReadOnlySpan<byte> head)
    {
        var file = new TrackedFile(SenderSession.File(NextSession++), pattern)
        {
            Identity = stat.Identity, Path = path, Size = stat.Size, ModifiedNs = stat.ModifiedNs, GrownMs = Now, Seen = pass,
        };
        file.Remember(head);
        return live[stat.Identity] = file;
    }

    private bool BeginAlike(TrackedFile file, ReadOnlySpan<byte> head)
    {
        // What it was known to begin with counts too: it may have been truncated since this pass looked, and this is the copy.
        if (file.HeadLength > 0 && file.BeginsAs(head)) return true;
        if (file.IsGzip || !TryOpen(file)) return false;
        var own = Head(file, stackalloc byte[TrackedFile.HeadBytes]);
        return own.Length > 0 && head.Length > 0 && (own.StartsWith(head) || head.StartsWith(own));
    }

    private static ReadOnlySpan<byte> Head(TrackedFile file, Span<byte> buffer) => buffer[..RandomAccess.Read(file.Handle!, buffer, 0)];

    private static byte[]? HeadOf(string path, FileStat stat)
    {
        if (path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
        {
            using var unpacked = new GzipFile(path);
            return FileStat.Of(unpacked.Handle).Identity == stat.Identity ? unpacked.Head.ToArray() : null;
        }
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (FileStat.Of(handle).Identity != stat.Identity) return null;
        var head = new byte[TrackedFile.HeadBytes];
        return head[..RandomAccess.Read(handle, head, 0)];
    }

    /// <summary>Opens the file if it is not open; false when another one has its name by now.</summary>
    public bool TryOpen(TrackedFile file)
    {
        if (file.Handle is not null || file.Unpacked is not null) return true;
        if (Open >= limits.MaxOpen) live.Values.Where(f => (f.Handle is not null || f.Unpacked is not null) && f.GoneMs == 0).MinBy(f => f.GrownMs)?.Close();
        if (file.IsGzip) file.Unpacked = new GzipFile(file.Path);
        else file.Handle = File.OpenHandle(file.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (FileStat.Of(file.Handle ?? file.Unpacked!.Handle).Identity == file.Identity) return true;
        file.Close();
        return false;
    }

    private IEnumerable<string> Beside(string path)
    {
        try
        {
            return Directory.EnumerateFiles(Path.GetDirectoryName(path)!).Order(StringComparer.Ordinal).ToList();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Failed(path, e);
            return [];
        }
    }

    private void Forget()
    {
        var now = Now;
        lost.RemoveAll(f => now - f.GoneMs > Remembered.TotalMilliseconds);
        if (lost.Count > limits.MaxFiles) lost.RemoveRange(0, lost.Count - limits.MaxFiles);
        if (waiting.Count > limits.MaxFiles) waiting.Clear();
    }
}

/// <param name="MaxFiles">Files known at once.</param>
/// <param name="MaxOpen">Files open at once.</param>
/// <param name="RotatedMs">How long a file out of sight is still watched for more, milliseconds.</param>
internal sealed record FileTrackerLimits(int MaxFiles, int MaxOpen, long RotatedMs);

/// <summary>Told of what cannot be read.</summary>
internal interface IFileProblems
{
    void Failed(string path, Exception error);
    void TooMany(string path, int limit);
}
