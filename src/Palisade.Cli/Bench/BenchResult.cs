namespace Palisade.Cli.Bench;

/// <summary>One figure of one run.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Unit">As printed.</param>
/// <param name="Value">The figure.</param>
/// <param name="AtLeast">The least it should be; null where more is not better.</param>
/// <param name="AtMost">The most it should be; null where less is not better.</param>
internal readonly record struct Figure(string Name, string Unit, double Value, double? AtLeast = null, double? AtMost = null);

/// <summary>One figure over all runs.</summary>
internal sealed record Summary(string Case, string Name, string Unit, double Median, double Min, double Max, double? AtLeast, double? AtMost, IReadOnlyList<double> Runs)
{
    public bool Reached => (AtLeast is not { } least || Median >= least) && (AtMost is not { } most || Median <= most);

    public static IEnumerable<Summary> Of(string name, IReadOnlyList<IReadOnlyList<Figure>> runs)
    {
        foreach (var first in runs[0])
        {
            var values = runs.SelectMany(run => run.Where(f => f.Name == first.Name)).Select(static f => f.Value).ToArray();
            var sorted = values.Order().ToArray();
            var middle = sorted.Length / 2;
            var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
            yield return new Summary(name, first.Name, first.Unit, median, sorted[0], sorted[^1], first.AtLeast, first.AtMost, values);
        }
    }
}

/// <summary>What a case may use.</summary>
/// <param name="Folder">Empty folder of this run; removed afterwards.</param>
/// <param name="Seconds">How long cases that load a server go on.</param>
/// <param name="Lines">How many lines cases that read a file read.</param>
/// <param name="Time">The clock.</param>
/// <param name="Talk">Where tables beside the figures go.</param>
/// <param name="Data">Folder of labelled data, for cases that can use it; null: none.</param>
/// <param name="Misses">File for what was judged wrongly; null: not wanted.</param>
internal sealed record BenchContext(string Folder, int Seconds, int Lines, TimeProvider Time, TextWriter Talk, string? Data, string? Misses);

/// <summary>What the user asked of a run.</summary>
internal sealed record BenchWishes(int Runs, int Seconds, int Lines, bool Json, string? Data, string? Misses);

/// <summary>One macro benchmark: real parts, as a user runs them.</summary>
internal interface IBenchCase
{
    string Name { get; }
    /// <summary>One run, in a folder of its own.</summary>
    Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken);
}
