using Palisade.Cli.Send;

namespace Palisade.Cli.Bench.Cases;

/// <summary>
/// Senders that offer all they can, far more than the product judges, and beside them one quiet source. Nothing acknowledged may
/// be lost, the quiet source must come through, and alerts of both must stay quick.
/// </summary>
internal sealed class OverloadCase : IBenchCase
{
    private const int Flooders = 4, QuietLinesPerSecond = 500;
    // Marked attacks come from 198.19.0.0/16 and 203.0.0.0/16, which the other lines do not use.
    private const uint FirstQuiet = 0xC613_0000, FirstFlood = 0xCB00_0000;

    public string Name => "overload";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await using var product = await Product.StartAsync(context.Folder, context.Time, cancellationToken);
        await product.ProvisionAsync(cancellationToken);
        var flood = await product.TokenAsync("ingest", "flood", cancellationToken);
        var quiet = await product.TokenAsync("ingest", "quiet", cancellationToken);
        var read = await product.TokenAsync("read", null, cancellationToken);
        var quietMarks = new MarkedAttacks(FirstQuiet, context.Time);
        var floodMarks = new MarkedAttacks(FirstFlood, context.Time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var memory = MemoryWatch.RunAsync(product, context.Time, watching.Token);
        var polling = Task.Run(() => MarkedAttacks.PollAsync(product, read, [quietMarks, floodMarks], over.Token), cancellationToken);

        var start = context.Time.GetTimestamp();
        var flooders = Enumerable.Range(0, Flooders).Select(i =>
            Task.Run(() => SendAsync(product, flood, (ulong)i + 1, 0, i == 0 ? floodMarks : null, context, cancellationToken), cancellationToken)).ToArray();
        var quietly = Task.Run(() => SendAsync(product, quiet, 99, QuietLinesPerSecond, quietMarks, context, cancellationToken), cancellationToken);
        var flooded = await Task.WhenAll(flooders);
        var calm = await quietly;
        var offering = context.Time.GetElapsedTime(start).TotalSeconds;
        quietMarks.Done();
        floodMarks.Done();
        over.CancelAfter(TimeSpan.FromSeconds(20));
        await polling;
        var sent = flooded.Sum(static f => f.Lines) + calm.Lines;
        var stored = await Settled.WaitAsync(product, read, sent, context.Time, cancellationToken);
        var seconds = context.Time.GetElapsedTime(start).TotalSeconds;
        await watching.CancelAsync();
        var samples = await memory;
        List<double> quietSeen = quietMarks.Latencies, floodSeen = floodMarks.Latencies;
        return
        [
            new Figure("accepted, journaled, judged and stored", "lines/s", stored / seconds),
            new Figure("acknowledged and not stored", "lines", sent - stored, AtMost: 0),
            new Figure("left to store when the flood ended", "s", seconds - offering),
            new Figure("flood: accepted to alert, p95", "ms", Percentile.Of(floodSeen, 0.95), AtMost: 5000),
            new Figure("quiet: accepted to alert, p95", "ms", Percentile.Of(quietSeen, 0.95), AtMost: 5000),
            new Figure("attacks without an alert", "", quietMarks.Sent + floodMarks.Sent - quietSeen.Count - floodSeen.Count, AtMost: 0),
            new Figure("quiet: lines accepted of those offered", "%", 100.0 * calm.Lines / (QuietLinesPerSecond * offering), AtLeast: 95),
            new Figure("requests told 429", "", flooded.Sum(static f => f.PushedBack) + calm.PushedBack),
            new Figure("memory of all processes, most", "MB", samples.Max() / 1e6),
            new Figure("memory, second half to first half", "", samples.Growth(), AtMost: 1.15),
        ];
    }

    private sealed record Sent(long Lines, long PushedBack);

    /// <summary>Sends until time is up; 0 lines a second is as many as are taken. Ten times a second one marked attack.</summary>
    private static async Task<Sent> SendAsync(
        Product product, string token, ulong seed, int linesPerSecond, MarkedAttacks? marks, BenchContext context, CancellationToken cancellationToken)
    {
        await using var sender = new BulkSender(product.Address, token);
        var generator = new NginxLogGenerator(seed, context.Time.GetUtcNow().ToUnixTimeMilliseconds(), attackShare: 0);
        var pace = new Pace(linesPerSecond, context.Time);
        var batch = new LineBatch();
        var (start, marked) = (context.Time.GetTimestamp(), context.Time.GetTimestamp());
        var sent = 0L;
        while (context.Time.GetElapsedTime(start) < TimeSpan.FromSeconds(context.Seconds))
        {
            batch.Clear();
            // Alerts are read newest first: the two sources must agree on what is now.
            generator.Restart(context.Time.GetUtcNow().ToUnixTimeMilliseconds());
            var mark = marks is not null && context.Time.GetElapsedTime(marked).TotalMilliseconds >= 100 ? marks.Next() : 0;
            if (mark > 0)
            {
                batch.Took(generator.WriteMarked(batch.Room(NginxLogGenerator.MaxLineBytes), mark));
                marked = context.Time.GetTimestamp();
            }
            while (batch.Count < pace.BatchLines) batch.Took(generator.Write(batch.Room(NginxLogGenerator.MaxLineBytes)));
            var taken = await sender.SendAsync(batch, cancellationToken);
            if (mark > 0) marks!.Accepted(mark);
            sent += taken;
            await pace.AfterAsync(taken, cancellationToken);
        }
        return new Sent(sent, sender.PushedBack);
    }
}
