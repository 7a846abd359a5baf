using System.Text;
using System.Text.RegularExpressions;

namespace Palisade.Cli.Bench.Cases.Detect;

/// <summary>
/// Rules like given ones: the same shape and fields, other words to look for. In each variant the letters of the words inside the detection
/// are exchanged; names of fields, modifiers, numbers, short words and the condition stay.
/// </summary>
internal static partial class RuleVariants
{
    // a word of four letters or more in a value; what comes before a colon is a key
    [GeneratedRegex(@"[A-Za-z]{4,}")]
    private static partial Regex Word();

    [GeneratedRegex(@"^(\s*-?\s*)([^\s:#'""][^:#'""]*:)?(.*)$")]
    private static partial Regex Line();

    /// <summary>The files and so many less one variants of each; variants in which nothing changed are made up for by others.</summary>
    public static IEnumerable<(string path, byte[] bytes)> Multiply(IReadOnlyList<(string path, byte[] bytes)> files, int times)
    {
        var missing = 0;
        foreach (var (path, bytes) in files)
        {
            yield return (path, bytes);
            if (!path.Contains("rules", StringComparison.Ordinal)) continue;
            var text = Encoding.UTF8.GetString(bytes);
            var made = 0;
            for (var n = 1; made < times - 1 + (missing > 0 ? 1 : 0) && n <= times; n++)
            {
                var variant = Vary(text, n);
                if (variant is null) break;
                made++;
                yield return ($"{path}.{n}.yml", Encoding.UTF8.GetBytes(variant));
            }
            missing += times - 1 - made;
        }
    }

    private static string? Vary(string text, int n)
    {
        var to = new StringBuilder(text.Length + 64);
        bool inside = false, changed = false;
        foreach (var line in text.Split('\n'))
        {
            var top = line.Length > 0 && !char.IsWhiteSpace(line[0]) && line[0] != '#';
            if (top) inside = line.StartsWith("detection:", StringComparison.Ordinal);
            if (line.StartsWith("id:", StringComparison.Ordinal)) { to.Append("id: ").Append(line.AsSpan(3).Trim()).Append("-v").Append(n).Append('\n'); continue; }
            if (line.StartsWith("name:", StringComparison.Ordinal)) continue;
            if (!inside || top || line.TrimStart().StartsWith("condition:", StringComparison.Ordinal) || line.Contains("|re", StringComparison.Ordinal))
            {
                to.Append(line).Append('\n');
                continue;
            }
            var parts = Line().Match(line);
            var value = Word().Replace(parts.Groups[3].Value, w => Exchange(w.Value, n));
            changed |= value != parts.Groups[3].Value;
            to.Append(parts.Groups[1].Value).Append(parts.Groups[2].Value).Append(value).Append('\n');
        }
        return changed ? to.ToString() : null;
    }

    // The same letters are common in words of any tongue: vowels for vowels, consonants for consonants.
    private static string Exchange(string word, int n)
    {
        const string Vowels = "aeiou", Consonants = "bcdfghjklmnpqrstvwxyz";
        return string.Concat(word.Select(c =>
        {
            var lower = char.ToLowerInvariant(c);
            var set = Vowels.Contains(lower) ? Vowels : Consonants;
            var other = set[(set.IndexOf(lower) + n * (set.Length == 5 ? 1 : 3)) % set.Length];
            return char.IsUpper(c) ? char.ToUpperInvariant(other) : other;
        }));
    }
}
