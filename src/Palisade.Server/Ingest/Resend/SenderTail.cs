namespace Palisade.Server.Ingest;

/// <summary>The last records of one sender's session, in order: what it may send again when the connection breaks.</summary>
public sealed class SenderTail(ulong session)
{
    /// <summary>Records remembered. Senders keep fewer unacknowledged (rsyslog: 128).</summary>
    public const int Capacity = 1024;
    private readonly List<UInt128> ring = [];
    private int first;

    public ulong Session => session;
    /// <summary>Place of the next record.</summary>
    public SenderMark Next => new(session, Total + 1);
    /// <summary>Records that went into the journal under this session.</summary>
    public ulong Total { get; private set; }
    /// <summary>Records remembered now.</summary>
    public int Count => ring.Count;
    /// <summary>Of the last ones: those whose answer was never begun, so that they must be among what is sent again.</summary>
    public int Unanswered { get; set; }
    /// <summary>When the session was left; a time stamp of the clock.</summary>
    public long LeftAt { get; set; }

    /// <summary>The record at a place, 0 being the oldest remembered.</summary>
    public UInt128 this[int index] => ring[(first + index) % ring.Count];

    /// <summary>A session found in the journal, of whose records the first are not read again.</summary>
    public static SenderTail From(ulong session, ulong before) => new(session) { Total = before };

    /// <summary>One record more.</summary>
    /// <param name="journalled">False for one that was answered and not kept (refused for good): the sender may repeat it all the same.</param>
    public void Add(UInt128 digest, bool journalled = true)
    {
        if (journalled) Total++;
        Unanswered = Math.Min(Unanswered + 1, Capacity);
        if (ring.Count < Capacity) { ring.Add(digest); return; }
        ring[first] = digest;
        first = (first + 1) % Capacity;
    }
}
