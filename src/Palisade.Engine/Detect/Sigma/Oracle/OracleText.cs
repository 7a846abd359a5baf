using System.Text;

namespace Palisade.Engine.Detect.Sigma.Oracle;

/// <summary>Texts as lists of Unicode characters, and wildcard patterns over them; written for the eye, not for the clock.</summary>
internal static class OracleText
{
    public const int AnyOne = -1;
    public const int AnyRun = -2;

    /// <summary>The characters of a text, folded unless case counts, dashes made one where asked.</summary>
    public static int[] Of(string text, bool cased, bool dashes)
    {
        var characters = new List<int>();
        foreach (var rune in text.EnumerateRunes())
        {
            var c = cased ? rune.Value : Rune.ToLowerInvariant(Rune.ToUpperInvariant(rune)).Value;
            if (dashes && c is '/' or 0x2013 or 0x2014 or 0x2015 && dashes) c = '-';
            characters.Add(c);
        }
        return [.. characters];
    }

    /// <summary>Reads wildcards and escapes: specification 2.1, "String Wildcard" and "Escape Character".</summary>
    public static List<int> Pattern(string text)
    {
        var pattern = new List<int>();
        var runes = text.EnumerateRunes().Select(r => r.Value).ToArray();
        for (var i = 0; i < runes.Length; i++)
        {
            var next = i + 1 < runes.Length ? runes[i + 1] : 0;
            if (runes[i] == '\\' && next is '\\' or '*' or '?' && runes[i] == '\\')
            {
                pattern.Add(next);
                i++;
            }
            else pattern.Add(runes[i] switch { '*' => AnyRun, '?' => AnyOne, var c => c });
        }
        return pattern;
    }

    public static bool HasWildcards(List<int> pattern) => pattern.Exists(c => c < 0);

    /// <summary>The text of a pattern without wildcards.</summary>
    public static string Plain(List<int> pattern) => string.Concat(pattern.Select(c => new Rune(c).ToString()));

    /// <summary>Whether the whole text fits: a table of which heads of the pattern fit which heads of the text.</summary>
    public static bool Fits(int[] text, List<int> pattern)
    {
        var fits = new bool[text.Length + 1];
        fits[0] = true;
        foreach (var sign in pattern)
        {
            var next = new bool[text.Length + 1];
            for (var i = 0; i <= text.Length; i++)
            {
                if (sign == AnyRun) next[i] = fits[i] || i > 0 && next[i - 1];
                else if (i > 0) next[i] = fits[i - 1] && (sign == AnyOne || sign == text[i - 1]);
            }
            fits = next;
        }
        return fits[text.Length];
    }

    /// <summary>Folds the literal signs of a pattern as <see cref="Of"/> folds a text.</summary>
    public static List<int> Fold(List<int> pattern, bool cased, bool dashes) =>
        [.. pattern.Select(c => c < 0 ? c : Of(new Rune(c).ToString(), cased, dashes)[0])];
}
