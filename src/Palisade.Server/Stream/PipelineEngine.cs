using System.Text;
using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Engine.Incidents;

namespace Palisade.Server.Streaming;

/// <summary>The engine's pipeline as the stream drives it.</summary>
internal sealed class PipelineEngine(EngineSnapshot snapshot, LiveParsers parsers, LiveRules rules, LiveBusiness business, IGeoLookup geo) : IStreamEngine
{
    private Pipeline pipeline = new(snapshot, geo);

    public string Version => snapshot.Version;
    public PipelineBatch Batch
    {
        get => pipeline.Batch;
        set => pipeline.Batch = value;
    }

    public IReadOnlyList<Incident> Changed => pipeline.Incidents.Changed;

    public bool IsOwing => business.IsDue;

    public void Rest()
    {
        if (business.IsDue) business.Look(pipeline.Habits);
    }

    private readonly StreamJoins joins = new();

    public IEnumerable<WaitingRecord> Waiting => joins.Waiting;

    public void Add(in RecordInfo info, ReadOnlySpan<byte> raw)
    {
        Follow();
        pipeline.Add(info, raw);
    }

    public void Detect()
    {
        // Between two batches: a batch is judged by one state of the rules.
        pipeline.Policy.Policies = rules.Current;
        pipeline.Habits.Choices = business.Choices;
        pipeline.Detect();
        business.Look(pipeline.Habits);
    }

    /// <summary>State of own rules in front, then that of the pipeline, which reads to the end.</summary>
    public void SaveState(Stream to)
    {
        pipeline.Policy.Save(to);
        pipeline.SaveState(to);
    }

    public void LoadState(Stream from)
    {
        try
        {
            pipeline.Policy.Policies = rules.Current;
            pipeline.Habits.Choices = business.Choices;
            var start = from.Position;
            // A snapshot of a version before there were own rules begins with the pipeline's.
            if (!pipeline.Policy.TryLoad(from)) from.Position = start;
            pipeline.LoadState(from);
        }
        catch (InvalidDataException)
        {
            // What was taken up before the damage must not stay.
            pipeline = new Pipeline(snapshot, geo) { Batch = pipeline.Batch };
            throw;
        }
    }

    public void AddLine(in RecordInfo info, ulong session, ReadOnlySpan<byte> line)
    {
        Follow();
        joins.Add(pipeline, info, session, line);
    }

    public void EndRecord(in RecordInfo info, ulong session)
    {
        Follow();
        joins.End(pipeline, info, session);
    }

    /// <summary>The parser that a record asks for is of this set or of one before.</summary>
    private void Follow()
    {
        if (parsers.Current is var live && !ReferenceEquals(live, pipeline.Parsers)) pipeline.Parsers = live;
    }

    /// <summary>What the lines so far leave behind: records that wait for more, then the columns that header lines named.</summary>
    public void SaveLines(Stream to)
    {
        joins.Save(to, pipeline.Parsers);
        using var writer = new BinaryWriter(to, Encoding.UTF8, leaveOpen: true);
        pipeline.SaveHeaders(writer);
    }

    public void LoadLines(ReadOnlySpan<byte> from)
    {
        Follow();
        // A snapshot of a version before columns were kept ends with the lines.
        if (joins.Load(from, parsers.Current) is not (> 0 and var left)) return;
        using var reader = new BinaryReader(new MemoryStream(from[^left..].ToArray()), Encoding.UTF8);
        pipeline.LoadHeaders(reader);
    }
}
