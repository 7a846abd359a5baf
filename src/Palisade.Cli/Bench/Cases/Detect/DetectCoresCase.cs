namespace Palisade.Cli.Bench.Cases.Detect;

/// <summary>Two threads with a stream each against one: nothing is shared but the rules.</summary>
internal sealed class DetectCoresCase : IBenchCase
{
    private const int Rounds = 3;

    public string Name => "detect-cores";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        if (SigmaData.Of(context, Name) is not { } data) return [];
        var set = SigmaData.Load(data.Rules());
        var lines = data.Events();
        new EventStream(set).Read(lines);
        TimeSpan one = default, two = default;
        for (var round = 0; round < Rounds; round++)
        {
            one += await Time(1);
            two += await Time(2);
        }
        return
        [
            new Figure("events of two threads against one", "x", 2 * (one / two), AtLeast: Environment.ProcessorCount > 1 ? 1.85 : null),
            new Figure("events judged on two threads", "events/s", 2.0 * Rounds * lines.Count / two.TotalSeconds),
        ];

        // Each thread reads the whole stream.
        async Task<TimeSpan> Time(int threads)
        {
            var streams = Enumerable.Range(0, threads).Select(_ => new EventStream(set)).ToArray();
            var start = context.Time.GetTimestamp();
            await Task.WhenAll(streams.Select(s => Task.Factory.StartNew(() => s.Read(lines), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
            return context.Time.GetElapsedTime(start);
        }
    }
}
