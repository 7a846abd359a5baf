using Palisade.Cli.Send;

namespace Palisade.Cli.Bench.Cases;

/// <summary>
/// At a steady 10,000 lines a second: ten times a second one attack from an address never seen before, and how long it takes
/// from the server's acknowledgement of that line until the alert is in the API.
/// </summary>
internal sealed class AlertLatencyCase : IBenchCase
{
    private const int LinesPerSecond = 10_000;
    // Marked attacks come from 198.19.0.0/16, which the other lines do not use.
    private const uint FirstMark = 0xC613_0000;

    public string Name => "alert-latency";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await using var product = await Product.StartAsync(context.Folder, context.Time, cancellationToken);
        await product.ProvisionAsync(cancellationToken);
        var ingest = await product.TokenAsync("ingest", "nginx", cancellationToken);
        var read = await product.TokenAsync("read", null, cancellationToken);
        var marks = new MarkedAttacks(FirstMark, context.Time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var polling = Task.Run(() => MarkedAttacks.PollAsync(product, read, [marks], over.Token), cancellationToken);
        await using (var sender = new BulkSender(product.Address, ingest))
        {
            await SendAsync(sender, context, marks, cancellationToken);
        }
        over.CancelAfter(TimeSpan.FromSeconds(10));
        await polling;
        var seen = marks.Latencies;
        return
        [
            new Figure("accepted to alert, p50", "ms", Percentile.Of(seen, 0.50)),
            new Figure("accepted to alert, p95", "ms", Percentile.Of(seen, 0.95), AtMost: 1000),
            new Figure("attacks without an alert", "", marks.Sent - seen.Count, AtMost: 0),
            new Figure("attacks sent", "", marks.Sent),
        ];
    }

    private static async Task SendAsync(BulkSender sender, BenchContext context, MarkedAttacks marks, CancellationToken cancellationToken)
    {
        var generator = new NginxLogGenerator(7, context.Time.GetUtcNow().ToUnixTimeMilliseconds(), attackShare: 0);
        var pace = new Pace(LinesPerSecond, context.Time);
        var batch = new LineBatch();
        var start = context.Time.GetTimestamp();
        var batches = 0;
        while (context.Time.GetElapsedTime(start) < TimeSpan.FromSeconds(context.Seconds))
        {
            batch.Clear();
            var marked = batches++ % 5 == 0;
            var address = marked ? marks.Next() : 0;
            if (marked) batch.Took(generator.WriteMarked(batch.Room(NginxLogGenerator.MaxLineBytes), address));
            while (batch.Count < pace.BatchLines) batch.Took(generator.Write(batch.Room(NginxLogGenerator.MaxLineBytes)));
            var taken = await sender.SendAsync(batch, cancellationToken);
            if (marked) marks.Accepted(address);
            await pace.AfterAsync(taken, cancellationToken);
        }
        marks.Done();
    }
}
