namespace Palisade.Server.Ingest;

/// <summary>What the tenants of one plan may send, all their sources together.</summary>
public sealed record PlanQuota
{
    /// <summary>Name of the plan. Empty: every plan that is not named.</summary>
    public string Plan { get; init; } = "";
    /// <summary>Records in a second, on the average of ten seconds. Default 0: no bound.</summary>
    public long EventsPerSecond { get; init; }
    /// <summary>Bytes of records in a day (UTC). Default 0: no bound.</summary>
    public long BytesPerDay { get; init; }

    /// <summary>Every problem, each with its key path.</summary>
    public IEnumerable<string> Problems(string path)
    {
        if (EventsPerSecond is < 0 or > QuotaLimits.MaxEvents) yield return $"{path}:EventsPerSecond must be 0 to {QuotaLimits.MaxEvents}";
        if (BytesPerDay is < 0 or > QuotaLimits.MaxBytes) yield return $"{path}:BytesPerDay must be 0 to {QuotaLimits.MaxBytes}";
    }
}

/// <summary>Bounds of a tenant or a source; 0: none.</summary>
public readonly record struct QuotaLimits(long EventsPerSecond, long BytesPerDay)
{
    /// <summary>Greatest bounds that can be set.</summary>
    public const long MaxEvents = 10_000_000, MaxBytes = 1L << 50;

    public static bool AreValid(long? events, long? bytes) => events is null or (>= 0 and <= MaxEvents) && bytes is null or (>= 0 and <= MaxBytes);
}
