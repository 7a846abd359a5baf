using System.Numerics;
using Palisade.Engine.Parse.Times;

namespace Palisade.Engine.Parse.Shapes;

/// <summary>The ways of writing a time that are looked for in lines of unknown shape, one bit each; the first of several that fit is suggested.</summary>
internal static class ShapeTimes
{
    /// <summary>Stands in for the time of receipt: of a leap year, so that no day is missing. Unix milliseconds.</summary>
    public const long Received = 1_709_208_000_000;

    private static readonly (string Kind, TimeFormat Format, TimeLayout? Layout)[] Ways =
    [
        .. new[] { TimeFormat.Asctime, TimeFormat.Iso, TimeFormat.Clf, TimeFormat.Slashes, TimeFormat.Bsd }.Select(f => (f.ToString().ToLowerInvariant(), f, (TimeLayout?)null)),
        .. new[]
        {
            "dd/MM/yyyy HH:mm:ssf", "MM/dd/yyyy HH:mm:ssf", "dd.MM.yyyy HH:mm:ssf", "dd-MM-yyyy HH:mm:ssf", "yyyy.MM.dd HH:mm:ssf", "dd-MMM-yyyy HH:mm:ssf",
            "dd MMM yyyy HH:mm:ssf", "yyyyMMdd HH:mm:ssf", "yyyyMMdd-HH:mm:ssf", "yyyyMMddTHHmmss",
        }.Select(l => ("time " + l.Replace("T", "'T'", StringComparison.Ordinal), TimeFormat.Layout, TimeLayout.Read(l.Replace("T", "'T'", StringComparison.Ordinal), out _))),
        ("date", TimeFormat.Date, null), ("clock", TimeFormat.Clock, null), ("epoch", TimeFormat.Epoch, null),
    ];

    /// <summary>As written in a pattern, of the first way of a set.</summary>
    public static string KindOf(uint times) => Ways[BitOperations.TrailingZeroCount(times)].Kind;

    /// <summary>The ways that read a time at the start of a text, all to the same length; 0 for none.</summary>
    /// <param name="isAlone">The text begins a value or the line: a number of seconds counts only there.</param>
    public static uint Find(ReadOnlySpan<byte> text, bool isAlone, out int length)
    {
        uint found = 0;
        length = 0;
        if (text.Length < 8 || !(char.IsAsciiLetterOrDigit((char)text[0]))) return 0;
        for (var i = 0; i < Ways.Length; i++)
        {
            var (_, format, layout) = Ways[i];
            if (format == TimeFormat.Epoch && (found != 0 || !isAlone || !IsEpoch(text))) continue;
            if (!Reads(format, layout, text, out var used) || used < 8 || (length > 0 && used != length)) continue;
            if (used < text.Length && (char.IsAsciiLetterOrDigit((char)text[used]) || text[used] >= 0x80)) continue;
            length = used;
            found |= 1u << i;
        }
        return found;
    }

    private static bool Reads(TimeFormat format, TimeLayout? layout, ReadOnlySpan<byte> text, out int used) => format == TimeFormat.Layout
        ? layout!.TryRead(text, Received, ZoneTable.Utc, out _, out used)
        : TimeReader.TryRead(format, text, Received, ZoneTable.Utc, out _, out used);

    // Seconds or milliseconds of the years 2001 to 2033: other numbers of ten digits are numbers.
    private static bool IsEpoch(ReadOnlySpan<byte> text)
    {
        var digits = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (digits < 0) digits = text.Length;
        return digits is 10 or 13 && text[0] == '1';
    }
}
