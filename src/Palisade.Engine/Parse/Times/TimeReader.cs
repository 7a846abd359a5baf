using System.Buffers.Text;

namespace Palisade.Engine.Parse.Times;

/// <summary>Reads the times that logs carry. Pure arithmetic on bytes: no culture, no allocation.</summary>
public static class TimeReader
{
    /// <summary>Reads a time at the start of <paramref name="text"/>.</summary>
    /// <param name="receivedMs">Receipt, Unix ms: gives the year to stamps that have none, and tells apart the two passes of an hour that the clocks show twice.</param>
    /// <param name="zone">Zone of stamps without one.</param>
    /// <param name="ms">Unix milliseconds UTC.</param>
    /// <param name="used">Bytes read.</param>
    public static bool TryRead(TimeFormat format, ReadOnlySpan<byte> text, long receivedMs, ZoneTable zone, out long ms, out int used) => format switch
    {
        TimeFormat.Clf => TryClf(text, out ms, out used),
        TimeFormat.Iso => TryIso(text, receivedMs, zone, out ms, out used),
        TimeFormat.Bsd => TryBsd(text, receivedMs, zone, out ms, out used),
        TimeFormat.Asctime => TryAsctime(text, receivedMs, zone, out ms, out used),
        TimeFormat.Slashes => TrySlashes(text, receivedMs, zone, out ms, out used),
        TimeFormat.Date => TryDate(text, out ms, out used),
        TimeFormat.Clock => TryClock(text, out ms, out used),
        _ => TryEpoch(text, out ms, out used),
    };

    /// <summary>What a time of this format begins with: <c>0</c> stands for a digit, <c>a</c> for a letter, <c>?</c> for any byte.</summary>
    internal static string Begin(TimeFormat format) => format switch
    {
        TimeFormat.Clf => "00/aaa/0000:00:00:00 ",
        TimeFormat.Iso => "0000-00-00?00:00:00",
        TimeFormat.Bsd => "aaa ",
        TimeFormat.Asctime => "a?? aaa ",
        TimeFormat.Slashes => "0000/00/00 00:00:00",
        TimeFormat.Date => "0000-00-00",
        TimeFormat.Clock => "00:00:00",
        _ => "000000000",
    };

    /// <summary>Reads a time in whichever format of a JSON or key=value field it stands: ISO 8601 or an epoch number.</summary>
    public static bool TryAny(ReadOnlySpan<byte> text, long receivedMs, ZoneTable zone, out long ms) =>
        (TryIso(text, receivedMs, zone, out ms, out var used) && used == text.Length) ||
        (TryEpoch(text, out ms, out used) && used == text.Length) ||
        (TryClf(text, out ms, out used) && used == text.Length) ||
        (TryBsd(text, receivedMs, zone, out ms, out used) && used == text.Length);

    // 25/Oct/2016:14:49:33 +0200
    // 0  3   7    12 15 18 21
    private static bool TryClf(ReadOnlySpan<byte> t, out long ms, out int used)
    {
        ms = 0; used = 26;
        if (t.Length < 26 || t[2] != '/' || t[6] != '/' || t[11] != ':' || t[14] != ':' || t[17] != ':' || t[20] != ' ') return false;
        return Two(t, 0, out var day) & Month(t[3..], out var month) & Four(t, 7, out var year) & Clock(t[12..], out var clock)
            & Zone(t[21..], out var zone, out var zoneUsed) && zoneUsed == 5 && Civil(year, month, day, clock, zone, out ms);
    }

    // 2026-11-24T10:00:00.123+08:00
    private static bool TryIso(ReadOnlySpan<byte> t, long receivedMs, ZoneTable zone, out long ms, out int used)
    {
        ms = 0; used = 0;
        if (t.Length < 19 || t[4] != '-' || t[7] != '-' || (t[10] != 'T' && t[10] != ' ' && t[10] != 't') || t[13] != ':' || t[16] != ':') return false;
        if (!(Four(t, 0, out var year) & Two(t, 5, out var month) & Two(t, 8, out var day) & Clock(t[11..], out var clock))) return false;
        used = 19;
        used += Fraction(t[used..], out var fraction);
        if (Zone(t[used..], out var minutes, out var zoneUsed))
        {
            used += zoneUsed;
            if (!Civil(year, month, day, clock, minutes, out ms)) return false;
        }
        else if (!Local(year, month, day, clock, receivedMs, zone, out ms)) return false;
        ms += fraction;
        return true;
    }

