using Palisade.Server.Console;

namespace Palisade.Server.Dashboard;

/// <summary>Attacks by what came of them. <see cref="Likely"/> is one source's word: drawn with success, never counted as it.</summary>
public sealed record OutcomeFigures(long Blocked, long Failed, long Unknown, long Likely, long Succeeded)
{
    public static OutcomeFigures None { get; } = new(0, 0, 0, 0, 0);
    public long Total => Blocked + Failed + Unknown + Likely + Succeeded;
    /// <summary>Share of the whole; 0 of nothing is 0.</summary>
    public double Share(long part) => Total == 0 ? 0 : (double)part / Total;
}

/// <summary>One bar: attacks by class in one stretch of time.</summary>
public sealed record TrendBar(DateTimeOffset At, IReadOnlyDictionary<string, long> Classes);

/// <summary>A class, region, network, address or target, with the same span before it.</summary>
/// <param name="Key">What a filter takes.</param>
/// <param name="Hint">A second word: the network's number, the address's region, the name of a target that the filter knows by number.</param>
public sealed record RankedFigure(string Key, string Hint, long Count, long Before, long Succeeded);

/// <summary>Whether silence can be believed.</summary>
/// <param name="Reporting">Sources that sent something in the last ten minutes.</param>
/// <param name="Completeness">Share of what was received that is stored, per cent.</param>
public sealed record CoverageFigures(int Sources, int Reporting, double Completeness, int Rules, double EventsPerSecond);

/// <summary>What attacks came to, over one span and the span before it.</summary>
public sealed record AttackFigures(
    OutcomeFigures Outcomes, OutcomeFigures OutcomesBefore, IReadOnlyList<TrendBar> Trend, IReadOnlyList<TrendBar> TrendBefore,
    IReadOnlyList<RankedFigure> Classes, IReadOnlyList<RankedFigure> Regions, IReadOnlyList<RankedFigure> Networks,
    IReadOnlyList<RankedFigure> Addresses, IReadOnlyList<RankedFigure> Targets, long AddressCount);

/// <summary>The dashboard's figures of one tenant.</summary>
public interface IDashboardData
{
    Task<AttackFigures> AttacksAsync(uint tenant, TimeRange range, CancellationToken stop);
    Task<CoverageFigures> CoverageAsync(uint tenant, CancellationToken stop);
}

/// <summary>Turns figures by class into what the page shows by family.</summary>
public static class Families
{
    /// <summary>Every family that occurs, the most frequent first; all eight where none does.</summary>
    public static IReadOnlyList<RankedFigure> Sum(IReadOnlyList<RankedFigure> classes) =>
        [.. AttackFamilies.All
            .Select(f => (Family: f, Of: classes.Where(c => AttackFamilies.Of(c.Key) == f).ToList()))
            .Select(f => new RankedFigure(f.Family, "", f.Of.Sum(c => c.Count), f.Of.Sum(c => c.Before), f.Of.Sum(c => c.Succeeded)))
            .Where(f => f.Key != "other" || f.Count > 0)
            .OrderByDescending(f => f.Count)];

    /// <summary>The count of a family in each bar.</summary>
    public static long[] Series(IReadOnlyList<TrendBar> bars, string family) =>
        [.. bars.Select(b => b.Classes.Where(c => AttackFamilies.Of(c.Key) == family).Sum(c => c.Value))];
}
