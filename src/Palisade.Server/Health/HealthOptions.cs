namespace Palisade.Server.Health;

/// <summary>How others see whether we are well.</summary>
public sealed record HealthOptions
{
    public const string Section = "Health";

    /// <summary>ADDRESS:PORT of a listener for /metrics alone, without a token. Empty (default): /metrics is on the main address and needs the token.</summary>
    public string MetricsListen { get; init; } = "";
    /// <summary>Bearer token for /metrics on the main address. Empty (default): not served there.</summary>
    public string MetricsToken { get; init; } = "";
    /// <summary>OTLP endpoint for traces and metrics, http://host:4317. Empty (default): none are sent.</summary>
    public string OtlpEndpoint { get; init; } = "";
    /// <summary>Records waiting for the event store above which we are not ready. Default 5,000,000.</summary>
    public long MaxLag { get; init; } = 5_000_000;

    /// <summary>Every problem, each with its key path.</summary>
    public IEnumerable<string> Problems()
    {
        if (MetricsListen.Length > 0 && !System.Net.IPEndPoint.TryParse(MetricsListen, out _)) yield return $"{Section}:MetricsListen is not ADDRESS:PORT";
        if (MetricsToken.Length is > 0 and < 16) yield return $"{Section}:MetricsToken must have at least 16 characters";
        if (OtlpEndpoint.Length > 0 && !Uri.TryCreate(OtlpEndpoint, UriKind.Absolute, out _)) yield return $"{Section}:OtlpEndpoint is not a URL";
        if (MaxLag < 1) yield return $"{Section}:MaxLag must be at least 1";
    }
}
