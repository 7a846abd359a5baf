using System.Text;

namespace Palisade.Engine.Detect.Sigma.Compile;

/// <summary>Finds texts of which every match of a regular expression must contain one, so that the expression runs only behind them.</summary>
internal sealed class RegexLiteral
{
    /// <summary>More alternatives than this are no help.</summary>
    private const int MaxTexts = 256;
    private const int MaxDepth = 100;

    private readonly string regex;
    private int at, depth;
    private bool lost;

    private RegexLiteral(string regex) => this.regex = regex;

    /// <summary>The texts, folded, each of two bytes or more; empty where none are sure.</summary>
    public static byte[][] Find(string regex)
    {
        if (regex.Contains("(?x", StringComparison.Ordinal) || regex.Contains("(?-", StringComparison.Ordinal)) return [];
        var reader = new RegexLiteral(regex);
        var found = reader.Alternatives();
        if (reader.lost || reader.at < regex.Length || found is null || found.Any(t => t.Length < 2)) return [];
        return [.. found.Distinct(StringComparer.Ordinal).Select(t => Folding.Fold(Encoding.UTF8.GetBytes(t)))];
    }

    // One text a branch is enough, but each branch needs one.
    private List<string>? Alternatives()
    {
        List<string>? all = [];
        while (true)
        {
            var branch = Sequence();
            if (all is not null) all = branch is null || all.Count + branch.Count > MaxTexts ? null : [.. all, .. branch];
            if (at >= regex.Length || regex[at] != '|') return all;
            at++;
        }
    }

    private List<string>? Sequence()
    {
        List<string>? best = null;
        var run = new StringBuilder();
        while (at < regex.Length && regex[at] is not ('|' or ')') && !lost)
        {
            var c = regex[at++];
            switch (c)
            {
                case '(':
                    End();
                    var group = Group();
                    if (Least() > 0) Keep(group);
                    break;
                case '[':
                    End();
                    SkipClass();
                    Least();
                    break;
                case '\\' when at < regex.Length:
                    var escaped = regex[at++];
                    if (!char.IsAsciiLetterOrDigit(escaped)) { Sign(escaped); break; }
                    End();
                    // a sign by its number, a set by its name, a reference: not followed
                    if (escaped is 'x' or 'u' or 'c' or 'p' or 'P' or 'k' || char.IsAsciiDigit(escaped)) lost = true;
                    Least();
                    break;
                case '.' or '^' or '$':
                    End();
                    Least();
                    break;
                default:
                    Sign(c);
                    break;
            }
        }
        End();
        return best;

        void Sign(char c)
        {
            var before = at;
            var least = Least();
            if (least > 0) run.Append(c);
            if (before != at) End();
        }

        void End()
        {
            if (run.Length > 0) Keep([run.ToString()]);
            run.Clear();
        }

        // the one whose shortest text is longest, then the one of fewest
        void Keep(List<string>? texts)
        {
            if (texts is not { Count: > 0 }) return;
            if (best is null || (Worth(texts), -texts.Count).CompareTo((Worth(best), -best.Count)) > 0) best = texts;
        }
    }

    private static int Worth(List<string> texts) => Math.Min(4, texts.Min(t => t.Length));

    private List<string>? Group()
    {
        if (at < regex.Length && regex[at] == '?')
        {
            at++;
            if (at < regex.Length && regex[at] is '=' or '!' or '>' or '(' or '#' or 'P') lost = true;
            if (at < regex.Length && regex[at] is '<' or '\'')
            {
                var end = regex[at] == '<' ? '>' : '\'';
                if (at + 1 < regex.Length && regex[at + 1] is '=' or '!') lost = true;
                at++;
                while (at < regex.Length && regex[at] != end) at++;
            }
            else while (at < regex.Length && regex[at] is not (':' or ')')) at++;
            if (at < regex.Length && regex[at] != ')') at++;
        }
        if (++depth > MaxDepth) lost = true;
        var found = lost ? null : Alternatives();
        depth--;
        if (at < regex.Length) at++;
        else lost = true;
        return found;
    }

    // How often at least the last item occurs, 0 or 1; takes the repeat behind it.
    private int Least()
    {
        if (at >= regex.Length) return 1;
        var least = 1;
        switch (regex[at])
        {
            case '?' or '*':
                least = 0;
                at++;
                break;
            case '+':
                at++;
                break;
            case '{' when at + 1 < regex.Length && (char.IsAsciiDigit(regex[at + 1]) || regex[at + 1] == ','):
                var close = regex.IndexOf('}', at);
                if (close < 0) { lost = true; return 1; }
                // x{0,3} may be nothing at all; a counted repeat of one or more keeps the sign once
                if (regex[at + 1] is '0' or ',') least = 0;
                at = close + 1;
                break;
            default:
                return 1;
        }
        if (at < regex.Length && regex[at] is '?' or '+') at++;
        return least;
    }

    private void SkipClass()
    {
        var start = at < regex.Length && regex[at] == '^' ? at + 1 : at;
        for (at = start; at < regex.Length; at++)
        {
            if (regex[at] == '\\') at++;
            else if (regex[at] == ']' && at > start) { at++; return; }
        }
        lost = true;
    }
}
