namespace Palisade.Journal;

/// <summary>What became of an append. Persisted in ledgers: only grows.</summary>
public enum AppendResult : byte
{
    /// <summary>Taken; durable once <see cref="Journal.WaitDurableAsync"/> of its sequence completes.</summary>
    Ok = 0,
    /// <summary>Budget, memory or disk is used up. Nothing was taken; try again later.</summary>
    Full = 1,
    /// <summary>Larger than <see cref="JournalOptions.MaxPayloadBytes"/>.</summary>
    TooLarge = 2,
    /// <summary>The journal is closed.</summary>
    Closed = 3,
    /// <summary>The disk refuses writes for another reason than space; see <see cref="Journal.Fault"/>.</summary>
    IoError = 4,
}

/// <summary>How near the journal is to its budget.</summary>
public enum JournalPressure : byte
{
    Normal = 0,
    /// <summary>80 % of the budget is used.</summary>
    Warning = 1,
    /// <summary>95 % of the budget is used: appends are refused.</summary>
    Full = 2,
}

/// <summary>Disk use.</summary>
/// <param name="Bytes">On disk and on the way to it.</param>
/// <param name="BudgetBytes">Allowed.</param>
/// <param name="OldestSequence">First record still kept; equal to <paramref name="NextSequence"/> when there is none.</param>
/// <param name="NextSequence">Sequence of the next append.</param>
/// <param name="Segments">Files.</param>
public readonly record struct JournalUsage(long Bytes, long BudgetBytes, ulong OldestSequence, ulong NextSequence, int Segments)
{
    public double FillRatio => (double)Bytes / BudgetBytes;
    public JournalPressure Pressure =>
        Bytes >= RefuseAt(BudgetBytes) ? JournalPressure.Full : Bytes >= WarnAt(BudgetBytes) ? JournalPressure.Warning : JournalPressure.Normal;

    internal static long WarnAt(long budget) => budget / 100 * 80;
    internal static long RefuseAt(long budget) => budget / 100 * 95;
}

/// <summary>A tail that a crash left half written and that was cut when the journal was opened. Nothing in it was acknowledged.</summary>
/// <param name="File">Segment.</param>
/// <param name="Offset">Where the cut was made.</param>
/// <param name="Bytes">What was cut off.</param>
public sealed record JournalRepair(string File, long Offset, long Bytes)
{
    public override string ToString() => $"{File}: cut {Bytes} bytes of an unfinished write at offset {Offset}";
}

/// <summary>What is wrong with a segment. Only grows.</summary>
public enum DamageKind : byte
{
    /// <summary>The file ends in the middle of a frame.</summary>
    TornTail = 1,
    /// <summary>A frame's checksum or layout is wrong.</summary>
    BadFrame = 2,
    /// <summary>The segment's header cannot be read.</summary>
    BadHeader = 3,
    /// <summary>The segment before is not the one this segment was chained to.</summary>
    BrokenChain = 4,
    /// <summary>Records between two segments or frames are missing.</summary>
    MissingRecords = 5,
    /// <summary>Written by a newer version.</summary>
    NewerFormat = 6,
    /// <summary>The segment's signature is missing or another one's.</summary>
    NotSigned = 7,
}

/// <summary>One damaged place.</summary>
/// <param name="File">Segment.</param>
/// <param name="Offset">First damaged byte.</param>
/// <param name="Bytes">How many bytes cannot be read; 0 where that is not the point.</param>
/// <param name="Detail">In words.</param>
public sealed record JournalDamage(DamageKind Kind, string File, long Offset, long Bytes, string Detail)
{
    public override string ToString() => $"{File}: {Kind} at offset {Offset}, {Bytes} bytes: {Detail}";
}

/// <summary>Outcome of reading every byte of a journal.</summary>
public sealed record JournalVerification(int Segments, long Frames, long Bytes, IReadOnlyList<JournalDamage> Damages)
{
    /// <summary>The newest segment that is written to its end, and the SHA-256 of its content: who keeps it elsewhere can prove later that nothing up to there was changed. Null while there is one segment only.</summary>
    public JournalHead? Head { get; init; }

    /// <summary>Segments whose signature was judged and is right; all but the newest are signed.</summary>
    public int Signed { get; init; }

    public bool IsWhole => Damages.Count == 0;
}

/// <summary>The end of the hash chain.</summary>
/// <param name="File">Segment.</param>
/// <param name="LastSequence">Last record that the chain vouches for.</param>
/// <param name="Sha256">Of the segment's whole content, which holds that of the segment before it; 64 hexadecimal digits.</param>
public sealed record JournalHead(string File, ulong LastSequence, string Sha256);

/// <summary>Why a journal cannot be used.</summary>
public enum JournalProblem : byte
{
    InUse = 1,
    NewerFormat = 2,
    NotAccessible = 3,
    BadOptions = 4,
    /// <summary>Closed before the record could be written.</summary>
    Closed = 5,
    BadCursor = 6,
    BadKey = 7,
}

/// <summary>A journal that cannot be opened or that was closed under a waiter. The message says what to do.</summary>
public sealed class JournalException : IOException
{
    public JournalException(JournalProblem problem, string message, Exception? inner = null) : base(message, inner) => Problem = problem;
    public JournalException() : this(JournalProblem.Closed, "The journal is closed.") { }
    public JournalException(string message) : this(JournalProblem.Closed, message) { }
    public JournalException(string message, Exception inner) : this(JournalProblem.Closed, message, inner) { }

    public JournalProblem Problem { get; }
}
