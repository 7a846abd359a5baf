using System.Text;
using Palisade.Engine.Parse.Patterns;

namespace Palisade.Engine.Parse.Times;

/// <summary>
/// A time layout written in letters as in .NET and Unicode TR35: <c>yyyy yy MM M MMM dd d EEE HH H hh mm ss f tt zzz</c>; every other
/// character stands for itself, and a letter that is meant literally stands in apostrophes. <c>f</c> takes any digits of a fraction with
/// the point or comma before it, or nothing. <c>zzz</c> takes +08:00, +0800, +08, Z, or a zone's letters (those with one meaning are known; others
/// count as the source's own zone), or nothing. A day and an hour may be padded with a blank. Compiled; allocates nothing while reading.
/// </summary>
internal sealed class TimeLayout
{
    private enum Part : byte { Literal, Year, ShortYear, Month, MonthName, Day, WeekDay, Hour, Hour12, Minute, Second, Fraction, HalfDay, Zone }

    private readonly record struct Step(Part Part, byte[] Literal);

    private static readonly (string Letters, Part Part)[] Letters =
    [
        ("yyyy", Part.Year), ("yy", Part.ShortYear), ("MMM", Part.MonthName), ("MM", Part.Month), ("M", Part.Month), ("EEE", Part.WeekDay), ("dd", Part.Day), ("d", Part.Day),
        ("HH", Part.Hour), ("H", Part.Hour), ("hh", Part.Hour12), ("h", Part.Hour12), ("mm", Part.Minute), ("ss", Part.Second), ("f", Part.Fraction), ("tt", Part.HalfDay), ("zzz", Part.Zone),
    ];

    private readonly Step[] steps;

    private TimeLayout(Step[] steps) => this.steps = steps;

    /// <summary>Bytes a time of this layout may begin with; null: any.</summary>
    public IEnumerable<char>? FirstBytes => steps is not [var first, ..] ? null : first.Part switch
    {
        Part.Literal => [(char)first.Literal[0]],
        Part.MonthName or Part.WeekDay or Part.HalfDay => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        Part.Fraction or Part.Zone => null,
        _ => "0123456789 ",
    };

    /// <summary>Tells what a time of this layout looks like where a text begins with it.</summary>
    public void AddTo(TextBegin begin)
    {
        foreach (var step in steps)
        {
            switch (step.Part)
            {
                case Part.Literal: begin.Text(step.Literal); break;
                case Part.Year: begin.Shape("0000"); break;
                case Part.ShortYear or Part.Minute or Part.Second: begin.Shape("00"); break;
                case Part.Month or Part.Hour12: begin.OneOrTwoDigits(); break;
                case Part.MonthName: begin.Shape("aaa"); begin.ManyLetters(); break;
                case Part.WeekDay: begin.Shape("aa"); begin.ManyLetters(); break;
                case Part.Day or Part.Hour: begin.Maybe(" "); begin.OneOrTwoDigits(); break;
                case Part.Fraction: begin.Fraction(); break;
                case Part.HalfDay: begin.Shape("aa"); break;
                default: begin.Rest(); break;
            }
        }
    }

    public static TimeLayout? Read(string text, out string? error)
    {
        error = null;
        var steps = new List<Step>();
        for (var i = 0; i < text.Length;)
        {
            if (text[i] == '\'')
            {
                var end = text.IndexOf('\'', i + 1);
                if (end < 0) { error = $"the apostrophe at character {i + 1} of '{text}' is not closed"; return null; }
                steps.Add(new Step(Part.Literal, Encoding.UTF8.GetBytes(text[(i + 1)..end])));
                i = end + 1;
                continue;
            }
            var found = Letters.FirstOrDefault(l => string.CompareOrdinal(text, i, l.Letters, 0, l.Letters.Length) == 0);
            if (found.Letters is not null) { steps.Add(new Step(found.Part, [])); i += found.Letters.Length; continue; }
            if (char.IsAsciiLetter(text[i])) { error = $"'{text[i]}' at character {i + 1} of '{text}' is no part of a time; known: {string.Join(' ', Letters.Select(l => l.Letters))}"; return null; }
            steps.Add(new Step(Part.Literal, Encoding.UTF8.GetBytes(text[i..(i + 1)])));
            i++;
        }
        return new TimeLayout([.. steps]);
    }

