using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using Palisade.Engine.Parse.Times;

namespace Palisade.Server.Sources;

/// <summary>Time zones by name, as tables that the engine reads: IANA names from the machine's tz database, and offsets.</summary>
public static class Zones
{
    /// <summary>Longest name, characters.</summary>
    public const int MaxName = 64;
    /// <summary>What a refused name is answered with.</summary>
    public const string Form = "a zone is an IANA name such as Asia/Shanghai, or an offset such as +08:00";

    private const long Hour = 3_600_000;
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-");
    private static readonly long From = DateTimeOffset.UnixEpoch.ToUnixTimeMilliseconds(), To = new DateTimeOffset(2101, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    private static readonly ConcurrentDictionary<string, ZoneTable> Known = new(StringComparer.Ordinal);      // bounded: names that exist

    /// <summary>Zones without summer time, one for each offset that has a well-known one: what an offset is called for people.</summary>
    private static readonly (int Minutes, string Name)[] Steady =
    [
        (0, "UTC"), (180, "Europe/Moscow"), (240, "Asia/Dubai"), (300, "Asia/Karachi"), (330, "Asia/Kolkata"), (345, "Asia/Kathmandu"), (360, "Asia/Dhaka"),
        (390, "Asia/Yangon"), (420, "Asia/Bangkok"), (480, "Asia/Shanghai"), (540, "Asia/Tokyo"), (600, "Australia/Brisbane"), (-180, "America/Sao_Paulo"),
    ];

    /// <summary>Names worth offering; every IANA name is taken.</summary>
    public static IReadOnlyList<string> Common { get; } =
    [
        "UTC", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "Asia/Seoul", "Asia/Bangkok", "Asia/Jakarta", "Asia/Kolkata", "Asia/Dubai",
        "Europe/London", "Europe/Berlin", "Europe/Paris", "Europe/Moscow", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Sao_Paulo",
        "Australia/Sydney", "Africa/Johannesburg",
    ];

    /// <summary>The zone of this name; null when there is none.</summary>
    public static ZoneTable? Find(string name)
    {
        if (Known.TryGetValue(name, out var known)) return known;
        if (name.Length is 0 or > MaxName) return null;
        if (Offset(name) is { } minutes) return Known.GetOrAdd(name, ZoneTable.Fixed(name, minutes));
        if (!char.IsAsciiLetter(name[0]) || name.AsSpan().ContainsAnyExcept(NameCharacters)) return null;
        return TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? Known.GetOrAdd(name, Table(name, zone)) : null;
    }

    /// <summary>What an offset is called: a zone that keeps it all year where one is well known, else the offset itself.</summary>
    public static string NameOf(int minutes)
    {
        foreach (var (east, name) in Steady) if (east == minutes) return name;
        return string.Create(CultureInfo.InvariantCulture, $"{(minutes < 0 ? '-' : '+')}{Math.Abs(minutes) / 60:00}:{Math.Abs(minutes) % 60:00}");
    }

    // Z, +8, +08, +0800, +08:00: minutes east of UTC
    private static int? Offset(string text)
    {
        if (text is "Z" or "UTC" or "utc") return 0;
        if (text.Length < 2 || text[0] is not ('+' or '-')) return null;
        var digits = text[1..];
        int hours, minutes = 0;
        var colon = digits.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 ? colon > 2 || digits.Length != colon + 3 : digits.Length is not (1 or 2 or 4)) return null;
        var cut = colon > 0 ? colon : Math.Min(digits.Length, 2);
        if (!int.TryParse(digits.AsSpan(0, cut), NumberStyles.None, CultureInfo.InvariantCulture, out hours)) return null;
        var rest = digits.AsSpan(colon > 0 ? colon + 1 : cut);
        if (rest.Length > 0 && !int.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out minutes)) return null;
        if (minutes > 59 || hours * 60 + minutes > 14 * 60) return null;
        return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
    }

    // The changes of a zone are found, not read: an offset is asked for each day, and between two that differ the instant is searched.
    private static ZoneTable Table(string name, TimeZoneInfo zone)
    {
        int At(long ms) => (int)zone.GetUtcOffset(DateTimeOffset.FromUnixTimeMilliseconds(ms)).TotalMilliseconds;
        var starts = new List<long>();
        var offsets = new List<int> { At(From) };
        for (var day = From; day < To; day += 24 * Hour)
        {
            long low = day, high = day + 24 * Hour;
            var next = At(high);
            if (next == offsets[^1]) continue;
            while (high - low > 1000) { var middle = low + (high - low) / 2000 * 1000; if (middle == low) break; if (At(middle) == next) high = middle; else low = middle; }
            starts.Add(high);
            offsets.Add(next);
        }
        return new ZoneTable(name, [.. starts], [.. offsets]);
    }
}
