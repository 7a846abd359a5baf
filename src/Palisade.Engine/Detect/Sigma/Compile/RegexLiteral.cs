using System.Text;

namespace Palisade.Engine.Detect.Sigma.Compile;

/// <summary>Finds text that every match of a regular expression must contain, so that the expression runs only behind it.</summary>
internal static class RegexLiteral
{
    /// <summary>The longest such text, folded; null where none of two bytes or more is sure.</summary>
    public static byte[]? Find(string regex)
    {
        if (regex.Contains("(?x", StringComparison.Ordinal) || regex.Contains("(?-", StringComparison.Ordinal)) return null;
        var best = "";
        var run = new StringBuilder();
        for (var i = 0; i < regex.Length; i++)
        {
            var c = regex[i];
            switch (c)
            {
                case '|':
                    return null;
                case '(':
                    if (!SkipGroup(regex, ref i)) return null;
                    End();
                    continue;
                case '[':
                    if (!SkipClass(regex, ref i)) return null;
                    End();
                    continue;
                case '.' or '^' or '$':
                    End();
                    continue;
                case '?' or '*':
                    if (run.Length > 0) run.Length--;
                    End();
                    continue;
                case '+':
                    End();
                    continue;
                case '{':
                    // x{0,3} may be nothing at all; a counted repeat of one or more keeps the sign once
                    if (i + 1 < regex.Length && regex[i + 1] is '0' or ',' && run.Length > 0) run.Length--;
                    End();
                    var close = regex.IndexOf('}', i);
                    if (close < 0) return null;
                    i = close;
                    continue;
                case '\\':
                    if (++i >= regex.Length) return null;
                    if (char.IsAsciiLetterOrDigit(regex[i]))
                    {
                        End();
                        if (regex[i] is 'x' or 'u' or 'c' or 'p' or 'P' or 'k' || char.IsAsciiDigit(regex[i])) return null;
                        continue;
                    }
                    run.Append(regex[i]);
                    continue;
                default:
                    run.Append(c);
                    continue;
            }
        }
        End();
        return best.Length < 2 ? null : Folding.Fold(Encoding.UTF8.GetBytes(best));

        void End()
        {
            if (run.Length > best.Length) best = run.ToString();
            run.Clear();
        }
    }

    private static bool SkipGroup(string regex, ref int i)
    {
        var depth = 0;
        for (; i < regex.Length; i++)
        {
            if (regex[i] == '\\') { i++; continue; }
            if (regex[i] == '[') { if (!SkipClass(regex, ref i)) return false; continue; }
            if (regex[i] == '(') depth++;
            else if (regex[i] == ')' && --depth == 0) return true;
        }
        return false;
    }

    private static bool SkipClass(string regex, ref int i)
    {
        var start = i + 1;
        if (start < regex.Length && regex[start] == '^') start++;
        for (i = start; i < regex.Length; i++)
        {
            if (regex[i] == '\\') { i++; continue; }
            if (regex[i] == ']' && i > start) return true;
        }
        return false;
    }
}
