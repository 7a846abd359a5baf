namespace Palisade.Cli.Bench;

/// <summary>Resident memory of the product's processes over a run, looked at twice a second.</summary>
internal sealed class MemoryWatch
{
    private readonly List<long> samples = [];

    /// <summary>Looks until it is cancelled.</summary>
    public static async Task<MemoryWatch> RunAsync(Product product, TimeProvider time, CancellationToken cancellationToken)
    {
        var watch = new MemoryWatch();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500), time);
        try
        {
            do watch.samples.Add(product.ResidentBytes);
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
        return watch;
    }

    /// <summary>Most bytes seen.</summary>
    public long Max() => samples.Max();

    /// <summary>Mean of the second half as a multiple of the mean of the first, without the first fifth, in which everything warms up.</summary>
    public double Growth()
    {
        var warm = samples.Skip(samples.Count / 5).ToArray();
        return warm.Length < 2 ? 1 : warm[(warm.Length / 2)..].Average() / warm[..(warm.Length / 2)].Average();
    }
}
