using Palisade.Server.Configuration;
using Palisade.Server.Control;
using Palisade.Server.Ingest;
using Palisade.Server.Tests.Control;
using Palisade.Server.Usage;

namespace Palisade.Server.Tests.Ingest;

[Collection(nameof(SqliteControl))]
public sealed class SqliteLossLedgerTests(SqliteControl store) : LossLedgerTests(store);

[Collection(nameof(PostgresControl))]
public sealed class PostgresLossLedgerTests(PostgresControl store) : LossLedgerTests(store);

public abstract class LossLedgerTests(ControlFixture store) : IAsyncLifetime
{
    private const long Minute = 1_790_000_040_000 / 60_000 * 60_000;
    private readonly string directory = Directory.CreateTempSubdirectory("palisade-ledger-").FullName;
    private readonly Meter usage = new();
    private LossLedger ledger = null!;

    private sealed class Meter : IUsageMeter
    {
        public long Events, Bytes;
        public void Add(uint tenant, long events, long bytes) { Events += events; Bytes += bytes; }
        public void UserActive(uint tenant, Guid user) { }
        public Task FlushAsync(CancellationToken stop) => Task.CompletedTask;
    }

    public async ValueTask InitializeAsync()
    {
        var factory = new ControlDbFactory(new ServerOptions { Data = new DataOptions { Directory = directory }, Control = await store.NewStoreAsync() });
        await using var db = factory.ForSystem();
        await db.Database.EnsureCreatedAsync();
        ledger = new LossLedger(factory, usage);
    }

    public ValueTask DisposeAsync()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static LedgerTally Tally(uint tenant, uint source, long stored, long refused, long at = Minute)
    {
        var tally = new LedgerTally();
        var lane = new IngestLane(tenant, source);
        var delta = tally.At(lane, at + 17);
        (delta.Journaled, delta.Stored, delta.Parsed, delta.Bytes) = (stored, stored, stored - 1, stored * 100);
        if (refused == 0) return tally;
        var frame = new byte[RefusalFrame.EntryBytes];
        RefusalFrame.Write(frame, IngestRefusal.LineTooLong, refused);
        tally.Refusals(lane, at + 20, frame);
        return tally;
    }

    [Fact]
    public async Task A_duplicate_is_no_loss_and_a_gap_was_never_received()
    {
        var tally = Tally(5, 8, 90, 0);
        foreach (var (reason, count) in new[] { (IngestRefusal.Duplicate, 10L), (IngestRefusal.Gap, 30L) })
        {
            var frame = new byte[RefusalFrame.EntryBytes];
            RefusalFrame.Write(frame, reason, count);
            tally.Refusals(new IngestLane(5, 8), Minute + 20, frame);
        }
        await ledger.ApplyAsync(1, 10, tally.Deltas, default);
        var totals = await ledger.TotalsAsync(5, 8, default);
        Assert.Equal((100, 90, 10, 30, 120), (totals.Received, totals.Stored, totals.RefusedTotal, totals.Gap, totals.Sent));
        Assert.Equal(75, totals.Completeness);
    }

    [Fact]
    public async Task Received_is_stored_plus_refused()
    {
        await ledger.ApplyAsync(1, 10, Tally(5, 8, 90, 10).Deltas, default);
        await ledger.ApplyAsync(1, 20, Tally(5, 8, 100, 0, Minute + 60_000).Deltas, default);
        var totals = await ledger.TotalsAsync(5, 8, default);
        Assert.Equal((200, 190, 190, 188, 0), (totals.Received, totals.Journaled, totals.Stored, totals.Parsed, totals.InFlight));
        Assert.Equal(new Dictionary<IngestRefusal, long> { [IngestRefusal.LineTooLong] = 10 }, totals.Refused);
        Assert.Equal(totals.Received, totals.Stored + totals.RefusedTotal);
        Assert.Equal(95, totals.Completeness);
        Assert.Equal((190, 19_000), (usage.Events, usage.Bytes));
    }

    [Fact]
    public async Task A_range_counts_once()
    {
        var tally = Tally(5, 8, 90, 10);
        await ledger.ApplyAsync(1, 10, tally.Deltas, default);
        await ledger.ApplyAsync(1, 10, tally.Deltas, default);
        Assert.Equal(100, (await ledger.TotalsAsync(5, 8, default)).Received);
        Assert.Equal(10UL, await ledger.PositionAsync(1, default));
        Assert.Equal(0UL, await ledger.PositionAsync(2, default));
    }

    [Fact]
    public async Task Two_nodes_add_up()
    {
        await ledger.ApplyAsync(1, 10, Tally(5, 8, 90, 10).Deltas, default);
        await ledger.ApplyAsync(2, 10, Tally(5, 8, 90, 10).Deltas, default);
        Assert.Equal(200, (await ledger.TotalsAsync(5, 8, default)).Received);
    }

    [Fact]
    public async Task Minutes_are_listed_and_tenants_do_not_see_each_other()
    {
        await ledger.ApplyAsync(1, 10, Tally(5, 8, 90, 10).Deltas, default);
        await ledger.ApplyAsync(1, 20, Tally(5, 8, 50, 0, Minute + 60_000).Deltas, default);
        await ledger.ApplyAsync(1, 30, Tally(6, 9, 7, 0).Deltas, default);
        var at = DateTimeOffset.FromUnixTimeMilliseconds(Minute);
        var minutes = await ledger.MinutesAsync(5, 8, at, at.AddMinutes(10), default);
        Assert.Equal([(Minute, 100L), (Minute + 60_000, 50L)], minutes.Select(m => (m.MinuteMs, m.Totals.Received)));
        Assert.Equal([8u], (await ledger.TotalsAsync(5, default)).Keys);
        Assert.Equal(LedgerTotals.Empty, await ledger.TotalsAsync(6, 8, default));
        Assert.Equal(100, LedgerTotals.Empty.Completeness);
    }
}
