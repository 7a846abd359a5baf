namespace Palisade.Engine.Parse.Times;

/// <summary>How a time stands in a line.</summary>
public enum TimeFormat : byte
{
    /// <summary>25/Oct/2016:14:49:33 +0200 (Common Log Format).</summary>
    Clf,
    /// <summary>ISO 8601 / RFC 3339, with 'T' or a blank, fraction and zone optional; a comma may stand before the fraction.</summary>
    Iso,
    /// <summary>Feb  9 21:19:40, the year taken from the time of receipt (RFC 3164 section 4.1.2).</summary>
    Bsd,
    /// <summary>Wed Oct 20 19:20:59.121211 2021 (Apache error log, asctime).</summary>
    Asctime,
    /// <summary>2026/11/24 10:00:00 (nginx error log).</summary>
    Slashes,
    /// <summary>Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by magnitude; fraction allowed.</summary>
    Epoch,
    /// <summary>date: 2026-11-24, the day alone; the clock stands elsewhere in the record.</summary>
    Date,
    /// <summary>clock: 10:00:00.123, the time of day alone; the date stands elsewhere in the record.</summary>
    Clock,
    /// <summary>A <see cref="TimeLayout"/>.</summary>
    Layout,
}
