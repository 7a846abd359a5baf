using System.Globalization;

namespace Palisade.Cli;

/// <summary>Spans of time as people write them: 15m, 24h, 90d.</summary>
internal static class Duration
{
    private const int Most = 36_500;

    /// <exception cref="CliException">It is none; names the flag.</exception>
    public static TimeSpan Parse(string text, string flag)
    {
        var unit = text.Length > 1 ? text[^1] : ' ';
        if (int.TryParse(text.AsSpan(0, Math.Max(0, text.Length - 1)), NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is > 0 and <= Most)
        {
            if (unit == 'd') return TimeSpan.FromDays(n);
            if (unit == 'h') return TimeSpan.FromHours(n);
            if (unit == 'm') return TimeSpan.FromMinutes(n);
        }
        throw new CliException(ExitCodes.Usage, $"{flag} '{text}' is no time: write 90d, 12h or 15m.");
    }
}
