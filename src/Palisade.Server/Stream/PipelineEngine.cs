using Palisade.Engine;
using Palisade.Engine.Enrich;

namespace Palisade.Server.Streaming;

/// <summary>The engine's pipeline as the stream drives it.</summary>
internal sealed class PipelineEngine(EngineSnapshot snapshot, LiveParsers parsers, IGeoLookup geo) : IStreamEngine
{
    private readonly Pipeline pipeline = new(snapshot, geo);

    public string Version => snapshot.Version;
    public PipelineBatch Batch
    {
        get => pipeline.Batch;
        set => pipeline.Batch = value;
    }

    public void Add(in RecordInfo info, ReadOnlySpan<byte> raw)
    {
        // The parser that the record asks for is of this set or of one before.
        if (parsers.Current is var live && !ReferenceEquals(live, pipeline.Parsers)) pipeline.Parsers = live;
        pipeline.Add(info, raw);
    }

    public void Detect() => pipeline.Detect();
    public void SaveState(Stream to) => pipeline.SaveState(to);
    public void LoadState(Stream from) => pipeline.LoadState(from);
}
