namespace Palisade.Engine.Correlate;

/// <summary>Bounds of correlation state.</summary>
public sealed record CorrelatorOptions
{
    /// <summary>How far behind the newest event of its group an event may come and still be counted where it belongs; milliseconds.</summary>
    public long LatenessMs { get; init; } = 10 * 60_000;

    /// <summary>How far the clock of a source is taken to lie behind its newest event before a window is closed; milliseconds.</summary>
    public long CloseDelayMs { get; init; } = 2 * 60_000;

    /// <summary>A source that has sent nothing for so long, by receipt, holds no window open any more; milliseconds.</summary>
    public long IdleSourceMs { get; init; } = 10 * 60_000;

    /// <summary>Groups one correlation may hold for one tenant; for further ones groups go that have come less than half of their way, else they are turned away and counted.</summary>
    public int MaxGroups { get; init; } = 100_000;

    /// <summary>Events one group may hold; the oldest go first and are counted.</summary>
    public int MaxEventsPerGroup { get; init; } = 10_000;
}
