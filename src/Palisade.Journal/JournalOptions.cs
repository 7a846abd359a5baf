namespace Palisade.Journal;

/// <summary>How a journal is kept. Sizes in bytes.</summary>
public sealed record JournalOptions
{
    /// <summary>Folder of the journal; made when missing. One process at a time.</summary>
    public required string Directory { get; init; }

    /// <summary>Private key that signs what is written to its end (see <see cref="ChainKey"/>); made when missing. Null: nothing is signed.</summary>
    public string? KeyFile { get; init; }

    /// <summary>This node's number, 0 to 1023; written into every segment.</summary>
    public int Node { get; init; }

    /// <summary>Size at which a segment is sealed. Default 64 MiB; never more than an eighth of the budget.</summary>
    public long SegmentBytes { get; init; } = 64L << 20;

    /// <summary>Disk the journal may use. Default 4 GiB. At 80 % it warns, at 95 % it refuses.</summary>
    public long BudgetBytes { get; init; } = 4L << 30;

    /// <summary>Largest payload of one record. Default 4 MiB.</summary>
    public int MaxPayloadBytes { get; init; } = 4 << 20;

    /// <summary>Memory for records that wait for the disk, twice. Default 32 MiB. When it is full, so is the journal.</summary>
    public int BufferBytes { get; init; } = 32 << 20;

    /// <summary>A group that has grown to this is written without waiting longer. Default 512 KiB.</summary>
    public int GroupBytes { get; init; } = 512 << 10;

    /// <summary>Longest time a group waits for company, milliseconds, 0 to 5. Default 2.</summary>
    public int GroupMilliseconds { get; init; } = 2;

    /// <summary>Time between attempts while the disk refuses writes, milliseconds. Default 200.</summary>
    public int RetryMilliseconds { get; init; } = 200;

    /// <summary>Every problem, each with its key.</summary>
    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(Directory)) yield return "Journal:Directory must be set";
        if (Node is < 0 or > 1023) yield return "Journal:Node must be 0 to 1023";
        if (SegmentBytes < 4096) yield return "Journal:SegmentBytes must be at least 4096";
        if (BudgetBytes < 32768) yield return "Journal:BudgetBytes must be at least 32768";
        if (MaxPayloadBytes is < 1 or > 256 << 20) yield return "Journal:MaxPayloadBytes must be 1 to 268435456";
        if (BufferBytes < MaxPayloadBytes + FrameFormat.HeaderBytes) yield return "Journal:BufferBytes must hold the largest record";
        if (GroupBytes < 1) yield return "Journal:GroupBytes must be at least 1";
        if (GroupMilliseconds is < 0 or > 5) yield return "Journal:GroupMilliseconds must be 0 to 5";
        if (RetryMilliseconds is < 1 or > 60_000) yield return "Journal:RetryMilliseconds must be 1 to 60000";
    }
}
