namespace Palisade.Engine.Detect.Web;

/// <summary>
/// Reads a value as program code and undoes what only hides a call: comments, blanks before the parenthesis, names put
/// together from strings (<c>'sys'.'tem'</c>), and names in quotes, brackets or parentheses (<c>("system")(…)</c>,
/// <c>[system][0](…)</c>) become <c>system(…)</c>.
/// </summary>
internal static class CodeReading
{
    /// <summary>Whether something in the value hides a call; most values with parentheses do not.</summary>
    public static bool Wants(ReadOnlySpan<byte> text)
    {
        var from = 0;
        while (text[from..].IndexOf((byte)'(') is >= 0 and var at)
        {
            var open = from + at;
            var i = open - 1;
            while (i >= 0 && text[i] is (byte)' ' or (byte)'\n' or (byte)'\r') i--;
            if (i >= 0 && (text[i] is (byte)'\'' or (byte)'"' or (byte)']' or (byte)'}' or (byte)')' || (text[i] == '/' && i > 0 && text[i - 1] == '*') || (i < open - 1 && text[(i + 1)..open].IndexOf((byte)'\n') >= 0))) return true;
            from = open + 1;
        }
        return text.IndexOf("'.'"u8) >= 0 || text.IndexOf("\".\""u8) >= 0 || text.IndexOf("'+'"u8) >= 0;
    }

    public static void Add(WebScratch scratch, in Segment segment, int root)
    {
        var room = scratch.Room(segment.Length);
        var text = scratch.Bytes(segment);
        var n = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var b = text[i];
            if (b == '/' && i + 1 < text.Length && text[i + 1] == '*' && text[(i + 2)..].IndexOf("*/"u8) is >= 0 and var inner) { i += inner + 3; continue; }
            if (b is (byte)'#' or (byte)'/' && (b == '#' || (i + 1 < text.Length && text[i + 1] == '/')) && text[i..].IndexOf((byte)'\n') is > 0 and var line) { i += line; continue; }
            if (b is (byte)'\'' or (byte)'"' && Joined(text, i) is > 0 and var joined) { i = joined; continue; }
            if (b == '(') n = NameEnd(room[..n]);
            room[n++] = b;
        }
        scratch.Close(segment.Part, WebView.Text, segment.Flags | CanonicalFlags.Code, n, segment.Offset, segment.Original, root);
    }

    /// <summary>End of <c>' . '</c> or <c>" + "</c> that begins at a quote; 0 where the string simply ends.</summary>
    private static int Joined(ReadOnlySpan<byte> text, int i)
    {
        var quote = text[i];
        var j = i + 1;
        while (j < text.Length && text[j] == ' ') j++;
        if (j >= text.Length || text[j] is not ((byte)'.' or (byte)'+')) return 0;
        j++;
        while (j < text.Length && text[j] == ' ') j++;
        return j < text.Length && text[j] == quote ? j : 0;
    }

    /// <summary>Where the name in front of a parenthesis ends when what wraps it is taken off.</summary>
    private static int NameEnd(ReadOnlySpan<byte> before)
    {
        var n = before.Length;
        while (n > 0 && before[n - 1] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\'' or (byte)'"' or (byte)')' or (byte)']' or (byte)'}') n--;
        // The index of an array that holds the name.
        var digits = n;
        while (digits > 0 && (uint)(before[digits - 1] - '0') < 10) digits--;
        if (digits < n && n < before.Length && digits > 0 && before[digits - 1] is (byte)'[' or (byte)'{') return NameEnd(before[..(digits - 1)]);
        return n;
    }
}
