using System.Globalization;

namespace Palisade.Engine.Detect.Sigma.Oracle;

/// <summary>Numbers and times in rules and logs.</summary>
internal static class OracleNumber
{
    /// <summary>A whole number of the YAML 1.2 core schema.</summary>
    public static long? Whole(string text)
    {
        if (text.StartsWith("0x", StringComparison.Ordinal)) return long.TryParse(text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex) ? hex : null;
        if (text.StartsWith("0o", StringComparison.Ordinal) && text.Length > 2 && text.Length < 23 && text[2..].All(c => c is >= '0' and <= '7')) return text[2..].Aggregate(0L, (n, c) => n * 8 + (c - '0'));
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole : null;
    }

    public static double? InRule(string text)
    {
        if (Whole(text) is { } whole) return whole;
        return double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var n) && double.IsFinite(n) ? n : null;
    }

    /// <summary>A log writes numbers in decimal or as 0x.</summary>
    public static double? InLog(string text)
    {
        // .NET takes a number that NUL characters follow.
        if (text.Length > 40 || text.Contains('\0')) return null;
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && ulong.TryParse(text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex)) return hex;
        return double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var n) && double.IsFinite(n) ? n : null;
    }

    /// <summary>A part of a time in its own offset; a bare number is Unix time, UTC.</summary>
    public static double? Part(string text, string part)
    {
        DateTimeOffset time;
        if (InLog(text) is { } unix && !text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            var ms = Math.Abs(unix) < 1e11 ? unix * 1000 : unix;
            if (Math.Abs(ms) > 2e14) return null;
            time = DateTimeOffset.FromUnixTimeMilliseconds((long)ms);
        }
        else if (text.Length > 48 || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time)) return null;
        return part switch
        {
            "minute" => time.Minute,
            "hour" => time.Hour,
            "day" => time.Day,
            "week" => ISOWeek.GetWeekOfYear(time.DateTime),
            "month" => time.Month,
            _ => time.Year,
        };
    }
}
