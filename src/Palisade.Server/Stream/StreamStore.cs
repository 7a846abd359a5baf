using Palisade.Engine;
using Palisade.Server.Storage;

namespace Palisade.Server.Streaming;

/// <summary>The event store's blocks as the stream fills them.</summary>
internal sealed class StreamStore(EventStore store, EngineSnapshot snapshot, StorageOptions options, int node) : IStreamStore
{
    public IStreamBlock NewBlock(int day) => new Events(new EventBlock(node, day, snapshot.Version, options.RetentionDays), snapshot);

    public IFindingRows NewFindings() => new Found(new FindingBlock(node, options.RetentionDays));

    public Task InsertAsync(IStreamBlock block, string token, CancellationToken stop) => store.InsertAsync(((Events)block).Native, token, stop);

    public Task InsertAsync(IFindingRows findings, string token, CancellationToken stop) => store.InsertAsync(((Found)findings).Native, token, stop);

    private sealed class Events(EventBlock block, EngineSnapshot snapshot) : IStreamBlock
    {
        public EventBlock Native => block;
        public int Rows => block.Rows;

        public void Add(EventBatch batch, int index)
        {
            var parser = batch.Header(index).Parser;
            if (!block.Add(batch, index, parser < 0 ? "" : snapshot.Parsers.NameOf(parser)))
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
