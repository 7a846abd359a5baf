using Palisade.Server.Streaming;

namespace Palisade.Server.Sources;

/// <summary>Which zone a source's stamps seem to be written in.</summary>
internal static class SourceZone
{
    /// <summary>The zone to set so that the skew goes away; null when the skew does not look like a zone.</summary>
    /// <param name="set">The zone set now; empty: none, and stamps count as UTC.</param>
    public static string? Suggested(string set, ClockSkew skew, DateTimeOffset now)
    {
        if (skew.ZoneMinutes == 0) return null;
        var east = (Zones.Find(set)?.OffsetAt(now.ToUnixTimeMilliseconds()) ?? 0) / 60_000 + skew.ZoneMinutes;
        return Math.Abs(east) <= 14 * 60 ? Zones.NameOf(east) : null;
    }
}
