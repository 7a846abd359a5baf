using System.Diagnostics;
using ClickHouse.Driver;
using Palisade.Server.Storage;

namespace Palisade.Store.Tests.Storage;

public sealed class ExactlyOnceTests(ITestOutputHelper output)
{
    private const int Rounds = 3, BlocksPerRound = 8, RowsPerBlock = 2000;

    private static async Task<(long Rows, long Distinct)> EventsAsync(TestStore store, uint tenant)
    {
        Bound bound = new("tenant", "UInt32", tenant);
        return (await store.NumberAsync("SELECT count() FROM events WHERE tenant_id = {tenant:UInt32}", bound),
            await store.NumberAsync("SELECT uniqExact(id) FROM events WHERE tenant_id = {tenant:UInt32}", bound));
    }

    private static async Task<(long Rows, long RolledUp)> AttacksAsync(TestStore store, uint tenant)
    {
        Bound bound = new("tenant", "UInt32", tenant);
        return (await store.NumberAsync("SELECT count() FROM findings WHERE tenant_id = {tenant:UInt32} AND level >= 2", bound),
            await store.NumberAsync("SELECT sum(hits) FROM attack_hours WHERE tenant_id = {tenant:UInt32}", bound));
    }

    [Fact]
    public async Task A_token_sent_again_stores_nothing_more_even_after_a_restart()
    {
        await using var store = await TestStore.StartAsync();
        var run = Samples.Run(7, 600);
        var attacks = Samples.Attacks(run).Count;
        for (var i = 0; i < 3; i++)
        {
            await Samples.StoreAsync(store, run, "same");
            Assert.Equal((600, 600), await EventsAsync(store, 7));
            Assert.Equal((attacks, attacks), await AttacksAsync(store, 7));
            if (i == 1) await store.KillAndWaitAsync();
        }
    }

    [Fact]
    public async Task Killed_in_the_middle_of_inserts_and_replayed_every_row_is_there_once()
    {
        await using var store = await TestStore.StartAsync();
        var failures = 0;
        var sent = 0L;
        var attacks = 0L;
        for (var round = 0; round < Rounds; round++)
        {
            var blocks = new List<(NativeBlock Block, string Token)>();
            for (var i = 0; i < BlocksPerRound; i++)
            {
                var run = Samples.Run(9, RowsPerBlock, i);
                foreach (var block in Samples.Blocks(run.Events)) blocks.Add((block, $"r{round}-{i}-{block.Day}"));
                blocks.Add((Samples.Findings(run), $"r{round}-{i}-findings"));
                sent += RowsPerBlock;
                attacks += Samples.Attacks(run).Count;
            }
            var acknowledged = 0;
            var restarts = store.State.Restarts;
            async Task SendAsync(IEnumerable<(NativeBlock Block, string Token)> mine)
            {
                foreach (var (block, token) in mine)
                {
                    for (var stored = false; !stored;)
                    {
                        await store.ReadyAsync();
                        try
                        {
                            var inserting = store.Store.InsertAsync(block, token, CancellationToken.None);
                            if (Interlocked.Increment(ref acknowledged) == BlocksPerRound) store.Kill(); // while inserts are under way
                            await inserting;
                            stored = true;
                        }
                        catch (Exception e) when (e is HttpRequestException or IOException or ClickHouseServerException)
                        {
                            Interlocked.Increment(ref failures);
                            await TestStore.UntilAsync(() => store.State.Restarts > restarts);
                        }
                    }
                }
            }
            await Task.WhenAll(SendAsync(blocks.Where((_, i) => i % 2 == 0)), SendAsync(blocks.Where((_, i) => i % 2 == 1)));
            await TestStore.UntilAsync(() => store.State.Restarts > restarts);
            await store.ReadyAsync();
            foreach (var (block, token) in blocks) await store.Store.InsertAsync(block, token, CancellationToken.None); // the whole range once more
            Assert.Equal((sent, sent), await EventsAsync(store, 9));
            Assert.Equal((attacks, attacks), await AttacksAsync(store, 9));
        }
        output.WriteLine($"{sent} events, {attacks} attacks, {failures} inserts cut off, {store.State.Restarts} restarts");
        Assert.Equal(Rounds, store.State.Restarts);
    }

    [Fact]
    public async Task Large_blocks_are_stored_and_their_speed_is_told()
    {
        const int Rows = 20_000, Sends = 5;
        await using var store = await TestStore.StartAsync();
        EventBlock? block = null;
        for (var done = 0; done < Rows;)
        {
            var run = Samples.Run(3, Math.Min(4000, Rows - done), done);
            block ??= new EventBlock(Samples.Node, Samples.Blocks(run.Events)[0].Day, Samples.Content.Version);
            for (var i = 0; i < run.Events.Count; i++) Assert.True(block.Add(run.Events, i));
            done += run.Events.Count;
        }
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < Sends; i++) await store.Store.InsertAsync(block!, $"large-{i}", CancellationToken.None);
        clock.Stop();
        output.WriteLine($"{Rows * Sends / clock.Elapsed.TotalSeconds:F0} rows/s in blocks of {Rows}, {block!.Encode(new()).Count / Rows} bytes a row on the wire");
        Assert.Equal((Rows * Sends, Rows), await EventsAsync(store, 3));
    }
}
