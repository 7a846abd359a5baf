using System.Threading.Channels;
using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse.Times;

namespace Palisade.Cli.Scan;

/// <summary>A part of a block, judged: as many of its lines as one batch holds.</summary>
/// <param name="First">Line of the block that is event 0 of the batch.</param>
/// <param name="EndsBlock">No further part of this block comes.</param>
internal readonly record struct JudgedPart(LineBlock Block, int First, PipelineBatch Batch, bool EndsBlock);

/// <summary>
/// One of the threads that parse and judge. It gets every n-th block, always the same ones, so that what it remembers
/// of the lines before (which source they were of) does not depend on which thread was faster.
/// </summary>
internal sealed class ScanWorker
{
    private const int Batches = 3;

    private readonly Pipeline pipeline;
    private readonly short parser;
    private readonly ZoneTable? zone;
    // Stamps without a year need a day to be near to; without one they would not be read at all.
    private readonly long receivedMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
    private readonly Channel<LineBlock> blocks = Channel.CreateBounded<LineBlock>(new BoundedChannelOptions(2) { SingleReader = true, SingleWriter = true });
    private readonly Channel<JudgedPart> judged = Channel.CreateUnbounded<JudgedPart>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly Channel<PipelineBatch> free = Channel.CreateUnbounded<PipelineBatch>();

    public ScanWorker(EngineSnapshot engine, IGeoLookup geo, short parser, ZoneTable? zone)
    {
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
                for (var next = 0; next < block.Count;)
                {
                    pipeline.Batch = await free.Reader.ReadAsync(cancel);
                    var first = next;
                    next = Judge(block, first);
                    judged.Writer.TryWrite(new JudgedPart(block, first, pipeline.Batch, next == block.Count));
                }
            judged.Writer.Complete();
        }
        catch (Exception e)
        {
            judged.Writer.Complete(e);
        }
    }

    private int Judge(LineBlock block, int next)
    {
        // The number in the file stands for the journal's sequence: it rises in line order, whichever thread reads.
        for (; next < block.Count && !pipeline.Events.IsFull; next++)
            pipeline.Add(new RecordInfo(block.FirstSequence + (ulong)next, receivedMs, 1, 0, parser, zone), block[next]);
        pipeline.DetectEach();
        return next;
    }
}
