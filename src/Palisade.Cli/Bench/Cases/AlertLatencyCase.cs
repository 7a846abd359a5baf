using System.Text.Json;
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
        var marks = new Marks(context.Time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var polling = Task.Run(() => PollAsync(product, read, marks, over.Token), cancellationToken);
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

    private static async Task SendAsync(BulkSender sender, BenchContext context, Marks marks, CancellationToken cancellationToken)
    {
        var generator = new NginxLogGenerator(7, context.Time.GetUtcNow().ToUnixTimeMilliseconds(), attackShare: 0);
        var pace = new Pace(LinesPerSecond, context.Time);
        var batch = new LineBatch();
        var start = context.Time.GetTimestamp();
        var batches = 0;
        var next = FirstMark;
        while (context.Time.GetElapsedTime(start) < TimeSpan.FromSeconds(context.Seconds))
        {
            batch.Clear();
            var marked = batches++ % 5 == 0;
            if (marked) batch.Took(generator.WriteMarked(batch.Room(NginxLogGenerator.MaxLineBytes), next));
            while (batch.Count < pace.BatchLines) batch.Took(generator.Write(batch.Room(NginxLogGenerator.MaxLineBytes)));
            var taken = await sender.SendAsync(batch, cancellationToken);
            if (marked) marks.Accepted(next++);
            await pace.AfterAsync(taken, cancellationToken);
        }
        marks.Done();
    }

    private static async Task PollAsync(Product product, string token, Marks marks, CancellationToken cancellationToken)
    {
        try
        {
            while (!marks.AllSeen)
            {
                using var page = await product.GetAsync("/api/v1/alerts?limit=200", token, cancellationToken);
                foreach (var alert in page.RootElement.GetProperty("items").EnumerateArray())
                {
                    if (alert.TryGetProperty("entities", out var entities)) Find(entities, marks);
                }
                await Task.Delay(20, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Time is up; what was not seen counts as missing.
        }
    }

    /// <summary>Addresses anywhere among the entities of an alert.</summary>
    private static void Find(JsonElement element, Marks marks)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray()) Find(item, marks);
                break;
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject()) Find(property.Value, marks);
                break;
            case JsonValueKind.String:
                marks.Seen(element.GetString()!);
                break;
        }
    }

    private sealed class Marks(TimeProvider time)
    {
        private readonly Lock gate = new();
        private readonly Dictionary<string, long> waiting = [];
        // An alert may be seen before its sender has had the answer: its latency is then 0, not missing.
        private readonly HashSet<string> early = [];
        private readonly List<double> latencies = [];
        private readonly HashSet<string> known = [];
        private bool done;

        public int Sent { get; private set; }

        public bool AllSeen
        {
            get { lock (gate) return done && waiting.Count == 0; }
        }

        public List<double> Latencies
        {
            get { lock (gate) return [.. latencies.Order()]; }
        }

        public void Accepted(uint address)
        {
            var text = $"{address >> 24}.{(address >> 16) & 255}.{(address >> 8) & 255}.{address & 255}";
            lock (gate)
            {
                Sent++;
                known.Add(text);
                if (early.Remove(text)) latencies.Add(0);
                else waiting[text] = time.GetTimestamp();
            }
        }

        public void Seen(string value)
        {
            if (!value.StartsWith("198.19.", StringComparison.Ordinal)) return;
            lock (gate)
            {
                if (waiting.Remove(value, out var since)) latencies.Add(time.GetElapsedTime(since).TotalMilliseconds);
                else if (!known.Contains(value)) early.Add(value);
            }
        }

        public void Done()
        {
            lock (gate) done = true;
        }
    }
}
