using System.Globalization;
using System.Text;

namespace Palisade.Server.Console;

/// <summary>Text of strangers, made fit to be shown.</summary>
internal static class PlainText
{
    /// <summary>The text with its control characters and those that turn the direction of text written out: nothing in it can act, and all of it is seen.</summary>
    public static string Visible(string line)
    {
        var text = new StringBuilder(line.Length);
        foreach (var c in line)
        {
            if (c is < ' ' or >= '\u007F' and < '\u00A0') text.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
            else if (c is >= '\u200E' and <= '\u200F' or >= '\u202A' and <= '\u202E' or >= '\u2066' and <= '\u2069') text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else text.Append(c);
        }
        return text.ToString();
    }
}
