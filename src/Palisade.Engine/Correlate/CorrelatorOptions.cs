namespace Palisade.Engine.Correlate;

/// <summary>Bounds of correlation state.</summary>
public sealed record CorrelatorOptions
{
    /// <summary>How far behind the newest event of its group an event may come and still be counted where it belongs; milliseconds.</summary>
    public long LatenessMs { get; init; } = 10 * 60_000;

    /// <summary>Groups one correlation may hold for one tenant; further ones are turned away and counted.</summary>
    public int MaxGroups { get; init; } = 100_000;

    /// <summary>Events one group may hold; the oldest go first and are counted.</summary>
    public int MaxEventsPerGroup { get; init; } = 10_000;
}
