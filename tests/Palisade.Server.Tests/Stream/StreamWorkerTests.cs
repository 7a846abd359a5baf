using Palisade.Engine;
using Palisade.Server.Streaming;

namespace Palisade.Server.Tests.Streaming;

public sealed class StreamWorkerTests
{
    private static string[] Lines(int from, int count, int badEvery = 4) =>
        [.. Enumerable.Range(from, count).Select(i => (i % badEvery == 0 ? "b" : "g") + i % 2 + i)];

    /// <summary>No time passes, and nothing that waits for it comes.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        public override long GetTimestamp() => 1;
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private static HashSet<string> ExpectedAlerts(int lines)
    {
        var alerts = new HashSet<string>();
        var bad = Enumerable.Range(0, lines).Where(i => i % 4 == 0).Select(i => (ulong)i + 1).ToList();
        bad.ForEach(s => alerts.Add($"bad@{s}:"));
        for (var i = 2; i < bad.Count; i += 3) alerts.Add($"three@{bad[i]}:{bad[i - 2]}");
        return alerts;
    }

    private static void AssertWhole(StreamWorld world, int lines)
    {
        Assert.Equal(Enumerable.Range(1, lines).Select(i => (ulong)i), world.Rows.Select(r => r.Sequence).Order());
        Assert.Equal(ExpectedAlerts(lines), world.Alerts);
        Assert.Equal(ExpectedAlerts(lines).Order(), world.FindingInserts.Values.SelectMany(f => f).Order());
        Assert.Equal((lines, lines, lines), (world.Ledger.Received, world.Ledger.Stored, world.Ledger.Parsed));
    }

    [Fact]
    public async Task Everything_is_stored_once_by_day_and_counted()
    {
        await using var world = new StreamWorld();
        await world.RunAsync(await world.AppendAsync(Lines(0, 10_000)));
        AssertWhole(world, 10_000);
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(StreamWorld.Now), world.SeenSources[1]);
        var today = (int)(StreamWorld.Now / 86_400_000);
        Assert.All(world.Rows, row => Assert.Equal((row.Sequence - 1) % 2 == 0 ? today : today - 1, row.Day));
    }

    [Fact]
    public async Task Findings_of_batches_that_wait_in_the_journal_are_written_together()
    {
        // as many as fill a set: the clock, which stands still, ends none
        var batches = new StreamOptions().BlockRows / EventBatch.MaxEvents;
        await using var world = new StreamWorld { Clock = new StoppedClock(), BlockMilliseconds = 10_000, BeginsWithoutSnapshots = true };
        await world.RunAsync(await world.AppendAsync(Lines(0, batches * EventBatch.MaxEvents)));
        AssertWhole(world, batches * EventBatch.MaxEvents);
        Assert.InRange(world.AlertWrites, 1, 2);
    }

    [Theory]
    [InlineData(CrashAt.BeforeInsert), InlineData(CrashAt.AfterInsert), InlineData(CrashAt.BeforeLedger), InlineData(CrashAt.AfterLedger), InlineData(CrashAt.AfterAlerts)]
    internal async Task A_crash_at_any_step_loses_nothing_and_doubles_nothing(CrashAt step)
    {
        await using var world = new StreamWorld();
        ulong last = 0;
        for (var round = 0; round < 6; round++)
        {
            last = await world.AppendAsync(Lines(round * 3000, 3000));
            await world.RunAsync(last, step, round % 3);
        }
        await world.RunAsync(last);
        AssertWhole(world, 18_000);
    }

    [Fact]
    public async Task A_replay_under_a_newer_parser_keeps_the_planned_days()
    {
        await using var world = new StreamWorld();
        var last = await world.AppendAsync(Lines(0, 3000));
        await world.RunAsync(last, CrashAt.AfterInsert);
        await world.RunAsync(last, version: "v2", dayShift: 1);
        Assert.Equal(3000, world.Rows.Select(r => r.Sequence).Distinct().Count());
        Assert.Equal(3000, world.Rows.Count());
        Assert.All(world.Inserts.Keys, token => Assert.EndsWith("-v1", token));
    }

    [Fact]
    public async Task A_state_that_the_program_cannot_read_any_more_stops_nothing_and_loses_no_record()
    {
        await using var world = new StreamWorld { WritesOlderLayout = true };
        await world.RunAsync(await world.AppendAsync(Lines(0, 3000)));
        world.WritesOlderLayout = false;
        var last = await world.AppendAsync(Lines(3000, 3000));
        await world.RunAsync(last);
        Assert.Equal(6000, world.Rows.Select(r => r.Sequence).Distinct().Count());
        Assert.Equal(6000, world.Rows.Count());
    }

    [Fact]
    public async Task A_store_that_is_down_is_waited_for()
    {
        await using var world = new StreamWorld { StoreIsDown = true };
        var last = await world.AppendAsync(Lines(0, 100));
        var run = world.RunAsync(last);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (world.FailedInserts < 2) await timer.WaitForNextTickAsync(patience.Token);
        Assert.Equal(ExpectedAlerts(100), world.Alerts);
        world.StoreIsDown = false;
        await run;
        AssertWhole(world, 100);
    }

    [Fact]
    public async Task Refusals_reach_the_ledger_and_the_identity_holds()
    {
        await using var world = new StreamWorld();
        var last = await world.AppendAsync([.. Lines(0, 50), "!3", .. Lines(50, 50), "!4"]);
        await world.RunAsync(last, CrashAt.AfterLedger);
        await world.RunAsync(last);
        Assert.Equal((107, 100, 7), (world.Ledger.Received, world.Ledger.Stored, world.Ledger.RefusedTotal));
        Assert.Equal(world.Ledger.Received, world.Ledger.Stored + world.Ledger.RefusedTotal);
    }

    [Fact]
    public async Task Refusals_alone_move_the_ledger_without_an_insert()
    {
        await using var world = new StreamWorld();
        await world.RunAsync(await world.AppendAsync("!2"));
        Assert.Empty(world.Inserts);
        Assert.Equal(2, world.Ledger.RefusedTotal);
    }
}
