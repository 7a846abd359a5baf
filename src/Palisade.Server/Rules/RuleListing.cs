using Palisade.Protocol;
using Palisade.Server.Storage;

namespace Palisade.Server.Rules;

/// <summary>Whether a rule fired in the span that is looked at, may fire, or cannot.</summary>
public enum RuleFires { Fired, Can, Never }

/// <summary>A page of the list of rules, and what is counted above it.</summary>
/// <param name="Found">Rules that fit the filter, of which <paramref name="Rows"/> are one page.</param>
public sealed record RuleListing(IReadOnlyList<RuleView> Rows, int Found, int Page, int Pages)
{
    /// <summary>Rules of a page.</summary>
    public const int PageSize = 50;

    /// <summary>Bars of a chart.</summary>
    public const int MostBars = 1000;

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>Narrows, orders and cuts.</summary>
    /// <param name="fires">Null: no matter.</param>
    /// <param name="sort">name, level; anything else: most hits first.</param>
    /// <param name="hits">Null: the event store did not answer.</param>
    /// <param name="reach">Null: not known yet; then no rule can be said to be able to fire or not.</param>
    public static RuleListing Of(
        IEnumerable<RuleView> all, RuleFilter filter, RuleFires? fires, string? sort, int page, IReadOnlyDictionary<string, RuleHits>? hits, TenantReach? reach)
    {
        long Hits(RuleView rule) => hits?.GetValueOrDefault(rule.Info.Id)?.Count ?? 0;
        var fitting = all.Where(filter.Fits).Where(r => fires switch
        {
            RuleFires.Fired => Hits(r) > 0,
            RuleFires.Can => reach?.Of(r) is { CanFire: true },
            RuleFires.Never => reach?.Of(r) is { CanFire: false },
            _ => true,
        });
        var ordered = sort switch
        {
            "name" => fitting.OrderBy(r => r.Info.Name, StringComparer.OrdinalIgnoreCase),
            "level" => fitting.OrderByDescending(r => r.Level).ThenByDescending(Hits),
            _ => fitting.OrderByDescending(Hits).ThenByDescending(r => r.Level),
        };
        var found = ordered.ThenBy(r => r.Info.Name, StringComparer.OrdinalIgnoreCase).ThenBy(r => r.Info.Id, StringComparer.Ordinal).ToList();
        var pages = Math.Max(1, (found.Count + PageSize - 1) / PageSize);
        page = Math.Clamp(page, 1, pages);
        return new RuleListing([.. found.Skip((page - 1) * PageSize).Take(PageSize)], found.Count, page, pages);
    }

    /// <summary>Hits by buckets of equal length, empty ones as zero, the first where its bucket begins; <see cref="MostBars"/> at the most.</summary>
    public static IReadOnlyList<(DateTimeOffset Start, long Count)> Even(IEnumerable<HitBucket> hits, TimeRange range, TimeSpan bucket)
    {
        var counts = hits.GroupBy(h => Floor(h.Start, bucket)).ToDictionary(g => g.Key, g => g.Sum(h => h.Count));
        var even = new List<(DateTimeOffset, long)>();
        for (var start = Floor(range.From, bucket); start < range.To && even.Count < MostBars; start += bucket) even.Add((start, counts.GetValueOrDefault(start)));
        return even;
    }

    /// <summary>What to draw of hits in records that were received in a span: that span where hits tell a time in it, else the span of the hits themselves, the end of it where it is too long.</summary>
    public static (TimeRange Range, TimeSpan Bucket) Drawn(IReadOnlyList<HitBucket> hits, TimeRange range, TimeSpan bucket)
    {
        if (hits.Count == 0 || hits.Any(h => h.Start + bucket > range.From && h.Start < range.To)) return (range, bucket);
        var (first, last) = (hits.Min(h => h.Start), hits.Max(h => h.Start));
        if (bucket < Day && (last - first) / bucket >= MostBars) bucket = Day;
        var end = Floor(last, bucket) + bucket;
        var most = bucket * MostBars;
        return (new TimeRange(end - first > most ? end - most : first, end), bucket);
    }

    private static DateTimeOffset Floor(DateTimeOffset time, TimeSpan bucket) => new(time.UtcTicks / bucket.Ticks * bucket.Ticks, TimeSpan.Zero);
}
