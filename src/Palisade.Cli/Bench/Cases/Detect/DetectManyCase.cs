namespace Palisade.Cli.Bench.Cases.Detect;

/// <summary>Ten times as many rules over the same events: what a rule more costs.</summary>
internal sealed class DetectManyCase : IBenchCase
{
    private const int Times = 10;

    public string Name => "detect-many";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await Task.Yield();
        if (SigmaData.Of(context, Name) is not { } data) return [];
        var files = data.Rules();
        var few = SigmaData.Load(files);
        var many = SigmaData.Load(RuleVariants.Multiply(files, Times));
        var lines = data.Events();
        var times = Quietest.Of(context.Time, () =>
        [
            Quietest.Once(context.Time, () => new EventStream(few).Read(lines)),
            Quietest.Once(context.Time, () => new EventStream(many).Read(lines)),
        ], cancellationToken);
        return
        [
            new Figure("time with ten times the rules", "x", times[1] / times[0], AtMost: 1.5),
            new Figure("rules", "", few.RuleCount),
            new Figure("rules, ten times", "", many.RuleCount),
        ];
    }
}
