using Palisade.Server.Alerts;
using Palisade.Server.Control;
using Palisade.Server.Health;
using Palisade.Server.Identity;
using Palisade.Server.Ingest;
using Palisade.Server.Sources;
using Palisade.Server.Storage;
using Palisade.Server.Streaming;
using Palisade.Server.Watch;

namespace Palisade.Server.Configuration;

/// <summary>
/// The whole configuration: one tree, bound once at start. A slice adds its section here and its checks to
/// <see cref="Problems"/>; there is no other place that reads configuration.
/// </summary>
public sealed record ServerOptions
{
    public DataOptions Data { get; init; } = new();
    public HttpOptions Http { get; init; } = new();
    public ControlOptions Control { get; init; } = new();
    public SignInOptions Identity { get; init; } = new();
    public SourcesOptions Sources { get; init; } = new();
    public IngestOptions Ingest { get; init; } = new();
    public StreamOptions Stream { get; init; } = new();
    public StorageOptions Storage { get; init; } = new();
    public AlertsOptions Alerts { get; init; } = new();
    public WatchOptions Watch { get; init; } = new();
    public HealthOptions Health { get; init; } = new();
    public LoggingOptions Logging { get; init; } = new();

    /// <summary>Every problem of every section, each with its key path.</summary>
    public IEnumerable<string> Problems() =>
    [
        .. Data.Problems(),
        .. Http.Problems(),
        .. Control.Problems(),
        .. Identity.Problems(),
        .. Sources.Problems(),
        .. Ingest.Problems(),
        .. Stream.Problems(),
        .. Storage.Problems(),
        .. Alerts.Problems(),
        .. Watch.Problems(),
        .. Health.Problems(),
    ];
}

/// <summary>Our own log.</summary>
public sealed record LoggingOptions
{
    /// <summary>Least level that is written: Trace, Debug, Information, Warning, Error. Default Information.</summary>
    public LogLevel Level { get; init; } = LogLevel.Information;
    /// <summary>Least level of what the framework writes. Default Warning.</summary>
    public LogLevel Framework { get; init; } = LogLevel.Warning;
    /// <summary>Text (a line to read) or Json (an object a line: time, level, event id, category, message and its values). Default Text.</summary>
    public LogFormat Format { get; init; } = LogFormat.Text;
}

public enum LogFormat { Text, Json }
