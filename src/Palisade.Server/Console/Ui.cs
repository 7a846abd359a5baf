using System.Globalization;

namespace Palisade.Server.Console;

/// <summary>
/// The words and number forms of the person in front of the screen. One a circuit; the program's own culture is invariant,
/// so language, zone and digits are chosen here and nowhere else.
/// </summary>
public sealed class Ui(TextCatalogue catalogue, TimeProvider clock)
{
    public string Language { get; private set; } = TextCatalogue.English;
    public TimeZoneInfo Zone { get; private set; } = TimeZoneInfo.Utc;
    public bool Chinese => Language == TextCatalogue.Chinese;
    public string this[string key] => catalogue.Get(Language, key);
    public DateTimeOffset Now => clock.GetUtcNow();

    public void Speak(string language) => Language = language;

    /// <summary>The tenant's zone; an unknown name falls back to UTC, which every time says.</summary>
    public void LiveIn(string zone) => Zone = TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) ? found : TimeZoneInfo.Utc;

    public string Say(string key, params object[] values) => string.Format(CultureInfo.InvariantCulture, this[key], values);

    /// <summary>key.one or key.other; {0} is the number, further values follow.</summary>
    public string Count(string key, long count, params object[] values)
    {
        var form = count == 1 && catalogue.Has(Language, key + ".one") ? ".one" : ".other";
        return Say(key + form, [Number(count), .. values]);
    }

    /// <summary>The rule's own words in the person's language, English where there are no others.</summary>
    public string Pick(string english, string chinese) => Chinese && chinese.Length > 0 ? chinese : english;

    public string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A size in the largest unit of 1,024 it fills.</summary>
    public string Bytes(long value) => value < 1 << 10 ? $"{Number(value)} B" : value < 1 << 20 ? $"{Short(value / 1024.0)} KiB" : value < 1 << 30 ? $"{Short(value / 1048576.0)} MiB" : $"{Short(value / 1073741824.0)} GiB";

    public string Compact(double value) => Chinese
        ? value >= 1e8 ? Short(value / 1e8) + " 亿" : value >= 1e4 ? Short(value / 1e4) + " 万" : Number((long)value)
        : value >= 1e9 ? Short(value / 1e9) + "B" : value >= 1e6 ? Short(value / 1e6) + "M" : value >= 1e4 ? Short(value / 1e3) + "k" : Number((long)value);

    public string Percent(double share) =>
        share <= 0 ? "0%" : share < 0.001 ? "< 0.1%" : share is > 0.999 and < 1 ? "> 99.9%" : (share * 100).ToString("0.#", CultureInfo.InvariantCulture) + "%";

    /// <summary>Change with its sign and a true minus; empty where there is nothing to compare with.</summary>
    public static string Delta(long now, long before)
    {
        if (before == 0) return "";
        var change = (double)(now - before) / before * 100;
        var shown = Math.Abs(change) is > 0 and < 10 ? Math.Abs(change).ToString("0.#", CultureInfo.InvariantCulture) : Math.Round(Math.Abs(change)).ToString(CultureInfo.InvariantCulture);
        return (change < 0 ? "−" : "+") + shown + "%";
    }

    public DateTimeOffset Local(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, Zone);

    /// <summary>Today 03:02, this year 23 Nov 03:02, else with the year.</summary>
    public string Time(DateTimeOffset at) => Local(at).Date == Local(Now).Date ? Minute(at) : DayAndMinute(at);

    /// <summary>From when to when: each with its day, or only the first where both are of one.</summary>
    public string Span(DateTimeOffset from, DateTimeOffset to) =>
        Local(from).Date == Local(to).Date ? Say("time.span", Time(from), Minute(to)) : Say("time.span", DayAndMinute(from), DayAndMinute(to));

    private string Minute(DateTimeOffset at) => Local(at).ToString("HH:mm", CultureInfo.InvariantCulture);

    private string DayAndMinute(DateTimeOffset at)
    {
        var (local, thisYear) = (Local(at), Local(at).Year == Local(Now).Year);
        if (Chinese) return thisYear ? $"{local.Month}月{local.Day}日 {Minute(at)}" : $"{local.Year}年{local.Month}月{local.Day}日 {Minute(at)}";
        return local.ToString(thisYear ? "d MMM HH:mm" : "d MMM yyyy HH:mm", CultureInfo.InvariantCulture);
    }

    public string Clock(DateTimeOffset at) => Local(at).ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>Whole, with zone: what a title shows on hover.</summary>
    public string Exact(DateTimeOffset at) => Local(at).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " (" + Offset(at) + ")";

    /// <summary>The page head's date: day, time, and the offset once.</summary>
    public string Today()
    {
        var now = Local(Now);
        return Chinese
            ? $"{now.Year}年{now.Month}月{now.Day}日 周{"日一二三四五六"[(int)now.DayOfWeek]} {now:HH:mm}（{Offset(now)}）"
            : now.ToString("ddd d MMM yyyy, HH:mm", CultureInfo.InvariantCulture) + $" ({Offset(now)})";
    }

    /// <summary>Relative under a day, else the time itself.</summary>
    public string Ago(DateTimeOffset at)
    {
        var age = Now - at;
        if (age < TimeSpan.FromMinutes(1)) return Say("time.seconds", Math.Max(0, (int)age.TotalSeconds));
        if (age < TimeSpan.FromHours(1)) return Say("time.minutes", (int)age.TotalMinutes);
        return age < TimeSpan.FromDays(1) ? Say("time.hours", (int)age.TotalHours) : Time(at);
    }

    /// <summary>"3 m ago" under a day, else the time itself.</summary>
    public string Since(DateTimeOffset at) => Now - at < TimeSpan.FromDays(1) ? Say("time.ago", Ago(at)) : Time(at);

    private string Offset(DateTimeOffset at)
    {
        var offset = Zone.GetUtcOffset(at);
        var text = offset.Minutes == 0 ? Math.Abs(offset.Hours).ToString(CultureInfo.InvariantCulture) : offset.ToString(@"h\:mm", CultureInfo.InvariantCulture);
        return offset == TimeSpan.Zero ? "UTC" : "UTC" + (offset < TimeSpan.Zero ? "−" : "+") + text;
    }

    private static string Short(double value) => value.ToString(value >= 100 ? "0" : "0.#", CultureInfo.InvariantCulture);
}
