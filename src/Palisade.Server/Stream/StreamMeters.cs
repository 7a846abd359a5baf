using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Palisade.Server.Streaming;

/// <summary>Metrics and traces of the stream.</summary>
public sealed class StreamMeters
{
    public const string Name = "Palisade.Stream";
    private static readonly ActivitySource Source = new(Name);
    private readonly Counter<long> records, findings, stored, unparsed;
    private readonly Histogram<double> batch, insert;

    public StreamMeters(IMeterFactory factory)
    {
        var meter = factory.Create(Name);
        records = meter.CreateCounter<long>("palisade.stream.records", "{record}", "Records read from the journal");
        unparsed = meter.CreateCounter<long>("palisade.stream.unparsed", "{record}", "Records no parser understood; stored raw");
        findings = meter.CreateCounter<long>("palisade.stream.findings", "{finding}", "Findings of the engine");
        stored = meter.CreateCounter<long>("palisade.stream.stored", "{event}", "Events stored");
        batch = meter.CreateHistogram<double>("palisade.stream.batch.duration", "s", "Parsing and detecting one batch");
        insert = meter.CreateHistogram<double>("palisade.stream.store.duration", "s", "Storing one range");
    }

    internal static Activity? Activity(string name) => Source.StartActivity(name);

    internal void Batch(int count, int refused, int found, TimeSpan took)
    {
        records.Add(count);
        unparsed.Add(refused);
        findings.Add(found);
        batch.Record(took.TotalSeconds);
    }

    internal void BlockStored(int events, TimeSpan took)
    {
        stored.Add(events);
        insert.Record(took.TotalSeconds);
    }
}
