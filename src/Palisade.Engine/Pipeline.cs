using Palisade.Engine.Correlate;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Enrich;
using Palisade.Engine.Normalise;
using Palisade.Engine.Parse;

namespace Palisade.Engine;

/// <summary>
/// The product in one page: Parse ► Normalise ► Enrich for each record, Detect ► Correlate over the batch. One instance a thread.
/// The same records in the same order from the same state give the same events and findings.
/// </summary>
public sealed class Pipeline(EngineSnapshot snapshot, IGeoLookup geo)
{
    private readonly Parser parser = new(snapshot.Parsers);
    private readonly Normaliser normaliser = new();
    private readonly GeoEnricher enricher = new(geo);
    private readonly SigmaDetector sigma = new(snapshot.Rules);
    private readonly Correlator correlator = new(snapshot.Rules);

    /// <summary>What the stages run by.</summary>
    public EngineSnapshot Snapshot => snapshot;

    /// <summary>Events of the batch: at most <see cref="EventBatch.MaxEvents"/>.</summary>
    public EventBatch Events { get; } = new();

    /// <summary>Findings of the batch, after <see cref="Detect"/>.</summary>
    public FindingList Findings { get; } = new();

    /// <summary>Reads one record to one event. The batch must not be full.</summary>
    public void Add(in RecordInfo info, ReadOnlySpan<byte> raw)
    {
        parser.Parse(info, raw, Events);
        normaliser.Normalise(Events);
        enricher.Enrich(Events);
    }

    /// <summary>Runs the detectors and the correlations over the batch.</summary>
    public void Detect()
    {
        snapshot.Web.Detect(Events, Findings);
        sigma.Detect(Events, Findings);
        correlator.Process(Events, Findings);
    }

    /// <summary>Empties the batch; the state of the correlations stays.</summary>
    public void Clear()
    {
        Events.Clear();
        Findings.Clear();
    }

    /// <summary>Writes the correlations' state.</summary>
    public void SaveState(Stream to) => correlator.Save(to);

    /// <summary>Takes up the correlations' state as <see cref="SaveState"/> wrote it.</summary>
    public void LoadState(Stream from) => correlator.Load(from);
}
