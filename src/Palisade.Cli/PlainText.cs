using System.Globalization;
using System.Text;

namespace Palisade.Cli;

/// <summary>What senders wrote, so that it reaches no terminal as a command: control characters, and those that turn the direction of writing or show nothing, are shown as a dot.</summary>
internal static class PlainText
{
    private const char Dot = '\u00B7';

    /// <summary>The text, cut after so many characters.</summary>
    public static string Of(string text, int widest, char instead = Dot)
    {
        var plain = new StringBuilder(Math.Min(text.Length, widest) + 1);
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, widest))) plain.Append(IsCommand(c) ? instead : c);
        return text.Length > widest ? plain.Append('\u2026').ToString() : plain.ToString();
    }

    /// <summary>The whole text, its tabs and line breaks left: where these are quoted.</summary>
    public static string Cell(string text)
    {
        foreach (var c in text)
            if (IsCommand(c) && c is not ('\t' or '\r' or '\n')) return string.Concat(text.Select(c => IsCommand(c) && c is not ('\t' or '\r' or '\n') ? Dot : c));
        return text;
    }

    private static bool IsCommand(char c) => char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format;
}
