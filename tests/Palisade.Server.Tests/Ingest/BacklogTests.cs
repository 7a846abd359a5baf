using Palisade.Journal;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class BacklogTests : IDisposable
{
    private const int Line = 744; // with what each record costs: 1,000 bytes
    private readonly string directory = Directory.CreateTempSubdirectory("palisade-backlog-").FullName;
    private readonly Palisade.Journal.Journal journal;
    private readonly HandClock clock = new();
    private readonly Backlog backlog;
    private ulong sequence;

    public BacklogTests()
    {
        journal = Palisade.Journal.Journal.Open(new JournalOptions { Directory = directory }, TimeProvider.System);
        backlog = new Backlog(journal, new IngestOptions { BacklogSeconds = 1 }, clock) { IsOpen = false };
    }

    private readonly Queue<IngestLane> order = new();

    public void Dispose()
    {
        journal.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>Appends while there is room; how many records it could.</summary>
    private int Flood(IngestLane lane, int most = int.MaxValue, int burst = 1)
    {
        var taken = 0;
        for (; taken < most && backlog.HasRoom(lane, burst); taken++)
        {
            backlog.Add(lane, Line);
            order.Enqueue(lane);
        }
        return taken;
    }

    private void Judge(int records)
    {
        for (var i = 0; i < records; i++) backlog.Judged(++sequence, order.Dequeue(), Line);
        backlog.Advance(isBusy: false);
    }

    [Fact]
    public void Nothing_is_held_back_before_the_engine_runs_and_while_the_store_is_away()
    {
        var lane = new IngestLane(1, 1);
        Flood(lane);
        Assert.False(backlog.HasRoom(lane));
        backlog.IsOpen = true;
        Assert.True(backlog.HasRoom(lane));
        Assert.Equal(1000, Flood(lane, most: 1000));
        backlog.IsOpen = false;
        Assert.False(backlog.HasRoom(lane));
    }

    [Fact]
    public void One_source_alone_fills_most_of_the_backlog_and_never_all()
    {
        var bytes = Flood(new IngestLane(1, 1)) * 1000L;
        Assert.InRange(bytes, backlog.Limit / 2, backlog.Limit * 7 / 10);
        Assert.Equal(bytes, backlog.Bytes);
    }

    [Fact]
    public void A_flood_leaves_room_for_another_source_and_more_for_another_tenant()
    {
        Flood(new IngestLane(1, 1));
        var sameTenant = Flood(new IngestLane(1, 2));
        var otherTenant = Flood(new IngestLane(2, 3));
        Assert.True(sameTenant > 200, $"{sameTenant} records");
        Assert.True(otherTenant > sameTenant, $"{otherTenant} records beside {sameTenant}");
        Assert.True(backlog.Bytes <= backlog.Limit);
    }

    [Theory, InlineData(1, 10), InlineData(5, 2)]
    public void Sources_that_flood_together_come_to_the_same_share(int tenants, int sources)
    {
        var lanes = Enumerable.Range(0, tenants * sources).Select(i => new IngestLane((uint)(1 + i / sources), (uint)(1 + i))).ToArray();
        var judgedBefore = lanes.ToDictionary(l => l, _ => 0);
        // The first one floods alone; then all of them whenever there is room, some records at a time, while the engine judges 200 a turn.
        Flood(lanes[0]);
        for (var turn = 0; turn < 400; turn++)
        {
            while (lanes.Sum(lane => Flood(lane, most: 20)) > 0) { }
            if (turn >= 200) foreach (var lane in order.Take(200)) judgedBefore[lane]++;
            Judge(200);
        }
        var mean = judgedBefore.Values.Average();
        Assert.All(judgedBefore.Values, judged => Assert.InRange(judged, mean * 0.8, mean * 1.2));
    }

    [Fact]
    public async Task Those_who_wait_come_in_in_order_as_room_is_made()
    {
        var lane = new IngestLane(1, 1);
        Flood(lane);
        var first = backlog.EnterAsync(lane, Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken).AsTask();
        var second = backlog.EnterAsync(lane, Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken).AsTask();
        Assert.False(first.IsCompleted);
        Judge(1);
        Assert.True(await first);
        Assert.False(second.IsCompleted);
        Judge(200);
        Assert.True(await second);
        Assert.True(await backlog.EnterAsync(lane, TimeSpan.Zero, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Nobody_overtakes_within_a_source_and_other_sources_do_not_wait()
    {
        var lane = new IngestLane(1, 1);
        Flood(lane);
        var waits = backlog.EnterAsync(lane, Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken).AsTask();
        Assert.True(await backlog.EnterAsync(new IngestLane(2, 2), TimeSpan.Zero, TestContext.Current.CancellationToken));
        Assert.False(waits.IsCompleted);
        backlog.IsOpen = true;
        Assert.True(await waits);
    }

    [Fact]
    public async Task Patience_ends()
    {
        var lane = new IngestLane(1, 1);
        Flood(lane);
        var waits = backlog.EnterAsync(lane, TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken).AsTask();
        await clock.AdvanceWhenWaitingAsync(TimeSpan.FromSeconds(31));
        Assert.False(await waits);
        Judge(500);
        Assert.True(await backlog.EnterAsync(lane, TimeSpan.Zero, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void What_a_run_before_left_counts_until_it_is_judged()
    {
        for (var i = 0; i < 30_000; i++) Assert.Equal(AppendResult.Ok, journal.Append(new FrameHeader(1, 1, 1, FrameKind.Record, 0, 0, 0), "line"u8, out _));
        var after = new Backlog(journal, new IngestOptions { BacklogSeconds = 0.1 }, clock) { IsOpen = false };
        after.Begin(behind: 0);
        var lane = new IngestLane(1, 1);
        Assert.False(after.HasRoom(lane));
        for (ulong s = 1; s <= 30_000; s++) after.Judged(s, lane, 4);
        Assert.Equal(0, after.Bytes);
        Assert.True(after.HasRoom(lane));
    }

    [Fact]
    public void The_bound_follows_what_the_engine_can_do()
    {
        var before = backlog.Limit;
        for (var i = 0; i < 40; i++)
        {
            for (var r = 0; r < 10_000; r++) backlog.Judged(++sequence, new IngestLane(1, 1), Line);
            clock.Advance(TimeSpan.FromSeconds(0.6));
            backlog.Advance(isBusy: true);
        }
        Assert.InRange(backlog.Limit, 15_000_000, 18_000_000);
        Assert.NotEqual(before, backlog.Limit);
    }

    [Fact]
    public void What_cannot_wait_may_pile_up_higher()
    {
        var waits = Flood(new IngestLane(1, 1));
        var cannot = waits + Flood(new IngestLane(1, 1), burst: 4);
        Assert.InRange(cannot, waits * 3, waits * 5);
    }
}
