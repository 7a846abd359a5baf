using Palisade.Cli.Send;

namespace Palisade.Cli.Bench.Cases;

/// <summary>
/// The whole product under load: access log lines, half by _bulk, half by syslog TCP, through journal, engine and all rules
/// into the store. As fast as back-pressure lets them in; the clock stops when the last line is stored.
/// </summary>
internal sealed class IntakeNginxCase : IBenchCase
{
    public string Name => "intake-nginx";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await using var product = await Product.StartAsync(context.Folder, context.Time, cancellationToken);
        await product.ProvisionAsync(cancellationToken);
        var ingest = await product.TokenAsync("ingest", "nginx", cancellationToken);
        var read = await product.TokenAsync("read", null, cancellationToken);
        await using var bulk = new BulkSender(product.Address, ingest);
        await using var bulk2 = new BulkSender(product.Address, ingest);
        await using var syslog = new SyslogSender("127.0.0.1", product.SyslogPort, ingest, "nginx", context.Time);

        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var memory = MemoryWatch.RunAsync(product, context.Time, watching.Token);
        var start = context.Time.GetTimestamp();
        var duration = TimeSpan.FromSeconds(context.Seconds);
        using var load = new Load(context.Time, start, duration);
        await Task.WhenAll(
            Task.Run(() => load.RunAsync(bulk, 1, cancellationToken), cancellationToken),
            Task.Run(() => load.RunAsync(bulk2, 2, cancellationToken), cancellationToken),
            Task.Run(() => load.RunSyslogAsync(syslog, 3, cancellationToken), cancellationToken));
        var stored = await Settled.WaitAsync(product, read, load.Sent, context.Time, cancellationToken);
        var seconds = context.Time.GetElapsedTime(start).TotalSeconds;
        await watching.CancelAsync();
        return
        [
            new Figure("accepted, journaled, judged and stored", "lines/s", stored / seconds, AtLeast: 20_000),
            new Figure("sent", "lines", load.Sent),
            new Figure("lost", "lines", load.Sent - stored, AtMost: 0),
            new Figure("memory of all processes, most", "MB", (await memory).Max() / 1e6, AtMost: 1200),
        ];
    }

    /// <summary>Senders that share one clock. Syslog keeps step with bulk, so that each carries half.</summary>
    private sealed class Load(TimeProvider time, long start, TimeSpan duration) : IDisposable
    {
        private readonly SemaphoreSlim syslogTurn = new(0);
        private long sent;
        private int running = 2;

        public long Sent => Volatile.Read(ref sent);

        public void Dispose() => syslogTurn.Dispose();

        public async Task RunAsync(BulkSender sender, ulong seed, CancellationToken cancellationToken)
        {
            var generator = new NginxLogGenerator(seed, time.GetUtcNow().ToUnixTimeMilliseconds());
            var batch = new LineBatch();
            while (time.GetElapsedTime(start) < duration)
            {
                Interlocked.Add(ref sent, await SendAsync(sender, generator, batch, cancellationToken));
                syslogTurn.Release();
            }
            Interlocked.Decrement(ref running);
            syslogTurn.Release();
        }

        public async Task RunSyslogAsync(SyslogSender sender, ulong seed, CancellationToken cancellationToken)
        {
            var generator = new NginxLogGenerator(seed, time.GetUtcNow().ToUnixTimeMilliseconds());
            var batch = new LineBatch();
            while (true)
            {
                await syslogTurn.WaitAsync(cancellationToken);
                if (Volatile.Read(ref running) == 0) return;
                Interlocked.Add(ref sent, await SendAsync(sender, generator, batch, cancellationToken));
            }
        }

        private static async Task<int> SendAsync(ILineSender sender, NginxLogGenerator generator, LineBatch batch, CancellationToken cancellationToken)
        {
            batch.Clear();
            while (batch.Count < LineBatch.MaxLines) batch.Took(generator.Write(batch.Room(NginxLogGenerator.MaxLineBytes)));
            return await sender.SendAsync(batch, cancellationToken);
        }
    }
}

/// <summary>Waits until everything that was sent is stored, or nothing moves any more.</summary>
internal static class Settled
{
    public static async Task<long> WaitAsync(Product product, string token, long sent, TimeProvider time, CancellationToken cancellationToken)
    {
        var moved = time.GetTimestamp();
        var last = -1L;
        while (true)
        {
            var (_, stored, _) = await product.CountsAsync(token, cancellationToken);
            if (stored >= sent) return stored;
            if (stored != last)
            {
                last = stored;
                moved = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(moved) > TimeSpan.FromSeconds(30))
            {
                return stored;
            }
            await Task.Delay(100, cancellationToken);
        }
    }
}
