using System.Globalization;
using System.Text;
using Palisade.Engine;
using Palisade.Engine.Correlate;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Rules;

namespace Palisade.Cli.Bench.Cases.Detect;

/// <summary>An <c>event_count</c> correlation that holds a million groups: time of an update, memory of a group.</summary>
internal sealed class DetectCorrelationCase : IBenchCase
{
    private const int Groups = 1_000_000, SteadyGroups = 10_000;
    private const string Rules = """
        title: Failure
        name: failure
        logsource: { product: any }
        detection:
          s: { event.outcome: failure }
          condition: s
        ---
        title: Many failures
        correlation:
          type: event_count
          rules: [failure]
          group-by: [user.name]
          timespan: 60m
          condition: { gte: 20 }
        """;

    public string Name => "detect-correlation";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var set = RuleSet.Load([("rules/many.yml", Encoding.UTF8.GetBytes(Rules))], new RuleLoadOptions { AnyLogSource = true }, out _);
        Correlator correlator = null!;
        double bytes = 0, allocated = 0;
        var times = Quietest.Of(context.Time, () =>
        {
            correlator = null!;
            var before = GC.GetTotalMemory(forceFullCollection: true);
            correlator = new Correlator(set, new CorrelatorOptions { MaxGroups = Groups });
            var firsts = Run(correlator, inOrder: true);
            bytes = (double)(GC.GetTotalMemory(forceFullCollection: true) - before) / correlator.GroupCount;
            before = GC.GetAllocatedBytesForCurrentThread();
            var updates = Run(correlator, inOrder: false);
            allocated = (double)(GC.GetAllocatedBytesForCurrentThread() - before) / Groups;
            return [firsts, updates];
        }, cancellationToken);
        if (correlator.GroupCount != Groups) throw new CliException(ExitCodes.Internal, $"{correlator.GroupCount} groups are held");
        return
        [
            new Figure("event_count update", "ns", times[1].TotalNanoseconds / Groups, AtMost: 80),
            new Figure("first event of a group", "ns", times[0].TotalNanoseconds / Groups),
            new Figure("memory of a group", "B", bytes, AtMost: 96),
            new Figure("allocated while windows fill", "B/update", allocated),
            new Figure("allocated once windows are full", "B/update", Steady(set), AtMost: 0),
        ];

        // An event of each group, or as many of random groups; the time is the correlator's alone.
        TimeSpan Run(Correlator judge, bool inOrder)
        {
            var source = new Source(set);
            TimeSpan time = default;
            var order = new Random(11);
            for (var done = 0; done < Groups;)
            {
                var n = Math.Min(EventBatch.MaxEvents, Groups - done);
                for (var i = 0; i < n; i++) source.Add(inOrder ? done + i : order.Next(Groups));
                source.Detect();
                time += Quietest.Once(context.Time, () => judge.Process(source.Batch, source.Findings));
                source.Clear();
                done += n;
            }
            return time;
        }
    }

    // Five minutes between two events of a group: the hour and the lateness hold fourteen of them.
    private static double Steady(RuleSet set)
    {
        const int warm = 40, measured = 20;
        var correlator = new Correlator(set);
        var source = new Source(set);
        long allocated = 0;
        for (var round = 0; round < warm + measured; round++)
        {
            source.StepMs = round * 300_000L;
            for (var from = 0; from < SteadyGroups; from += EventBatch.MaxEvents)
            {
                for (var i = from; i < Math.Min(SteadyGroups, from + EventBatch.MaxEvents); i++) source.Add(i);
                source.Detect();
                var before = GC.GetAllocatedBytesForCurrentThread();
                correlator.Process(source.Batch, source.Findings);
                if (round >= warm) allocated += GC.GetAllocatedBytesForCurrentThread() - before;
                source.Clear();
            }
        }
        return (double)allocated / (measured * SteadyGroups);
    }

    private sealed class Source(RuleSet set)
    {
        private readonly SigmaDetector detector = new(set);
        private readonly ushort user = FieldNames.GetOrAdd("user.name"), outcome = FieldNames.GetOrAdd("event.outcome");
        private ulong sequence;

        /// <summary>How far the clock stands ahead of where it began; milliseconds.</summary>
        public long StepMs { get; set; }
        public EventBatch Batch { get; } = new();
        public FindingList Findings { get; } = new();

        public void Add(int group)
        {
            var index = Batch.Begin(new RecordInfo(++sequence, AccessLog.StartMs + StepMs + (long)(sequence / 1000), 1, 1, RecordInfo.AutoParser), []);
            Batch.Header(index).Flags &= ~EventFlags.NoTime;
            Batch.Add(outcome, "failure"u8);
            Span<byte> name = stackalloc byte[16];
            "user"u8.CopyTo(name);
            group.TryFormat(name[4..], out var n, default, CultureInfo.InvariantCulture);
            Batch.Add(user, name[..(4 + n)]);
        }

        public void Detect() => detector.Detect(Batch, Findings);

        public void Clear()
        {
            Batch.Clear();
            Findings.Clear();
        }
    }
}
