namespace Palisade.Cli.Bench.Cases.Detect;

/// <summary>Ten times as many rules over the same events: what a rule more costs.</summary>
internal sealed class DetectManyCase : IBenchCase
{
    private const int Times = 10, Rounds = 3;

    public string Name => "detect-many";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await Task.Yield();
        if (SigmaData.Of(context, Name) is not { } data) return [];
        var files = data.Rules();
        var few = SigmaData.Load(files);
        var many = SigmaData.Load(RuleVariants.Multiply(files, Times));
        var lines = data.Events();
        new EventStream(few).Read(lines);
        new EventStream(many).Read(lines);
        TimeSpan one = default, ten = default;
        for (var round = 0; round < Rounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            one += Time(new EventStream(few));
            ten += Time(new EventStream(many));
        }
        return
        [
            new Figure("time with ten times the rules", "x", ten / one, AtMost: 1.5),
            new Figure("rules", "", few.RuleCount),
            new Figure("rules, ten times", "", many.RuleCount),
        ];

        TimeSpan Time(EventStream stream)
        {
            var start = context.Time.GetTimestamp();
            stream.Read(lines);
            return context.Time.GetElapsedTime(start);
        }
    }
}
