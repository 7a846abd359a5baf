using Palisade.Engine;
using Palisade.Server.Storage;

namespace Palisade.Server.Streaming;

/// <summary>The event store's blocks as the stream fills them. Blocks come back after their insert, so that a steady stream allocates none.</summary>
internal sealed class StreamStore(EventStore store, EngineSnapshot snapshot, LiveParsers parsers, StorageOptions options, int node) : IStreamStore
{
    /// <summary>One is filled, one waits, one is sent, and a day may begin in each.</summary>
    private const int Kept = 4;
    /// <summary>A block that has held more is let go: an odd load must not cost memory for ever.</summary>
    private const long KeptBytes = 24 << 20;
    private readonly Stack<Events> blocks = new();
    private readonly Stack<Found> findings = new();

    public IStreamBlock NewBlock(int day)
    {
        Events? block;
        lock (blocks) blocks.TryPop(out block);
        if (block is null) return new Events(new EventBlock(node, day, snapshot.Version, options.RetentionDays), parsers);
        block.Native.Clear(day);
        return block;
    }

    public IFindingRows NewFindings()
    {
        Found? rows;
        lock (findings) findings.TryPop(out rows);
        return rows ?? new Found(new FindingBlock(node, options.RetentionDays));
    }

    public void Return(IStreamBlock block)
    {
        var events = (Events)block;
        if (events.Native.Bytes > KeptBytes) return;
        lock (blocks)
            if (blocks.Count < Kept) blocks.Push(events);
    }

    public void Return(IFindingRows rows)
    {
        var found = (Found)rows;
        if (found.Rows > EventBatch.MaxEvents * 16) return;
        found.Native.Clear();
        lock (findings)
            if (findings.Count < Kept) findings.Push(found);
    }

    public Task InsertAsync(IStreamBlock block, string token, CancellationToken stop) => store.InsertAsync(((Events)block).Native, token, stop);

    public Task InsertAsync(IFindingRows findings, string token, CancellationToken stop) => store.InsertAsync(((Found)findings).Native, token, stop);

    private sealed class Events(EventBlock block, LiveParsers parsers) : IStreamBlock
    {
        public EventBlock Native => block;
        public int Rows => block.Rows;

        public void Add(EventBatch batch, int index)
        {
            var parser = batch.Header(index).Parser;
            if (!block.Add(batch, index, parser < 0 ? "" : parsers.Current.NameOf(parser)))
                throw new InvalidOperationException("A block set is bounded to less than what a block of the store holds.");
        }
    }

    private sealed class Found(FindingBlock block) : IFindingRows
    {
        public FindingBlock Native => block;
        public int Rows => block.Rows;
        public void Add(EventBatch batch, in Finding finding) => block.Add(batch, finding);
    }
}
