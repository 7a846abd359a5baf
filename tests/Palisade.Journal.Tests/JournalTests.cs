namespace Palisade.Journal.Tests;

public sealed class JournalTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_appended_is_read_back_after_a_restart()
    {
        using var scratch = new Scratch();
        using (var journal = scratch.Open())
        {
            Assert.Equal(5000UL, await Scratch.Fill(journal, 1, 5000));
        }
        using var again = scratch.Open();
        Assert.Empty(again.Repairs);
        Assert.Equal(5000UL, again.DurableSequence);
        using var reader = again.OpenReader("engine");
        Assert.Equal(Scratch.Numbers(1, 5000), Scratch.ReadNumbers(reader, 700));
    }

    [Fact]
    public async Task Sequences_go_on_where_they_stopped()
    {
        using var scratch = new Scratch();
        using (var journal = scratch.Open()) await Scratch.Fill(journal, 1, 10);
        using (var journal = scratch.Open()) Assert.Equal(20UL, await Scratch.Fill(journal, 11, 20));
        using var last = scratch.Open();
        using var reader = last.OpenReader("engine");
        Assert.Equal(Scratch.Numbers(1, 20), Scratch.ReadNumbers(reader));
        Assert.True(last.Verify(Cancel).IsWhole);
    }

    [Fact]
    public async Task Many_writers_lose_nothing_and_share_fsyncs()
    {
        using var scratch = new Scratch();
        using var journal = Journal.Open(scratch.Options with { SegmentBytes = 1 << 20 }, TimeProvider.System);
        const int writers = 8, each = 5000;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++)
            {
                var number = (ulong)((w * each) + i);
                Assert.Equal(AppendResult.Ok, journal.Append(Scratch.Header(number), Scratch.Payload(number), out var sequence));
                if (i % 100 == 99)
                {
                    await journal.WaitDurableAsync(sequence, Cancel);
                    Assert.True(journal.DurableSequence >= sequence);
                }
            }
        }, Cancel)));
        await journal.WaitDurableAsync(writers * each, Cancel);
        using var reader = journal.OpenReader("engine");
        var numbers = Scratch.ReadNumbers(reader);
        Assert.Equal(writers * each, numbers.Count);
        Assert.Equal(Scratch.Numbers(0, (writers * each) - 1), numbers.Order());
        for (var w = 0; w < writers; w++)
        {
            var own = numbers.Where(n => n / each == (ulong)w);
            Assert.Equal(own.Order(), own);
        }
        Assert.True(scratch.Segments.Length > 1);
        Assert.True(journal.Verify(Cancel).IsWhole);
    }

    [Fact]
    public async Task Reader_catches_up_while_writers_write_and_wakes_on_durable_records_only()
    {
        using var scratch = new Scratch();
        using var journal = Journal.Open(scratch.Options with { SegmentBytes = 256 << 10 }, TimeProvider.System);
        await Scratch.Fill(journal, 1, 3000);
        using var reader = journal.OpenReader("engine");
        const ulong total = 30_000;
        var writing = Task.Run(async () =>
        {
            for (var n = 3001UL; n <= total; n++)
            {
                Assert.Equal(AppendResult.Ok, journal.Append(Scratch.Header(n), Scratch.Payload(n), out var sequence));
                if (n % 500 == 0) await journal.WaitDurableAsync(sequence, Cancel);
            }
        }, Cancel);
        var expected = 1UL;
        var batch = new JournalBatch();
        while (expected <= total)
        {
            Assert.True(await reader.WaitAsync(Cancel));
            while (reader.Read(batch, 333) > 0)
            {
                for (var i = 0; i < batch.Count; i++)
                {
                    Assert.Equal(expected, batch.Header(i).SenderSequence);
                    Assert.True(batch.Payload(i).SequenceEqual(Scratch.Payload(expected)));
                    Assert.True(batch.Sequence(i) <= journal.DurableSequence);
                    expected++;
                }
                reader.Commit(batch.LastSequence);
            }
        }
        await writing;
        Assert.Equal(0, reader.DamageCount);
    }

    [Fact]
    public async Task Waiting_reader_is_told_when_the_journal_closes()
    {
        using var scratch = new Scratch();
        var journal = scratch.Open();
        using var reader = journal.OpenReader("engine");
        var waiting = reader.WaitAsync(Cancel).AsTask();
        Assert.False(waiting.IsCompleted);
        journal.Dispose();
        Assert.False(await waiting);
    }

    [Fact]
    public async Task Closing_writes_what_was_still_in_memory()
    {
        using var scratch = new Scratch();
        Task acknowledged;
        using (var journal = scratch.Open())
        {
            Assert.Equal(AppendResult.Ok, journal.Append(Scratch.Header(1), Scratch.Payload(1), out var sequence));
            acknowledged = journal.WaitDurableAsync(sequence, Cancel).AsTask();
        }
        await acknowledged;
        using var again = scratch.Open();
        Assert.Equal(1UL, again.DurableSequence);
    }

    [Fact]
    public void Closed_journal_refuses()
    {
        using var scratch = new Scratch();
        var journal = scratch.Open();
        journal.Dispose();
        Assert.Equal(AppendResult.Closed, journal.Append(Scratch.Header(1), "x"u8, out _));
    }

    [Fact]
    public async Task Too_large_is_refused_and_the_largest_allowed_is_not()
    {
        using var scratch = new Scratch();
        using var journal = Journal.Open(scratch.Options with { MaxPayloadBytes = 3 << 20, SegmentBytes = 64 << 10 }, TimeProvider.System);
        var large = new byte[3 << 20];
        large.AsSpan().Fill(0xA5);
        Assert.Equal(AppendResult.TooLarge, journal.Append(Scratch.Header(1), new byte[(3 << 20) + 1], out _));
        Assert.Equal(AppendResult.Ok, journal.Append(Scratch.Header(1), large, out _));
        Assert.Equal(AppendResult.Ok, journal.Append(Scratch.Header(2), [], out var sequence));
        await journal.WaitDurableAsync(sequence, Cancel);
        using var reader = journal.OpenReader("engine");
        var batch = new JournalBatch();
        Assert.Equal(1, reader.Read(batch, 1));
        Assert.True(batch.Payload(0).SequenceEqual(large));
        Assert.Equal(1, reader.Read(batch, 1));
        Assert.Equal(0, batch.Payload(0).Length);
    }

    [Fact]
    public async Task Kinds_of_a_later_version_are_skipped()
    {
        using var scratch = new Scratch();
        using var journal = scratch.Open();
        journal.Append(Scratch.Header(1), Scratch.Payload(1), out _);
        journal.Append(Scratch.Header(2, kind: 200), Scratch.Payload(2), out _);
        await Scratch.Fill(journal, 3, 3);
        using var reader = journal.OpenReader("engine");
        Assert.Equal([1UL, 3UL], Scratch.ReadNumbers(reader));
    }

    [Fact]
    public async Task Waiting_can_be_given_up()
    {
        using var scratch = new Scratch();
        using var journal = scratch.Open();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        journal.Append(Scratch.Header(1), Scratch.Payload(1), out var sequence);
        var wait = journal.WaitDurableAsync(sequence, cancelled.Token);
        if (!wait.IsCompletedSuccessfully) await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wait);
        await journal.WaitDurableAsync(sequence, Cancel);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await journal.WaitDurableAsync(sequence + 1, Cancel));
    }

    [Fact]
    public async Task Append_allocates_nothing_in_steady_state()
    {
        using var scratch = new Scratch();
        using var journal = Journal.Open(scratch.Options with { BudgetBytes = 8L << 30 }, TimeProvider.System);
        var payload = new byte[250];
        var header = Scratch.Header(1);
        for (var i = 0; i < 200_000; i++)
        {
            if (journal.Append(header, payload, out var warm) != AppendResult.Ok || i % 20_000 == 0) await journal.WaitDurableAsync(Math.Max(warm, 1), Cancel);
        }
        await journal.WaitDurableAsync(journal.Usage.NextSequence - 1, Cancel);
        var (taken, bytes) = AppendMany(journal, header, payload, 100_000);
        Assert.Equal(100_000, taken);
        Assert.InRange(bytes, 0, Budget("journal.append.allocated_bytes_per_100000_records"));
    }

    private static long Budget(string key)
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "bench", "budgets.json"))) folder = Path.GetDirectoryName(folder) ?? throw new FileNotFoundException("bench/budgets.json");
        using var budgets = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "bench", "budgets.json")));
        return budgets.RootElement.GetProperty(key).GetInt64();
    }

    private static (int Taken, long Allocated) AppendMany(Journal journal, in FrameHeader header, byte[] payload, int count)
    {
        var taken = 0;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < count; i++)
        {
            if (journal.Append(header, payload, out _) == AppendResult.Ok) taken++;
        }
        return (taken, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
