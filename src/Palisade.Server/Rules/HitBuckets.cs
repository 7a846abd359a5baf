using Palisade.Server.Storage;

namespace Palisade.Server.Rules;

/// <summary>Counts hits over time, bounded: records may tell any time, so where buckets become too many they become longer, and no hit is lost.</summary>
/// <param name="bucket">How long a bucket is at first.</param>
internal sealed class HitBuckets(TimeSpan bucket)
{
    /// <summary>Buckets at the most: ninety days by the hour.</summary>
    public const int Most = 2_200;

    private static readonly long Day = (long)TimeSpan.FromDays(1).TotalMilliseconds;
    private Dictionary<long, long> counts = [];
    private long step = (long)bucket.TotalMilliseconds;

    /// <summary>How long a bucket is now.</summary>
    public TimeSpan Bucket => TimeSpan.FromMilliseconds(step);

    /// <summary>Those with hits, by time.</summary>
    public IReadOnlyList<HitBucket> List => [.. counts.OrderBy(c => c.Key).Select(c => new HitBucket(DateTimeOffset.FromUnixTimeMilliseconds(c.Key), c.Value))];

    /// <param name="timeMs">Milliseconds since 1970, UTC.</param>
    public void Add(long timeMs)
    {
        Count(Start(timeMs), 1);
        while (counts.Count > Most) Widen();
    }

    private void Widen()
    {
        step = step < Day ? Day : step * 2;
        var narrow = counts;
        counts = [];
        foreach (var (start, hits) in narrow) Count(Start(start), hits);
    }

    private void Count(long start, long hits) => counts[start] = counts.GetValueOrDefault(start) + hits;

    private long Start(long timeMs) => timeMs / step * step;
}
