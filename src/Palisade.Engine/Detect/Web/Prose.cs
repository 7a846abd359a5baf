namespace Palisade.Engine.Detect.Web;

/// <summary>Tells sentences from syntax: words between blanks, and little else.</summary>
internal static class Prose
{
    private const int LeastWords = 6;
    /// <summary>Sentences are read this far.</summary>
    private const int Most = 2048;
    /// <summary>Nobody writes sentences of more bytes into an address: they are there to hide what stands among them.</summary>
    private const int MostInAddress = 4096;

    /// <summary>Whether a canonical value is mostly words in a row, of Latin letters or of bytes beyond ASCII.</summary>
    /// <param name="inAddress">The value is of path or query.</param>
    public static bool Is(ReadOnlySpan<byte> text, bool inAddress)
    {
        if (text.Length < 30 || inAddress && text.Length > MostInAddress) return false;
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
