using System.Diagnostics.Metrics;

namespace Palisade.Server.Ingest;

/// <summary>Metrics of intake.</summary>
public sealed class IngestMeters
{
    public const string Name = "Palisade.Ingest";
    private static readonly string[] Reasons = [.. Enum.GetNames<IngestRefusal>()];
    private readonly Meter meter;
    private readonly Counter<long> records, bytes, refused, pushedBack, converted;
    private readonly UpDownCounter<int> connections;

    public IngestMeters(IMeterFactory factory)
    {
        meter = factory.Create(Name);
        records = meter.CreateCounter<long>("palisade.ingest.records", "{record}", "Records appended to the journal");
        bytes = meter.CreateCounter<long>("palisade.ingest.bytes", "By", "Bytes of records appended to the journal");
        refused = meter.CreateCounter<long>("palisade.ingest.refused", "{record}", "Records turned away, by reason");
        pushedBack = meter.CreateCounter<long>("palisade.ingest.pushed_back", "{request}", "Requests told to come back because the engine is behind");
        converted = meter.CreateCounter<long>("palisade.ingest.converted", "{record}", "Records that came in GBK or UTF-16 and were turned to UTF-8");
        connections = meter.CreateUpDownCounter<int>("palisade.ingest.connections", "{connection}", "Open connections of syslog and RELP");
    }

    internal void Accepted(int length) { records.Add(1); bytes.Add(length); }

    internal void Refused(IngestRefusal reason, long count) =>
        refused.Add(count, new KeyValuePair<string, object?>("reason", Reasons[(int)reason]));

    internal void Converted() => converted.Add(1);

    internal void PushedBack() => pushedBack.Add(1);

    /// <summary>From now on how long each certificate is still valid.</summary>
    internal void Certificates(IReadOnlyList<TlsServer> servers, TimeProvider clock) => meter.CreateObservableGauge(
        "palisade.ingest.certificate.remaining",
        () => servers.Select(s => new Measurement<double>((s.Ends - clock.GetUtcNow()).TotalSeconds, new KeyValuePair<string, object?>("file", s.CertificateFile))),
        "s", "Time until a listener's certificate ends; negative when it has ended");

    internal void Connections(int change) => connections.Add(change);
}
