using System.Text.Json;

namespace Palisade.Cli.Bench;

/// <summary>
/// Attacks from addresses nobody else uses: when each was accepted, and how long it took until its alert was in the API.
/// </summary>
internal sealed class MarkedAttacks
{
    private readonly uint first;
    private readonly TimeProvider time;
    private readonly string ours;
    private readonly Lock gate = new();
    private readonly Dictionary<string, long> waiting = [];
    // An alert may be seen before its sender has had the answer: its latency is then 0, not missing.
    private readonly HashSet<string> early = [];
    private readonly List<double> latencies = [];
    private readonly HashSet<string> known = [];
    private uint taken;
    private bool done;

    /// <param name="first">First address; the others follow.</param>
    /// <param name="time">The clock.</param>
    public MarkedAttacks(uint first, TimeProvider time)
    {
        (this.first, this.time) = (first, time);
        ours = $"{first >> 24}.{(first >> 16) & 255}.";
    }

    public int Sent { get; private set; }

    public bool AllSeen
    {
        get { lock (gate) return done && waiting.Count == 0; }
    }

    public List<double> Latencies
    {
        get { lock (gate) return [.. latencies.Order()]; }
    }

    /// <summary>Address of the next attack.</summary>
    public uint Next() => first + taken++;

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
        lock (gate)
        {
            if (waiting.Remove(value, out var since)) latencies.Add(time.GetElapsedTime(since).TotalMilliseconds);
            else if (value.StartsWith(ours, StringComparison.Ordinal) && !known.Contains(value)) early.Add(value);
        }
    }

    public void Done()
    {
        lock (gate) done = true;
    }

    /// <summary>Reads the alerts over and over until every attack has been seen, or time is up.</summary>
    public static async Task PollAsync(Product product, string token, IReadOnlyList<MarkedAttacks> marks, CancellationToken cancellationToken)
    {
        try
        {
            while (!marks.All(static m => m.AllSeen))
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
    private static void Find(JsonElement element, IReadOnlyList<MarkedAttacks> marks)
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
                foreach (var m in marks) m.Seen(element.GetString()!);
                break;
        }
    }
}
