using Palisade.Journal;

namespace Palisade.Cli.Bench.Cases;

/// <summary>Records of 250 bytes by eight senders, each waiting for its groups of 1,000 to be on disk, while a reader keeps up.</summary>
internal sealed class JournalCase : IBenchCase
{
    private const int Senders = 8, Group = 1000;

    public string Name => "journal";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        using var journal = Palisade.Journal.Journal.Open(new JournalOptions { Directory = Path.Combine(context.Folder, "journal"), BudgetBytes = 2L << 30 }, context.Time);
        using var reader = journal.OpenReader("bench");
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = ReadAsync(reader, over.Token);
        var start = context.Time.GetTimestamp();
        var duration = TimeSpan.FromSeconds(Math.Min(context.Seconds, 4));
        var senders = await Task.WhenAll(Enumerable.Range(0, Senders).Select(_ => Task.Run(() => SendAsync(journal, context.Time, start, duration, cancellationToken), cancellationToken)));
        var seconds = context.Time.GetElapsedTime(start).TotalSeconds;
        await over.CancelAsync();
        await reading;
        var waits = senders.SelectMany(static s => s.Waits).Order().ToArray();
        return
        [
            new Figure("acknowledged after fsync", "records/s", senders.Sum(static s => s.Sent) / seconds, AtLeast: 400_000),
            new Figure("group of 1,000 acknowledged, p50", "ms", Percentile.Of(waits, 0.50)),
            new Figure("group of 1,000 acknowledged, p99", "ms", Percentile.Of(waits, 0.99)),
            // Not exactly 0: a lock that threads fight over makes its wait event once. An append itself allocates nothing.
            new Figure("allocated by append", "B/record", (double)senders.Sum(static s => s.Allocated) / senders.Sum(static s => s.Sent), AtMost: 0.01),
        ];
    }

    private sealed record Sender(long Sent, List<double> Waits, long Allocated);

    private static async Task<Sender> SendAsync(Journal.Journal journal, TimeProvider time, long start, TimeSpan duration, CancellationToken cancellationToken)
    {
        var header = new FrameHeader(time.GetUtcNow().ToUnixTimeMilliseconds(), 1, 1, FrameKind.Record, 0, 0, 0);
        var payload = new byte[250];
        var waits = new List<double>(1 << 16);
        long sent = 0, allocated = 0;
        while (time.GetElapsedTime(start) < duration)
        {
            var began = time.GetTimestamp();
            var taken = AppendGroup(journal, header, payload, out var last, ref allocated);
            if (taken == 0)
            {
                // Back-pressure: the reader has to make room first.
                await Task.Yield();
                continue;
            }
            await journal.WaitDurableAsync(last, cancellationToken);
            waits.Add(time.GetElapsedTime(began).TotalMilliseconds);
            sent += taken;
        }
        return new Sender(sent, waits, allocated);
    }

    private static int AppendGroup(Journal.Journal journal, in FrameHeader header, byte[] payload, out ulong last, ref long allocated)
    {
        last = 0;
        var before = GC.GetAllocatedBytesForCurrentThread();
        var taken = 0;
        while (taken < Group && journal.Append(header, payload, out var sequence) == AppendResult.Ok)
        {
            last = sequence;
            taken++;
        }
        allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        return taken;
    }

    private static async Task ReadAsync(JournalReader reader, CancellationToken cancellationToken)
    {
        var batch = new JournalBatch();
        var committed = 0UL;
        try
        {
            while (await reader.WaitAsync(cancellationToken))
            {
                while (reader.Read(batch, 4096) > 0)
                {
                    if (batch.LastSequence - committed < 100_000) continue;
                    committed = batch.LastSequence;
                    reader.Commit(committed);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }
}
