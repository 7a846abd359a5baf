namespace Palisade.Cli.Bench.Cases.Detect;

/// <summary>Two threads with a stream each against one: nothing is shared but the rules.</summary>
internal sealed class DetectCoresCase : IBenchCase
{
    public string Name => "detect-cores";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await Task.Yield();
        if (SigmaData.Of(context, Name) is not { } data) return [];
        var set = SigmaData.Load(data.Rules());
        var lines = data.Events();
        var times = Quietest.Of(context.Time, () => [Time(1), Time(2)], cancellationToken);
        return
        [
            new Figure("events of two threads against one", "x", 2 * (times[0] / times[1]), AtLeast: Environment.ProcessorCount > 1 ? 1.85 : null),
            new Figure("events judged on two threads", "events/s", 2.0 * lines.Count / times[1].TotalSeconds),
        ];

        // Each thread reads the whole stream.
        TimeSpan Time(int count)
        {
            var threads = Enumerable.Range(0, count).Select(_ => new EventStream(set)).Select(s => new Thread(() => s.Read(lines))).ToArray();
            // else the collector clears up behind the streams before, beside one thread but in the way of two
            GC.Collect();
            return Quietest.Once(context.Time, () =>
            {
                foreach (var thread in threads) thread.Start();
                foreach (var thread in threads) thread.Join();
            });
        }
    }
}