    // Feb  9 21:19:40   or   Feb 9 21:19:40   or   Feb  9 2021 21:19:40
    private static bool TryBsd(ReadOnlySpan<byte> t, long receivedMs, ZoneTable zone, out long ms, out int used)
    {
        ms = 0; used = 0;
        if (t.Length < 14 || t[3] != ' ' || !Month(t, out var month)) return false;
        var i = t[4] == ' ' ? 5 : 4;
        if (!Utf8Parser.TryParse(t[i..], out int day, out var n) || n > 2) return false;
        i += n;
        if (i >= t.Length || t[i] != ' ') return false;
        i++;
        var year = 0;
        if (t.Length >= i + 13 && t[i + 4] == ' ' && Four(t, i, out var written)) { year = written; i += 5; }
        if (t.Length < i + 8 || !Clock(t[i..], out var clock)) return false;
        used = i + 8;
        used += Fraction(t[used..], out var fraction);
        if (year != 0)
        {
            if (!Local(year, month, day, clock, receivedMs, zone, out ms)) return false;
        }
        else
        {
            if (!Nearest(month, day, clock, receivedMs, null, zone, out ms)) return false;
        }
        ms += fraction;
        return true;
    }

    /// <summary>
    /// Gives a stamp without a year the year that puts it nearest before receipt, a day of clock error allowed: a December line read in
    /// January is last year's; 29 February belongs to a leap year.
    /// </summary>
    internal static bool Nearest(int month, int day, int clock, long receivedMs, int? minutes, ZoneTable zone, out long ms)
    {
        ms = 0;
        var now = DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(receivedMs, 0, 253_402_300_799_999)).Year;
        for (var year = now + 1; year >= now - 4; year--)
            if ((minutes is { } east ? Civil(year, month, day, clock, east, out ms) : Local(year, month, day, clock, receivedMs, zone, out ms)) && ms <= receivedMs + 86_400_000) return true;
        return false;
    }

    // 2026-11-24: milliseconds of its midnight
    private static bool TryDate(ReadOnlySpan<byte> t, out long ms, out int used)
    {
        ms = 0; used = 10;
        return t.Length >= 10 && t[4] == '-' && t[7] == '-' && (Four(t, 0, out var year) & Two(t, 5, out var month) & Two(t, 8, out var day)) && Civil(year, month, day, 0, 0, out ms);
    }

    // 10:00:00.123: milliseconds of the day
    private static bool TryClock(ReadOnlySpan<byte> t, out long ms, out int used)
    {
        ms = 0; used = 8;
        if (!Clock(t, out var seconds)) return false;
        used += Fraction(t[8..], out var fraction);
        ms = seconds * 1000L + fraction;
        return true;
    }

    // Wed Oct 20 19:20:59.121211 2021
    private static bool TryAsctime(ReadOnlySpan<byte> t, long receivedMs, ZoneTable zone, out long ms, out int used)
    {
        ms = 0; used = 0;
        if (t.Length < 24 || t[3] != ' ' || t[7] != ' ' || !Month(t[4..], out var month)) return false;
        var i = t[8] == ' ' ? 9 : 8;
        if (!Utf8Parser.TryParse(t[i..], out int day, out var n) || n > 2) return false;
        i += n + 1;
        if (t.Length < i + 13 || !Clock(t[i..], out var clock)) return false;
        i += 8;
        i += Fraction(t[i..], out var fraction);
        if (t.Length < i + 5 || t[i] != ' ' || !Four(t, i + 1, out var year) || !Local(year, month, day, clock, receivedMs, zone, out ms)) return false;
        ms += fraction;
        used = i + 5;
        return true;
    }

    private static bool TrySlashes(ReadOnlySpan<byte> t, long receivedMs, ZoneTable zone, out long ms, out int used)
    {
        ms = 0; used = 19;
        return t.Length >= 19 && t[4] == '/' && t[7] == '/' && t[10] == ' '
            && (Four(t, 0, out var year) & Two(t, 5, out var month) & Two(t, 8, out var day) & Clock(t[11..], out var clock))
            && Local(year, month, day, clock, receivedMs, zone, out ms);
    }

    private static bool TryEpoch(ReadOnlySpan<byte> t, out long ms, out int used)
    {
        ms = 0;
        if (!Utf8Parser.TryParse(t, out long whole, out used) || used < 9 || whole < 0) return false;
        var fraction = 0;
        switch (used)
        {
            case <= 10: used += Fraction(t[used..], out fraction); ms = whole * 1000 + fraction; break;
            case <= 13: ms = whole; break;
            case <= 16: ms = whole / 1000; break;
            default: ms = whole / 1_000_000; break;
        }
        return true;
    }

    private static bool Two(ReadOnlySpan<byte> t, int at, out int value)
    {
        int a = t[at] - '0', b = t[at + 1] - '0';
        value = a * 10 + b;
        return (uint)a < 10 && (uint)b < 10;
    }

    private static bool Four(ReadOnlySpan<byte> t, int at, out int value)
    {
        var ok = Two(t, at, out var high) & Two(t, at + 2, out var low);
        value = high * 100 + low;
        return ok;
    }

    // hh:mm:ss to seconds; a leap second counts as :59
    private static bool Clock(ReadOnlySpan<byte> t, out int seconds)
    {
        seconds = 0;
        if (t.Length < 8 || t[2] != ':' || t[5] != ':' || !(Two(t, 0, out var h) & Two(t, 3, out var m) & Two(t, 6, out var s))) return false;
        seconds = h * 3600 + m * 60 + Math.Min(s, 59);
        return h < 24 && m < 60 && s < 61;
    }

    // .123456 or ,123: milliseconds; returns bytes used
    internal static int Fraction(ReadOnlySpan<byte> t, out int ms)
    {
        ms = 0;
        if (t.Length < 2 || (t[0] != '.' && t[0] != ',')) return 0;
        int i = 1, scale = 100;
        for (; i < t.Length && (uint)(t[i] - '0') < 10; i++, scale /= 10) ms += (t[i] - '0') * scale;
        return i == 1 ? 0 : i;
    }

    // Letters that stand for one offset each (minutes). CST is China's: our users' hosts write it; US Central is -0600 in numbers there.
    private static readonly (string Name, short Minutes)[] ZoneNames =
    [
        ("UTC", 0), ("GMT", 0), ("WET", 0), ("WEST", 60), ("BST", 60), ("CET", 60), ("CEST", 120), ("MET", 60), ("MEST", 120), ("EET", 120), ("EEST", 180), ("MSK", 180),
        ("IST", 330), ("CST", 480), ("HKT", 480), ("SGT", 480), ("AWST", 480), ("JST", 540), ("KST", 540), ("AEST", 600), ("AEDT", 660), ("NZST", 720), ("NZDT", 780),
        ("EST", -300), ("EDT", -240), ("CDT", -300), ("MST", -420), ("MDT", -360), ("PST", -480), ("PDT", -420), ("AKST", -540), ("AKDT", -480), ("HST", -600), ("BRT", -180),
    ];

    // Z, +0800, +08:00, +08, " UTC", " CEST"
    internal static bool Zone(ReadOnlySpan<byte> t, out int minutes, out int used)
    {
        minutes = 0; used = 0;
        if (t.Length > 0 && (t[0] == 'Z' || t[0] == 'z')) { used = 1; return true; }
        var i = t.Length > 0 && t[0] == ' ' ? 1 : 0;
        if (i < t.Length && (uint)(t[i] - 'A') < 26)
        {
            var n = i;
            while (n < t.Length && (uint)(t[n] - 'A') < 26) n++;
            if (n < t.Length && ((uint)(t[n] - 'a') < 26 || (uint)(t[n] - '0') < 10)) return false;
            foreach (var (name, offset) in ZoneNames)
                if (System.Text.Ascii.Equals(t[i..n], name)) { minutes = offset; used = n; return true; }
            return false;
        }
        if (t.Length < i + 3 || (t[i] != '+' && t[i] != '-') || !Two(t, i + 1, out var h)) return false;
        used = i + 3;
        var m = 0;
        var colon = t.Length > used && t[used] == ':' ? 1 : 0;
        if (t.Length >= used + colon + 2 && Two(t, used + colon, out var written)) { m = written; used += colon + 2; }
        minutes = (t[i] == '-' ? -1 : 1) * (h * 60 + m);
        return h <= 14 && m < 60;
    }

    internal static bool Month(ReadOnlySpan<byte> t, out int month)
    {
        month = 0;
        if (t.Length < 3) return false;
        month = ((t[0] | 32) << 16 | (t[1] | 32) << 8 | (t[2] | 32)) switch
        {
            'j' << 16 | 'a' << 8 | 'n' => 1, 'f' << 16 | 'e' << 8 | 'b' => 2, 'm' << 16 | 'a' << 8 | 'r' => 3, 'a' << 16 | 'p' << 8 | 'r' => 4,
            'm' << 16 | 'a' << 8 | 'y' => 5, 'j' << 16 | 'u' << 8 | 'n' => 6, 'j' << 16 | 'u' << 8 | 'l' => 7, 'a' << 16 | 'u' << 8 | 'g' => 8,
            's' << 16 | 'e' << 8 | 'p' => 9, 'o' << 16 | 'c' << 8 | 't' => 10, 'n' << 16 | 'o' << 8 | 'v' => 11, 'd' << 16 | 'e' << 8 | 'c' => 12,
            _ => 0,
        };
        return month != 0;
    }

    /// <summary>A stamp without a zone of its own.</summary>
    internal static bool Local(int year, int month, int day, int seconds, long receivedMs, ZoneTable zone, out long ms)
    {
        if (!Civil(year, month, day, seconds, 0, out ms)) return false;
        ms = zone.ToUtc(ms, receivedMs);
        return true;
    }

    internal static bool Civil(int year, int month, int day, int seconds, int zoneMinutes, out long ms)
    {
        ms = 0;
        if (year is < 1970 or > 9999 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)) return false;
        // Days since 1970-01-01 by counting March-based years of 400-year eras.
        long y = month <= 2 ? year - 1 : year;
        var era = y / 400;
        var yearOfEra = y - era * 400;
        var dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
        var days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468;
        ms = (days * 86_400 + seconds - zoneMinutes * 60L) * 1000;
        return true;
    }
}