    public bool TryRead(ReadOnlySpan<byte> text, long receivedMs, ZoneTable zone, out long ms, out int used)
    {
        ms = 0; used = 0;
        int year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, fraction = 0, half = -1, at = 0;
        int? minutes = null;
        foreach (var step in steps)
        {
            var left = text[at..];
            int n, digits;
            switch (step.Part)
            {
                case Part.Literal: if (!left.StartsWith(step.Literal)) return false; n = step.Literal.Length; break;
                case Part.Year: if (!Number(left, 4, 4, out year, out n)) return false; break;
                case Part.ShortYear: if (!Number(left, 2, 2, out year, out n)) return false; year += year < 70 ? 2000 : 1900; break;
                case Part.Month: if (!Number(left, 1, 2, out month, out n)) return false; break;
                case Part.MonthName:
                    if (!TimeReader.Month(left, out month)) return false;
                    n = 3;
                    while (n < left.Length && (uint)((left[n] | 32) - 'a') < 26) n++;        // a month written out
                    break;
                case Part.Day: n = left.Length > 0 && left[0] == ' ' ? 1 : 0; if (!Number(left[n..], 1, 2, out day, out digits)) return false; n += digits; break;
                case Part.WeekDay: n = Word(left); if (n < 2) return false; break;
                case Part.Hour: n = left.Length > 0 && left[0] == ' ' ? 1 : 0; if (!Number(left[n..], 1, 2, out hour, out digits)) return false; n += digits; break;
                case Part.Hour12: if (!Number(left, 1, 2, out hour, out n) || hour is < 1 or > 12) return false; hour %= 12; break;
                case Part.Minute: if (!Number(left, 2, 2, out minute, out n)) return false; break;
                case Part.Second: if (!Number(left, 2, 2, out second, out n)) return false; break;
                case Part.Fraction: n = TimeReader.Fraction(left, out fraction); break;
                case Part.HalfDay:
                    if (left.Length < 2 || (left[1] | 32) != 'm' || (left[0] | 32) is not ('a' or 'p')) return false;
                    half = (left[0] | 32) == 'p' ? 1 : 0; n = 2; break;
                default:
                    if (TimeReader.Zone(left, out var written, out n)) minutes = written;
                    else { n = left.Length > 0 && left[0] == ' ' ? 1 : 0; var letters = Word(left[n..]); n = letters is 0 or > 5 ? 0 : n + letters; }
                    break;
            }
            at += n;
        }
        if (half == 1) hour += 12;
        if (hour > 23 || minute > 59 || second > 60) return false;
        var clock = hour * 3600 + minute * 60 + Math.Min(second, 59);
        used = at;
        if (!(year == 0 ? TimeReader.Nearest(month, day, clock, receivedMs, minutes, zone, out ms)
            : minutes is { } east ? TimeReader.Civil(year, month, day, clock, east, out ms) : TimeReader.Local(year, month, day, clock, receivedMs, zone, out ms))) return false;
        ms += fraction;
        return true;
    }

    private static int Word(ReadOnlySpan<byte> text)
    {
        var n = 0;
        while (n < text.Length && (uint)((text[n] | 32) - 'a') < 26) n++;
        return n;
    }

    private static bool Number(ReadOnlySpan<byte> text, int least, int most, out int value, out int n)
    {
        value = 0;
        for (n = 0; n < most && n < text.Length && (uint)(text[n] - '0') < 10; n++) value = value * 10 + text[n] - '0';
        return n >= least;
    }
}
