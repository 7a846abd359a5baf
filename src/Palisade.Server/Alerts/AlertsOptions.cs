namespace Palisade.Server.Alerts;

/// <summary>How findings become alerts.</summary>
public sealed record AlertsOptions
{
    public const string Section = "Alerts";

    /// <summary>A quiet time after which the same attack is a new alert, minutes. Default 60.</summary>
    public int GapMinutes { get; init; } = 60;
    /// <summary>Event ids kept with an alert. Default 500.</summary>
    public int EventsKept { get; init; } = 500;

    /// <summary>Every problem, each with its key path.</summary>
    public IEnumerable<string> Problems()
    {
        if (GapMinutes is < 1 or > 10_080) yield return $"{Section}:GapMinutes must be 1 to 10080";
        if (EventsKept is < 10 or > 10_000) yield return $"{Section}:EventsKept must be 10 to 10000";
    }
}
