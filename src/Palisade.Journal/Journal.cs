namespace Palisade.Journal;

/// <summary>
/// A durable, hash-chained log of records in a folder of segment files, with any number of appenders and one place per
/// named reader. A record is acknowledged once its group of records is on disk; what was acknowledged survives a kill,
/// a power cut and a full disk. Segments go when every cursor has passed them: a journal is transient.
/// </summary>
/// <remarks>
/// Appenders copy frames into a shared buffer under a short lock; one thread adds checksums, writes and fsyncs what came
/// together in a few milliseconds, then wakes the waiters. The next group gathers while one is written.
/// </remarks>
public sealed class Journal : IDisposable
{
    private readonly JournalOptions options;
    private readonly DirectoryLock directoryLock;
    private readonly SegmentWriter writer;
    private readonly GroupCommit commit;
    private readonly Lock gate = new();
    private readonly List<CursorFile> cursors;
    private readonly long refuseAt;
    private Segment[] segments;
    private GroupBuffer gathering;
    private GroupBuffer flushing;
    private TaskCompletionSource? durableChange;
    private ulong nextSequence;
    private ulong durableSequence;
    private ulong firstGathering;
    private long bytesOnDisk;
    private bool closed;
    private bool disposed;
    private volatile JournalFault? fault;

    private Journal(JournalOptions options, TimeProvider time, DirectoryLock directoryLock)
    {
        this.options = options;
        this.directoryLock = directoryLock;
        cursors = CursorFile.LoadAll(options.Directory);
        var opening = JournalOpening.Read(options.Directory, cursors.Count == 0 ? 0 : cursors.Max(static c => c.Committed));
        Repairs = opening.Repairs;
        Damages = opening.Damages;
        segments = [.. opening.Segments];
        durableSequence = opening.LastSequence;
        nextSequence = durableSequence + 1;
        bytesOnDisk = segments.Sum(static s => s.Durable);
        refuseAt = JournalUsage.RefuseAt(options.BudgetBytes);
        gathering = new GroupBuffer(options.BufferBytes);
        flushing = new GroupBuffer(options.BufferBytes);
        writer = new SegmentWriter(options, Math.Min(options.SegmentBytes, options.BudgetBytes / 8), time);
        if (segments.Length > 0) writer.Continue(segments[^1]);
        commit = new GroupCommit(this, writer, options);
    }

    /// <summary>Tails that were cut when the journal was opened.</summary>
    public IReadOnlyList<JournalRepair> Repairs { get; }

    /// <summary>Damage found when the journal was opened (the newest segment only; <see cref="Verify(CancellationToken)"/> reads all).</summary>
    public IReadOnlyList<JournalDamage> Damages { get; }

    /// <summary>Why the disk refuses writes at the moment; null when all is well.</summary>
    public JournalFault? Fault => fault;

    /// <summary>Everything up to here survives a crash.</summary>
    public ulong DurableSequence => Volatile.Read(ref durableSequence);

    /// <summary>Disk use and budget.</summary>
    public JournalUsage Usage
    {
        get
        {
            lock (gate)
            {
                var oldest = segments.Length == 0 ? nextSequence : Math.Min(segments[0].First, nextSequence);
                return new JournalUsage(bytesOnDisk + gathering.Used + flushing.Used - flushing.Done, options.BudgetBytes, oldest, nextSequence, segments.Length);
            }
        }
    }

    /// <summary>Opens or makes a journal; cuts a torn tail (see <see cref="Repairs"/>).</summary>
    /// <exception cref="JournalException">In use, of a newer version, not ours, or bad options.</exception>
    public static Journal Open(JournalOptions options, TimeProvider time)
    {
        var problems = options.Problems().ToList();
        if (problems.Count > 0) throw new JournalException(JournalProblem.BadOptions, string.Join("; ", problems));
        try
        {
            Directory.CreateDirectory(options.Directory);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new JournalException(JournalProblem.NotAccessible, $"{options.Directory} cannot be made by this user. Give the folder above to the user that runs Palisade, or choose another data folder.", error);
        }
        var directoryLock = DirectoryLock.Take(options.Directory);
        try
        {
            var journal = new Journal(options, time, directoryLock);
            journal.commit.Start();
            return journal;
        }
        catch (UnauthorizedAccessException error)
        {
            directoryLock.Dispose();
            throw new JournalException(JournalProblem.NotAccessible, $"{options.Directory} holds files of another user ({error.Message}). Give them to the user that runs Palisade.", error);
        }
        catch
        {
            directoryLock.Dispose();
            throw;
        }
    }

