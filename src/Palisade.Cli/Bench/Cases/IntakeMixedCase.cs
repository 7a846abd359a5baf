using Palisade.Cli.Send;

namespace Palisade.Cli.Bench.Cases;

/// <summary>The whole product under lines of all sources at once: by plain HTTP, where lines are joined to records, and by _bulk, through detection of each line, all rules and the store.</summary>
internal sealed class IntakeMixedCase : IBenchCase
{
    private const int Lines = 100_000, RawSenders = 3;

    public string Name => "intake-mixed";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await using var product = await Product.StartAsync(context.Folder, context.Time, cancellationToken);
        await product.ProvisionAsync(cancellationToken);
        var read = await product.TokenAsync("read", null, cancellationToken);
        var senders = new List<HttpLineSender>();
        for (var i = 0; i < RawSenders; i++) senders.Add(new RawSender(product.Address, await product.TokenAsync("ingest", $"mixed-{i}", cancellationToken)));
        senders.Add(new BulkSender(product.Address, await product.TokenAsync("ingest", "mixed-bulk", cancellationToken)));

        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var memory = MemoryWatch.RunAsync(product, context.Time, watching.Token);
        var start = context.Time.GetTimestamp();
        var taken = await Task.WhenAll(senders.Select((s, i) => Task.Run(() => SendAsync(s, SampleLines.Read(ContentFiles.Folder, Lines, i), start, context, cancellationToken), cancellationToken)));
        var sent = taken.Sum();
        var stored = await Settled.WaitAsync(product, read, sent, context.Time, cancellationToken);
        var seconds = context.Time.GetElapsedTime(start).TotalSeconds;
        await watching.CancelAsync();
        var samples = await memory;
        foreach (var sender in senders) await sender.DisposeAsync();
        return
        [
            new Figure("accepted, journaled, judged and stored", "lines/s", stored / seconds, AtLeast: 30_000),
            new Figure("sent", "lines", sent),
            new Figure("lost", "lines", sent - stored, AtMost: 0),
            new Figure("memory of all processes, most", "MB", samples.Max() / 1e6, AtMost: 1400),
            new Figure("memory, second half to first half", "", samples.Growth(), AtMost: 1.15),
        ];
    }

    private static async Task<long> SendAsync(HttpLineSender sender, IReadOnlyList<byte[]> lines, long start, BenchContext context, CancellationToken cancellationToken)
    {
        var batch = new LineBatch();
        var sent = 0L;
        for (var next = 0; context.Time.GetElapsedTime(start) < TimeSpan.FromSeconds(context.Seconds);)
        {
            batch.Clear();
            for (; !batch.IsFull; next = (next + 1) % lines.Count) batch.Add(lines[next]);
            sent += await sender.SendAsync(batch, cancellationToken);
        }
        return sent;
    }
}
