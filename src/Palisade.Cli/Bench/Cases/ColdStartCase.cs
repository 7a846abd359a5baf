namespace Palisade.Cli.Bench.Cases;

/// <summary>From starting the built program on an empty folder until it says it is ready.</summary>
internal sealed class ColdStartCase : IBenchCase
{
    public string Name => "cold-start";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await using var product = await Product.StartAsync(context.Folder, context.Time, cancellationToken);
        return
        [
            new Figure("process start to ready", "s", product.StartUp.TotalSeconds, AtMost: 5),
            new Figure("memory of all processes, idle", "MB", product.ResidentBytes / 1e6),
        ];
    }
}
