namespace Palisade.Protocol;

/// <summary>Finds the word that was probably meant.</summary>
public static class Spelling
{
    /// <summary>The known word that a word is a slip of: a third of its letters apart at most, letter case aside. Null: none is so near.</summary>
    public static string? Nearest(string word, IEnumerable<string> known) =>
        Closest(word, known) is { } best && Distance(word, best) <= Math.Max(1, best.Length / 3) ? best : null;

    /// <summary>The known word that is least apart, however far; null where none is known.</summary>
    public static string? Closest(string word, IEnumerable<string> known) => known.MinBy(k => Distance(word, k));

    // Edits between two words, letter case aside; two neighbours swapped (the commonest slip) are one edit (Damerau 1964, restricted).
    private static int Distance(string a, string b)
    {
        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) table[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) table[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
            for (var j = 1; j <= b.Length; j++)
            {
                var best = Math.Min(Math.Min(table[i - 1, j], table[i, j - 1]) + 1, table[i - 1, j - 1] + (Same(a[i - 1], b[j - 1]) ? 0 : 1));
                if (i > 1 && j > 1 && Same(a[i - 1], b[j - 2]) && Same(a[i - 2], b[j - 1])) best = Math.Min(best, table[i - 2, j - 2] + 1);
                table[i, j] = best;
            }
        return table[a.Length, b.Length];
    }

    private static bool Same(char a, char b) => char.ToLowerInvariant(a) == char.ToLowerInvariant(b);
}
