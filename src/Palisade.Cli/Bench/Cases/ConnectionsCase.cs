using Palisade.Cli.Send;

namespace Palisade.Cli.Bench.Cases;

/// <summary>Many senders at once, each as fast as it is let: is every one served alike, and all of them steadily?</summary>
internal sealed class ConnectionsCase : IBenchCase
{
    private const int SyslogClients = 500, BulkClients = 50, BatchLines = 50;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    public string Name => "connections";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await using var product = await Product.StartAsync(context.Folder, context.Time, cancellationToken);
        await product.ProvisionAsync(cancellationToken);
        var syslog = await product.TokenAsync("ingest", "appliances", cancellationToken);
        var bulk = await product.TokenAsync("ingest", "shippers", cancellationToken);
        var read = await product.TokenAsync("read", null, cancellationToken);
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var memory = MemoryWatch.RunAsync(product, context.Time, watching.Token);
        long[] counts = new long[SyslogClients + BulkClients], early = new long[counts.Length];
        var start = context.Time.GetTimestamp();
        // What comes through when the time is over says nothing of how steady they were served.
        using var offering = new CancellationTokenSource(TimeSpan.FromSeconds(context.Seconds), context.Time);
        var steady = WindowsAsync(counts, context.Time, offering.Token);
        await Task.WhenAll(Enumerable.Range(0, counts.Length).Select(async i =>
        {
            await using ILineSender sender = i < SyslogClients ? new SyslogSender("127.0.0.1", product.SyslogPort, syslog, "nginx", context.Time) : new BulkSender(product.Address, bulk);
            await SendAsync(sender, i, early, counts, start, context, cancellationToken);
        }));
        var sent = early.Sum() + counts.Sum();
        var stored = await Settled.WaitAsync(product, read, sent, context.Time, cancellationToken);
        var seconds = context.Time.GetElapsedTime(start).TotalSeconds;
        await watching.CancelAsync();
        var windows = await steady;
        return
        [
            new Figure("accepted, journaled, judged and stored", "lines/s", stored / seconds),
            new Figure("lost", "lines", sent - stored, AtMost: 0),
            new Figure("syslog clients, farthest from their mean", "%", Farthest(counts.AsSpan(0, SyslogClients)), AtMost: 20),
            new Figure("bulk clients, farthest from their mean", "%", Farthest(counts.AsSpan(SyslogClients)), AtMost: 20),
            new Figure("slowest five seconds, of the mean", "%", windows.Count < 3 ? 100 : 100 * windows.Skip(1).Min() / windows.Skip(1).Average(), AtLeast: 50),
            new Figure("memory of all processes, most", "MB", (await memory).Max() / 1e6),
        ];
    }

    private static async Task SendAsync(ILineSender sender, int client, long[] early, long[] counts, long start, BenchContext context, CancellationToken cancellationToken)
    {
        var generator = new NginxLogGenerator((ulong)client + 1, context.Time.GetUtcNow().ToUnixTimeMilliseconds(), attackShare: 0);
        var batch = new LineBatch();
        while (context.Time.GetElapsedTime(start) < TimeSpan.FromSeconds(context.Seconds))
        {
            batch.Clear();
            while (batch.Count < BatchLines) batch.Took(generator.Write(batch.Room(NginxLogGenerator.MaxLineBytes)));
            var taken = await sender.SendAsync(batch, cancellationToken);
            // What first goes out only fills the buffers of five hundred sockets.
            var into = context.Time.GetElapsedTime(start).TotalSeconds * 3 < context.Seconds ? early : counts;
            Interlocked.Add(ref into[client], taken);
        }
    }

    /// <summary>Lines of all clients in each whole window, until it is cancelled.</summary>
    private static async Task<List<double>> WindowsAsync(long[] counts, TimeProvider time, CancellationToken cancellationToken)
    {
        var windows = new List<double>();
        using var timer = new PeriodicTimer(Window, time);
        var before = 0L;
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                var now = counts.Select(static (_, i) => i).Sum(i => Volatile.Read(ref counts[i]));
                if (now > before) windows.Add(now - before);
                before = now;
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over; the last window, which is no whole one, is left out.
            if (windows.Count > 1) windows.RemoveAt(windows.Count - 1);
        }
        return windows;
    }

    private static double Farthest(ReadOnlySpan<long> counts)
    {
        double sum = 0, farthest = 0;
        foreach (var count in counts) sum += count;
        var mean = sum / counts.Length;
        foreach (var count in counts) farthest = Math.Max(farthest, Math.Abs(count - mean));
        return mean == 0 ? 100 : 100 * farthest / mean;
    }
}