    /// <summary>Takes one record. Never waits for the disk, and allocates nothing.</summary>
    /// <param name="sequence">Its place, rising by one each; 0 when it was not taken.</param>
    public AppendResult Append(in FrameHeader header, ReadOnlySpan<byte> payload, out ulong sequence)
    {
        sequence = 0;
        if (payload.Length > options.MaxPayloadBytes) return AppendResult.TooLarge;
        var length = FrameFormat.HeaderBytes + payload.Length;
        lock (gate)
        {
            if (closed) return AppendResult.Closed;
            if (fault is { } trouble) return trouble.IsNoSpace ? AppendResult.Full : AppendResult.IoError;
            if (bytesOnDisk + gathering.Used + flushing.Used + length > refuseAt) return AppendResult.Full;
            var before = gathering.Used;
            if (!gathering.TryReserve(length, out var room)) return AppendResult.Full;
            sequence = nextSequence++;
            FrameFormat.Write(room, header, sequence, payload);
            if (before == 0 || (before < options.GroupBytes && gathering.Used >= options.GroupBytes)) commit.Wake();
        }
        return AppendResult.Ok;
    }

    /// <summary>Completes when the record is on disk. While the disk refuses writes it waits, as the record is not lost yet.</summary>
    /// <exception cref="JournalException">The journal was closed before the record could be written.</exception>
    public ValueTask WaitDurableAsync(ulong sequence, CancellationToken cancellationToken)
    {
        Task task;
        lock (gate)
        {
            if (sequence <= durableSequence) return ValueTask.CompletedTask;
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(sequence, nextSequence);
            var group = sequence >= firstGathering ? gathering : flushing;
            group.Completion ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            task = group.Completion.Task;
        }
        return new ValueTask(cancellationToken.CanBeCanceled ? task.WaitAsync(cancellationToken) : task);
    }

    /// <summary>A reader at the cursor's place; a new cursor starts at the oldest record kept, and from now on holds what it has not read.</summary>
    public JournalReader OpenReader(string cursor)
    {
        if (!CursorFile.IsName(cursor)) throw new ArgumentException("A cursor's name has 1 to 64 letters, digits, hyphens and underscores.", nameof(cursor));
        lock (gate)
        {
            var file = cursors.Find(c => c.Name == cursor);
            if (file is null)
            {
                file = CursorFile.Create(options.Directory, cursor, segments.Length == 0 ? durableSequence : segments[0].First - 1);
                cursors.Add(file);
            }
            return new JournalReader(this, file);
        }
    }

    /// <summary>A reader from behind a sequence on that holds nothing back: what it has not reached may be deleted. It must not commit.</summary>
    public JournalReader Look(ulong sequence) => new(this, CursorFile.Detached(sequence));

    /// <summary>Forgets a cursor, so that it holds nothing any more.</summary>
    /// <returns>False when there is none of that name.</returns>
    public bool RemoveCursor(string cursor)
    {
        lock (gate)
        {
            var file = cursors.Find(c => c.Name == cursor);
            if (file is null) return false;
            file.Delete();
            cursors.Remove(file);
        }
        ReleaseConsumed();
        return true;
    }

    /// <summary>Reads every durable byte: checksums, order, hash chain. Appends and readers go on meanwhile.</summary>
    public JournalVerification Verify(CancellationToken cancellationToken)
    {
        Segment[] list;
        long[] ends;
        lock (gate)
        {
            list = segments;
            ends = [.. list.Select(static s => s.Durable)];
        }
        return JournalVerifier.Verify([.. list.Select(static s => (s.Path, s.First))], ends, key: null, cancellationToken);
    }

    /// <summary>Reads every byte of a journal folder that nobody has open.</summary>
    /// <param name="key">Judges the signatures; null: they are not looked at.</param>
    public static JournalVerification Verify(string directory, ChainKey? key, CancellationToken cancellationToken)
    {
        var files = Segment.List(directory);
        return JournalVerifier.Verify(files, [.. files.Select(static _ => -1L)], key, cancellationToken);
    }

