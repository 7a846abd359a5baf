using System.Text.Json;

namespace Palisade.Cli.Bench.Cases.Detect;

/// <summary>All public rules over the real Windows event stream on one core, against a bare walk of the same bytes by the run-time's JSON reader.</summary>
internal sealed class DetectWindowsCase : IBenchCase
{
    public string Name => "detect-windows";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await Task.Yield();
        if (SigmaData.Of(context, Name) is not { } data) return [];
        var set = SigmaData.Load(data.Rules());
        var lines = data.Events();
        // what is measured meets every value for the first time
        var stream = new EventStream(set);
        var times = Quietest.Of(context.Time, () =>
        [
            Quietest.Once(context.Time, () => Walk(lines)),
            Quietest.Once(context.Time, () => (stream = new EventStream(set)).Read(lines)),
        ], cancellationToken);
        var (walk, own) = (times[0], times[1]);
        // again, when events and batches have grown to what they need
        stream.Read(lines);
        var before = GC.GetAllocatedBytesForCurrentThread();
        stream.Read(lines);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return
        [
            new Figure("speed against a bare JSON walk", "x", walk / own, AtLeast: 0.8),
            new Figure("events judged", "events/s", lines.Count / own.TotalSeconds),
            new Figure("bare JSON walk", "events/s", lines.Count / walk.TotalSeconds),
            new Figure("allocated, values known", "B/event", Math.Round((double)allocated / lines.Count, 1), AtMost: 0),
            new Figure("rules", "", set.RuleCount),
            new Figure("rules evaluated an event", "", (double)stream.Evaluated / lines.Count / 3),
            new Figure("matches", "", stream.Matches / 3),
            new Figure("values known from before", "%", 100.0 * stream.Memory.Hits / Math.Max(1, stream.Memory.Lookups)),
        ];
    }

    /// <summary>Every token of every line, and nothing done with it.</summary>
    private static long Walk(List<ReadOnlyMemory<byte>> lines)
    {
        long tokens = 0;
        foreach (var line in lines)
        {
            var reader = new Utf8JsonReader(line.Span);
            while (reader.Read()) tokens++;
        }
        return tokens;
    }
}
