using Palisade.Engine.Correlate;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Enrich;
using Palisade.Engine.Incidents;
using Palisade.Engine.Incidents.Anomalies;
using Palisade.Engine.Incidents.Habits;
using Palisade.Engine.Incidents.Proof;
using Palisade.Engine.Normalise;
using Palisade.Engine.Parse;
using Palisade.Engine.Rules.Policy;

namespace Palisade.Engine;

/// <summary>
/// The product in one page: Parse ► Normalise ► Enrich for each record, Detect ► Correlate ► Incidents over the batch. One instance a thread.
/// The same records in the same order from the same state give the same events and findings.
/// </summary>
public sealed class Pipeline
{
    private readonly EngineSnapshot snapshot;
    private readonly Parser parser;
    private readonly Normaliser normaliser = new();
    private readonly GeoEnricher enricher;
    private readonly SigmaDetector sigma;
    private readonly Correlator correlator;
    private readonly IncidentTracker incidents;
    private readonly HostProof proof;
    private readonly SiteHabits habits;
    private readonly AnomalyDetector anomalies;

    public Pipeline(EngineSnapshot snapshot, IGeoLookup geo)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        this.snapshot = snapshot;
        parser = new Parser(snapshot.Parsers);
        enricher = new GeoEnricher(geo);
        sigma = new SigmaDetector(snapshot.Rules);
        correlator = new Correlator(snapshot.Rules);
        incidents = new IncidentTracker(snapshot.Incidents) { Policy = Policy };
        proof = new HostProof(snapshot.Incidents, incidents, Policy);
        habits = new SiteHabits(snapshot.Incidents, incidents, proof, Policy);
        anomalies = new AnomalyDetector(snapshot.Incidents, incidents, Policy);
    }

    /// <summary>What the stages run by.</summary>
    public EngineSnapshot Snapshot => snapshot;

    /// <summary>Sources in force: those of the snapshot, and what tenants have of their own. Swapped whole, between two records.</summary>
    public ParserSet Parsers
    {
        get => parser.Set;
        set => parser.Use(value);
    }

    /// <summary>The batch worked on. May be exchanged for another one: batches judged on several threads can so be correlated on one, in order.</summary>
    public PipelineBatch Batch { get; set; } = new();

    /// <summary>Events of the batch: at most <see cref="EventBatch.MaxEvents"/>.</summary>
    public EventBatch Events => Batch.Events;

    /// <summary>Findings of the batch, after <see cref="Detect"/>.</summary>
    public FindingList Findings => Batch.Findings;

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
        DetectEach();
        Correlate();
    }

    /// <summary>Runs the detectors, which look at one event at a time: the order of batches does not matter to them.</summary>
    public void DetectEach()
    {
        snapshot.Web.Detect(Events, Findings);
        sigma.Detect(Events, Findings);
        Policy.AfterDetect(Events, Findings, snapshot.Rules);
    }

    /// <summary>Runs the correlations over a batch that <see cref="DetectEach"/> has seen; batches must come in order.</summary>
    public void Correlate()
    {
        incidents.ClearChanged();
        correlator.Process(Events, Findings);
        Policy.AfterCorrelate(Events, Findings);
        var first = Findings.Count;
        habits.Observe(Events, Findings);
        Policy.Mark(Events, Findings, first);
        anomalies.Observe(Events, Findings);
    }

    /// <summary>What tenants changed about the rules.</summary>
    public PolicyStage Policy { get; } = new();

    /// <summary>Stories that findings make together.</summary>
    public IncidentTracker Incidents => incidents;

    /// <summary>What is usual at sites, and what people said of their pages.</summary>
    public SiteHabits Habits => habits;

    /// <summary>Empties the batch; the state of correlations and incidents stays.</summary>
    public void Clear() => Batch.Clear();

    /// <summary>Writes the state of correlations, incidents, habits and anomalies.</summary>
    public void SaveState(Stream to)
    {
        correlator.Save(to);
        incidents.Save(to);
        habits.Save(to);
        anomalies.Save(to);
        proof.Save(to);
    }

    /// <summary>Writes which columns the logs at hand have, as their header lines said.</summary>
    public void SaveHeaders(BinaryWriter to) => parser.SaveHeaders(to);

    /// <summary>Takes up what <see cref="SaveHeaders"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes are nothing of ours.</exception>
    public void LoadHeaders(BinaryReader from) => parser.LoadHeaders(from);

    /// <summary>Takes up the state as <see cref="SaveState"/> wrote it.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such state.</exception>
    public void LoadState(Stream from)
    {
        var rules = new Dictionary<string, RuleInfo>(StringComparer.Ordinal);
        foreach (var rule in snapshot.Rules.Rules.Concat(snapshot.Web.Rules).Concat(snapshot.Incidents.Rules)) rules.TryAdd(rule.Id, rule);
        correlator.Load(from);
        incidents.Load(from, rules.GetValueOrDefault);
        habits.Load(from, rules.GetValueOrDefault);
        anomalies.Load(from);
        proof.Load(from, rules.GetValueOrDefault);
    }
}

/// <summary>Events and what was found in them. Reused.</summary>
public sealed class PipelineBatch
{
    public EventBatch Events { get; } = new();
    public FindingList Findings { get; } = new();

    public void Clear()
    {
        Events.Clear();
        Findings.Clear();
    }
}