    /// <summary>Writes what is still in memory, then closes. Later appends are refused.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (disposed) return;
            disposed = true;
            closed = true;
        }
        commit.Dispose();
        writer.Dispose();
        directoryLock.Dispose();
        TaskCompletionSource? change;
        lock (gate)
        {
            change = durableChange;
            durableChange = null;
            Abandon(gathering);
            Abandon(flushing);
        }
        change?.TrySetResult();

        static void Abandon(GroupBuffer group) => group.Completion?.TrySetException(
            new JournalException(JournalProblem.Closed, "The journal was closed before this record could be written; it was not acknowledged."));
    }

    internal bool IsClosed
    {
        get { lock (gate) return closed; }
    }

    /// <summary>Completes at the next advance of the durable end, or when the journal closes.</summary>
    internal Task NextDurableChange()
    {
        lock (gate)
        {
            if (disposed && durableChange is null) return Task.CompletedTask;
            durableChange ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return durableChange.Task;
        }
    }

    /// <summary>Segment that holds or will hold a sequence, or the first one behind it; null when there is none yet.</summary>
    internal Segment? SegmentFor(ulong sequence)
    {
        foreach (var segment in Volatile.Read(ref segments))
        {
            if (!segment.IsSealed || segment.Last >= sequence) return segment;
        }
        return null;
    }

    internal bool HasSegmentAfter(Segment segment) => Volatile.Read(ref segments)[^1].First > segment.First;

    internal bool Keeps(Segment segment) => Volatile.Read(ref segments).Contains(segment);

    /// <summary>Durable bytes of a segment together with the last sequence in them.</summary>
    internal (long Bytes, ulong Last) DurableEnd(Segment segment)
    {
        lock (gate) return (segment.Durable, segment.Last);
    }

    /// <summary>Deletes sealed segments that every cursor has passed.</summary>
    internal void ReleaseConsumed()
    {
        lock (gate)
        {
            if (cursors.Count == 0) return;
            var done = cursors.Min(static c => c.Committed);
            var released = 0;
            while (released < segments.Length - 1 && segments[released].IsSealed && segments[released].Last <= done)
            {
                File.Delete(segments[released].Path);
                File.Delete(Segment.SignatureOf(segments[released].Path));
                bytesOnDisk -= segments[released].Durable;
                released++;
            }
            if (released > 0) Volatile.Write(ref segments, segments[released..]);
        }
    }

    internal bool HasGathered
    {
        get { lock (gate) return !gathering.IsEmpty; }
    }

    /// <summary>Writer: swaps the buffers, so that the next group gathers while this one is written.</summary>
    internal GroupBuffer TakeGroup()
    {
        lock (gate)
        {
            (gathering, flushing) = (flushing, gathering);
            firstGathering = nextSequence;
            return flushing;
        }
    }

    internal bool IsGroupLarge
    {
        get { lock (gate) return gathering.Used >= options.GroupBytes; }
    }

    /// <summary>Writer: a segment was begun; the one before is sealed.</summary>
    internal void SegmentBegun(Segment segment)
    {
        lock (gate)
        {
            if (segments.Length > 0) segments[^1].Seal();
            Volatile.Write(ref segments, [.. segments, segment]);
            bytesOnDisk += segment.Durable;
        }
    }

    /// <summary>Writer: frames up to <paramref name="last"/> are durable.</summary>
    internal void Advanced(GroupBuffer group, Segment segment, int bytes, ulong last)
    {
        TaskCompletionSource? change;
        TaskCompletionSource? completion = null;
        lock (gate)
        {
            segment.Advance(segment.Durable + bytes, last);
            bytesOnDisk += bytes;
            group.Done += bytes;
            Volatile.Write(ref durableSequence, last);
            fault = null;
            change = durableChange;
            durableChange = null;
            if (group.Done == group.Used)
            {
                completion = group.Completion;
                group.Clear();
            }
        }
        completion?.TrySetResult();
        change?.TrySetResult();
    }

    internal void Failed(JournalFault trouble) => fault = trouble;
}
