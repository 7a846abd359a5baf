namespace Palisade.Journal;

/// <summary>Why the disk refuses writes, since when the appends are refused too.</summary>
/// <param name="IsNoSpace">Disk, quota or file size used up; else another error of the device.</param>
/// <param name="Message">The system's words.</param>
public sealed record JournalFault(bool IsNoSpace, string Message);

/// <summary>The one thread that writes: gathers a group, writes it, fsyncs, wakes its waiters.</summary>
internal sealed class GroupCommit(Journal journal, SegmentWriter writer, JournalOptions options) : IDisposable
{
    private readonly AutoResetEvent arrived = new(false);
    private Thread? thread;
    private volatile bool stopping;

    public void Start()
    {
        thread = new Thread(Run) { IsBackground = true, Name = "journal" };
        thread.Start();
    }

    public void Wake() => arrived.Set();

    /// <summary>Writes what has gathered, then ends the thread.</summary>
    public void Dispose()
    {
        stopping = true;
        arrived.Set();
        thread?.Join();
        arrived.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            if (!journal.HasGathered)
            {
                if (stopping) return;
                arrived.WaitOne();
                continue;
            }
            Gather();
            if (!Flush(journal.TakeGroup())) return;
        }
    }

    /// <summary>Gives others a moment to join the group.</summary>
    private void Gather()
    {
        arrived.Reset();
        if (stopping || options.GroupMilliseconds == 0 || journal.IsGroupLarge) return;
        arrived.WaitOne(options.GroupMilliseconds);
    }

    /// <summary>False: closed while the disk refused.</summary>
    private bool Flush(GroupBuffer group)
    {
        while (!group.IsEmpty)
        {
            try
            {
                Step(group);
            }
            catch (IOException error)
            {
                if (!Endure(new JournalFault(Posix.IsNoSpace(error), error.Message))) return false;
            }
            catch (UnauthorizedAccessException error)
            {
                if (!Endure(new JournalFault(false, error.Message))) return false;
            }
        }
        return true;
    }

    /// <summary>Waits before the next attempt; false when there will be none.</summary>
    private bool Endure(JournalFault fault)
    {
        journal.Failed(fault);
        if (stopping)
        {
            writer.Trim();
            return false;
        }
        arrived.WaitOne(options.RetryMilliseconds);
        return true;
    }

    /// <summary>Writes as many whole frames as fit into the current segment, and makes them durable.</summary>
    private void Step(GroupBuffer group)
    {
        var rest = group.Undone;
        var firstBytes = FrameFormat.Length(rest);
        if (writer.MustRoll(firstBytes))
        {
            journal.SegmentBegun(writer.Roll(FrameFormat.Sequence(rest)));
        }
        var room = writer.Room;
        var taken = 0;
        var last = 0UL;
        while (taken < rest.Length)
        {
            var length = FrameFormat.Length(rest[taken..]);
            if (taken > 0 && taken + length > room) break;
            var frame = rest.Slice(taken, length);
            FrameFormat.Seal(frame);
            last = FrameFormat.Sequence(frame);
            taken += length;
        }
        writer.Write(rest[..taken]);
        journal.Advanced(group, writer.Current!, taken, last);
    }
}
