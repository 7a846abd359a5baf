using System.Globalization;

namespace Palisade.Server.Console;

/// <summary>The time range in the address: <c>?from=now-24h&amp;to=now</c>, or ISO instants.</summary>
/// <param name="FromText">As written in the address.</param>
public sealed record TimeRange(DateTimeOffset From, DateTimeOffset To, string FromText, string ToText)
{
    public const string Default = "now-24h";

    public static IReadOnlyList<string> Presets { get; } = ["now-15m", "now-1h", "now-24h", "now-7d", "now-30d"];

    public TimeSpan Length => To - From;
    public bool IsLive => ToText == "now";

    /// <summary>The span of the same length that ends where this one begins.</summary>
    public TimeRange Before => new(From - Length, From, "", "");

    /// <summary>A bar of a time chart: at most 60 bars, at round times.</summary>
    public TimeSpan Bucket => Length.TotalMinutes switch
    {
        <= 20 => TimeSpan.FromMinutes(1),
        <= 90 => TimeSpan.FromMinutes(5),
        <= 36 * 60 => TimeSpan.FromHours(1),
        <= 8 * 24 * 60 => TimeSpan.FromHours(6),
        _ => TimeSpan.FromDays(1),
    };

    /// <summary>The preset's name in the texts, or "custom".</summary>
    public string Key => IsLive && Presets.Contains(FromText) ? FromText : "custom";

    /// <summary>Reads the query; what does not parse, or runs backwards, becomes the last 24 hours.</summary>
    public static TimeRange Parse(string? from, string? to, DateTimeOffset now)
    {
        var (fromText, toText) = (from is { Length: > 0 } ? from : Default, to is { Length: > 0 } ? to : "now");
        return Instant(fromText, now) is { } start && Instant(toText, now) is { } end && start < end
            ? new TimeRange(start, end, fromText, toText)
            : new TimeRange(now.AddHours(-24), now, Default, "now");
    }

    private static DateTimeOffset? Instant(string text, DateTimeOffset now)
    {
        if (text == "now") return now;
        if (text.StartsWith("now-", StringComparison.Ordinal) && text.Length > 5
            && int.TryParse(text.AsSpan(4, text.Length - 5), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is > 0 and <= 5000)
        {
            return text[^1] switch { 'm' => now.AddMinutes(-count), 'h' => now.AddHours(-count), 'd' => now.AddDays(-count), _ => null };
        }
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : null;
    }
}
