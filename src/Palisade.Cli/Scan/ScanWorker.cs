using System.Threading.Channels;
using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse.Times;

namespace Palisade.Cli.Scan;

/// <summary>A part of a block, judged: as many of its lines as one batch holds.</summary>
/// <param name="EndsBlock">No further part of this block comes.</param>
internal readonly record struct JudgedPart(LineBlock Block, PipelineBatch Batch, bool EndsBlock);

/// <summary>
/// One of the threads that parse and judge. It gets every n-th block, always the same ones, so that what it remembers
/// of the lines before (which source they were of) does not depend on which thread was faster.
/// </summary>
internal sealed class ScanWorker
{
    /// <summary>Whose the lines are: a scan knows one.</summary>
    public const uint Tenant = 1;

    private const int Batches = 3;

    private readonly Pipeline pipeline;
    private readonly StreamJoins joins = new(atFirst: true);
    private readonly short parser;
    private readonly ZoneTable? zone;
    private readonly long receivedMs;
    private readonly Channel<LineBlock> blocks = Channel.CreateBounded<LineBlock>(new BoundedChannelOptions(2) { SingleReader = true, SingleWriter = true });
    private readonly Channel<JudgedPart> judged = Channel.CreateUnbounded<JudgedPart>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly Channel<PipelineBatch> free = Channel.CreateUnbounded<PipelineBatch>();

    /// <param name="receivedMs">Stamps without a year need a day to be near to; without one they would not be read at all.</param>
    public ScanWorker(EngineSnapshot engine, IGeoLookup geo, short parser, ZoneTable? zone, long receivedMs)
    {
        this.receivedMs = receivedMs;
        pipeline = new Pipeline(engine, geo);
        this.parser = parser;
        this.zone = zone;
        for (var i = 0; i < Batches; i++) free.Writer.TryWrite(new PipelineBatch());
    }

    /// <summary>Blocks to judge.</summary>
    public ChannelWriter<LineBlock> Blocks => blocks.Writer;

    /// <summary>Parts judged, in the order of the lines.</summary>
    public ChannelReader<JudgedPart> Judged => judged.Reader;

    /// <summary>Gives a batch back once its findings are used.</summary>
    public void Return(PipelineBatch batch)
    {
        batch.Clear();
        free.Writer.TryWrite(batch);
    }

    /// <summary>Judges until the blocks end; a fault reaches whoever reads <see cref="Judged"/>.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            await foreach (var block in blocks.Reader.ReadAllAsync(cancel))
                for (var next = 0; next <= block.Count;)
                {
                    pipeline.Batch = await free.Reader.ReadAsync(cancel);
                    next = Judge(block, next);
                    judged.Writer.TryWrite(new JudgedPart(block, pipeline.Batch, next > block.Count));
                }
            judged.Writer.Complete();
        }
        catch (Exception e)
        {
            judged.Writer.Complete(e);
        }
    }

    /// <summary>Joins and judges lines from one on until the batch is full; returns the next, which behind the last of the block ends what still waits.</summary>
    private int Judge(LineBlock block, int next)
    {
        // The number in the file stands for the journal's sequence: it rises in line order, whichever thread reads.
        // An element of a document ends what waits and is a record by itself: two events.
        for (; next < block.Count && pipeline.Events.Count < EventBatch.MaxEvents - 1; next++)
        {
            var info = Info(block, next);
            if (!block.IsElement(next)) { joins.Add(pipeline, info, 0, block[next]); continue; }
            joins.End(pipeline, info, 0);
            pipeline.Add(info, block[next]);
        }
        if (next == block.Count && !pipeline.Events.IsFull) joins.End(pipeline, Info(block, next++), 0);
        pipeline.DetectEach();
        return next;
    }

    private RecordInfo Info(LineBlock block, int line) => new(block.FirstSequence + (ulong)line, receivedMs, Tenant, (uint)block.File + 1, parser, zone);
}
