using System.Diagnostics;

namespace Palisade.Journal.Tests;

public sealed class FullDiskTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Budget_warns_then_refuses_and_recovers_when_readers_move_on()
    {
        using var scratch = new Scratch();
        using var journal = Journal.Open(scratch.Options with { BudgetBytes = 1 << 20, SegmentBytes = 64 << 20 }, TimeProvider.System);
        using var reader = journal.OpenReader("engine");
        var payload = new byte[1000];
        var sawWarning = false;
        var count = 0;
        ulong last = 0;
        while (journal.Append(Scratch.Header(1), payload, out var sequence) == AppendResult.Ok)
        {
            last = sequence;
            count++;
            sawWarning |= journal.Usage.Pressure == JournalPressure.Warning;
        }
        Assert.True(sawWarning);
        Assert.InRange(journal.Usage.FillRatio, 0.94, 0.95);
        await journal.WaitDurableAsync(last, Cancel);
        var batch = new JournalBatch();
        while (reader.Read(batch, 1000) > 0) reader.Commit(batch.LastSequence);
        Assert.InRange(journal.Usage.FillRatio, 0, 0.15);
        Assert.Equal(AppendResult.Ok, journal.Append(Scratch.Header(1), payload, out _));
        Assert.InRange(count, 900, 1000);
    }

    [Fact]
    public async Task Memory_for_waiting_records_is_bounded()
    {
        using var scratch = new Scratch();
        using var journal = Journal.Open(scratch.Options with { BufferBytes = 1 << 20, MaxPayloadBytes = 512 << 10, GroupMilliseconds = 5, GroupBytes = int.MaxValue }, TimeProvider.System);
        var payload = new byte[400 << 10];
        var results = Enumerable.Range(0, 20).Select(_ => journal.Append(Scratch.Header(1), payload, out var _)).ToList();
        Assert.Contains(AppendResult.Full, results);
        Assert.Equal(AppendResult.Ok, results[0]);
        await journal.WaitDurableAsync(journal.Usage.NextSequence - 1, Cancel);
        Assert.Equal(AppendResult.Ok, journal.Append(Scratch.Header(1), payload, out _));
    }

    [Fact]
    public async Task Full_disk_refuses_loses_nothing_and_recovers()
    {
        using var disk = new SmallDisk(3 << 20);
        using var scratch = new Scratch(Path.Combine(disk.Path, "journal"));
        var acknowledged = 0UL;
        var taken = 0UL;
        using (var journal = Journal.Open(scratch.Options with { SegmentBytes = 512 << 10 }, TimeProvider.System))
        {
            using var reader = journal.OpenReader("engine");
            var number = 1UL;
            while (journal.Fault is null)
            {
                if (journal.Append(Scratch.Header(number), Scratch.Payload(number), out var sequence) == AppendResult.Ok) { taken = sequence; number++; }
                acknowledged = journal.DurableSequence;
            }
            Assert.True(journal.Fault!.IsNoSpace, journal.Fault.Message);
            Assert.Equal(AppendResult.Full, journal.Append(Scratch.Header(number), Scratch.Payload(number), out _));
            Assert.InRange(acknowledged, 1UL, taken - 1);
            var waiting = journal.WaitDurableAsync(taken, Cancel).AsTask();
            Assert.False(waiting.IsCompleted);

            disk.Resize(16 << 20);
            await waiting;
            Assert.Null(journal.Fault);
            await Scratch.Fill(journal, number, number + 50);
            Assert.Equal(Scratch.Numbers(1, number + 50), Scratch.ReadNumbers(reader));
            Assert.True(journal.Verify(Cancel).IsWhole);
            taken = number + 50;
        }
        using var again = scratch.Open();
        Assert.Empty(again.Repairs);
        Assert.Equal(taken, again.DurableSequence);
    }

    [Fact]
    public async Task Closing_on_a_full_disk_keeps_what_was_acknowledged_and_tells_the_others()
    {
        using var disk = new SmallDisk(2 << 20);
        using var scratch = new Scratch(Path.Combine(disk.Path, "journal"));
        ulong taken = 0, acknowledged;
        Task waiting;
        using (var journal = scratch.Open())
        {
            while (journal.Fault is null)
            {
                if (journal.Append(Scratch.Header(taken + 1), Scratch.Payload(taken + 1), out var sequence) == AppendResult.Ok) taken = sequence;
            }
            acknowledged = journal.DurableSequence;
            waiting = journal.WaitDurableAsync(taken, Cancel).AsTask();
        }
        Assert.Equal(JournalProblem.Closed, (await Assert.ThrowsAsync<JournalException>(() => waiting)).Problem);
        disk.Resize(16 << 20);
        using var again = scratch.Open();
        Assert.Equal(acknowledged, again.DurableSequence);
        using var reader = again.OpenReader("engine");
        Assert.Equal(Scratch.Numbers(1, acknowledged), Scratch.ReadNumbers(reader));
    }

    /// <summary>A tmpfs of a few megabytes, so that the kernel itself says that there is no space.</summary>
    private sealed class SmallDisk : IDisposable
    {
        public SmallDisk(int bytes)
        {
            Path = Directory.CreateTempSubdirectory("palisade-disk-").FullName;
            Run("mount", "-t", "tmpfs", "-o", $"size={bytes}", "tmpfs", Path);
        }

        public string Path { get; }

        public void Resize(int bytes) => Run("mount", "-o", $"remount,size={bytes}", Path);

        public void Dispose()
        {
            Run("umount", "-l", Path);
            Directory.Delete(Path);
        }

        private static void Run(string file, params string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardError = true })!;
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, $"{file}: {error} (this test mounts a small tmpfs and needs root)");
        }
    }
}
