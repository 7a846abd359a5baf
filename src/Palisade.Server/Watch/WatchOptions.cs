namespace Palisade.Server.Watch;

/// <summary>When a log source that behaves unlike itself raises an alert.</summary>
public sealed record WatchOptions
{
    public const string Section = "Watch";

    /// <summary>Watch over sources at all. Default true.</summary>
    public bool Enabled { get; init; } = true;
    /// <summary>A source that is silent for less than this raises nothing, minutes. Default 15.</summary>
    public int SilentMinutes { get; init; } = 15;
    /// <summary>An hour with so many times more or fewer records than the same hour of other weeks. Default 5.</summary>
    public double RateFactor { get; init; } = 5;
    /// <summary>Fewer records an hour than this, now and usually, are no rate to judge. Default 600.</summary>
    public long RateMinimum { get; init; } = 600;
    /// <summary>Least completeness of an hour, per cent of what was sent. Default 99.</summary>
    public double MinCompleteness { get; init; } = 99;
    /// <summary>An hour with fewer records than this has no completeness to judge. Default 100.</summary>
    public long LossMinimum { get; init; } = 100;

    /// <summary>Every problem, each with its key path.</summary>
    public IEnumerable<string> Problems()
    {
        if (SilentMinutes is < 2 or > 10_080) yield return $"{Section}:SilentMinutes must be 2 to 10080";
        if (RateFactor is not (>= 1.5 and <= 1000)) yield return $"{Section}:RateFactor must be 1.5 to 1000";
        if (RateMinimum is < 1 or > 1_000_000_000) yield return $"{Section}:RateMinimum must be 1 to 1000000000";
        if (MinCompleteness is not (>= 0 and <= 100)) yield return $"{Section}:MinCompleteness must be 0 to 100";
        if (LossMinimum is < 1 or > 1_000_000_000) yield return $"{Section}:LossMinimum must be 1 to 1000000000";
    }
}
