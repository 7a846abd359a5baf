using Palisade.Server.Storage.Native;

namespace Palisade.Server.Storage;

/// <summary>Writes blocks. The same token twice stores once, roll-ups included.</summary>
public sealed class EventStore(StoreClient store)
{
    /// <summary>The buffer of the last insert, for the next one: blocks are sent one after the other, so one is nearly always enough.</summary>
    private NativeBuffer? spare;

    /// <summary>Stores a block; when it returns, the block is on disk.</summary>
    /// <param name="token">Names the block for ever: (range, day, parser version). A block sent again must be the same block.</param>
    public async Task InsertAsync(NativeBlock block, string token, CancellationToken stop)
    {
        if (block.Rows == 0) return;
        var wire = Interlocked.Exchange(ref spare, null) ?? new NativeBuffer(1 << 20);
        var bytes = block.Encode(wire);
        using var stream = new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false);
        await store.InsertAsync($"INSERT INTO {block.Table} FORMAT Native", stream, new Dictionary<string, object>
        {
            ["insert_deduplication_token"] = token,
            ["deduplicate_blocks_in_dependent_materialized_views"] = 1,
            ["insert_deduplicate"] = 1,
            // one piece of wire is one block, so that one token covers it
            ["max_insert_block_size"] = 4_000_000,
            ["min_insert_block_size_rows"] = 4_000_000,
            ["min_insert_block_size_bytes"] = 1 << 30,
        }, stop);
        // Only after an answer: a request that failed may still be reading it.
        spare = wire;
    }

    /// <summary>
    /// Takes away the unread version of events whose read version is stored. Says nothing twice: where it was done before, nothing is left to do.
    /// </summary>
    public Task RemoveUnreadAsync(uint tenant, UnreadRange range, IReadOnlyList<ulong> ids, CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfZero(tenant);
        return ids.Count == 0 ? Task.CompletedTask : store.ExecuteAsync(
            $$"""DELETE FROM events WHERE tenant_id = {tenant:UInt32} AND {{EventQueries.InDays}} AND source_id = {source:UInt32} AND refusal > 1 AND id IN {ids:Array(UInt64)}""",
            stop, [new("tenant", "UInt32", tenant), new("source", "UInt32", range.Source), .. range.DayBounds, new("ids", "Array(UInt64)", ids.ToArray())]);
    }
}
