namespace Palisade.Engine.Detect.Web;

/// <summary>Tells sentences from syntax: words between blanks, and little else.</summary>
internal static class Prose
{
    private const int LeastWords = 6;
    /// <summary>Sentences are read this far.</summary>
    private const int Most = 2048;

    /// <summary>Whether a canonical value is mostly words in a row, of Latin letters or of bytes beyond ASCII.</summary>
    public static bool Is(ReadOnlySpan<byte> text)
    {
        if (text.Length < 30) return false;
        if (text.Length > Most) text = text[..Most];
        int words = 0, word = 0, plain = 0;
        var clean = true;
        for (var i = 0; i <= text.Length; i++)
        {
            var b = i < text.Length ? text[i] : (byte)' ';
            if ((uint)(b - 'a') < 26 || b >= 0x80) { word++; plain++; continue; }
            if (b is (byte)' ' or (byte)',' or (byte)'.' or (byte)'?' or (byte)'!' or (byte)':')
            {
                if (clean && word > 1 && b != '.' && b != ':') words++;
                else if (clean && word > 1 && (i + 1 >= text.Length || text[i + 1] == ' ')) words++;
                if (i < text.Length) plain++;
                clean = true;
            }
            else if (b == '\'' && word > 0 && i + 1 < text.Length && (uint)(text[i + 1] - 'a') < 26) { plain++; continue; } // don't
            else clean = b is (byte)'"' or (byte)'(' or (byte)'`' or (byte)'\n';
            word = 0;
        }
        return words >= LeastWords && plain * 20 >= text.Length * 16;
    }
}
