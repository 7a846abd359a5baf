using System.Text.Json;

namespace Palisade.Cli.Bench.Cases.Detect;

/// <summary>All public rules over the real Windows event stream on one core, against a bare walk of the same bytes by the run-time's JSON reader.</summary>
internal sealed class DetectWindowsCase : IBenchCase
{
    private const int Rounds = 3;

    public string Name => "detect-windows";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await Task.Yield();
        if (SigmaData.Of(context, Name) is not { } data) return [];
        var set = SigmaData.Load(data.Rules());
        var lines = data.Events();
        // code is warmed up by another instance: what is measured meets every value for the first time
        for (var i = 0; i < 2; i++) new EventStream(set).Read(lines);
        Walk(lines);
        Walk(lines);
        TimeSpan walk = default, own = default;
        long allocated = 0;
        EventStream stream = null!;
        for (var round = 0; round < Rounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var start = context.Time.GetTimestamp();
            Walk(lines);
            walk += context.Time.GetElapsedTime(start);
            stream = new EventStream(set);
            start = context.Time.GetTimestamp();
            stream.Read(lines);
            own += context.Time.GetElapsedTime(start);
            if (round < Rounds - 1) continue;
            // again, when events and batches have grown to what they need
            stream.Read(lines);
            var before = GC.GetAllocatedBytesForCurrentThread();
            stream.Read(lines);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }
        var events = (double)Rounds * lines.Count;
        return
        [
            new Figure("speed against a bare JSON walk", "x", walk / own, AtLeast: 0.8),
            new Figure("events judged", "events/s", events / own.TotalSeconds),
            new Figure("bare JSON walk", "events/s", events / walk.TotalSeconds),
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
