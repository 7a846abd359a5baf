using System.Text.RegularExpressions;

namespace Palisade.Engine.Detect.Sigma.Compile;

/// <summary>Makes the expression of a rule (a subset of PCRE) one of the platform's, and bounds it.</summary>
/// <remarks>
/// Differences that matter: POSIX classes (<c>[[:alpha:]]</c>) are unknown to the platform, which would read them as a set of letters; they are
/// written out. A counted repeat is laid out in states, so nested repeats multiply: their product is bounded before anything is built.
/// </remarks>
internal static partial class RegexText
{
    /// <summary>Longest expression, signs.</summary>
    public const int MaxLength = 8_192;
    /// <summary>Most signs with every counted repeat laid out.</summary>
    public const int MaxSize = 5_000;

    private static readonly Dictionary<string, string> Classes = new(StringComparer.Ordinal)
    {
        ["alpha"] = "a-zA-Z", ["digit"] = "0-9", ["alnum"] = "a-zA-Z0-9", ["upper"] = "A-Z", ["lower"] = "a-z", ["space"] = @"\s", ["blank"] = @" \t",
        ["punct"] = @"!-/:-@\[-`{-~", ["xdigit"] = "0-9A-Fa-f", ["word"] = @"\w", ["cntrl"] = @"\x00-\x1f\x7f", ["print"] = @"\x20-\x7e", ["graph"] = @"\x21-\x7e",
    };

    [GeneratedRegex(@"\[:(\^?)([a-z]+):\]", RegexOptions.NonBacktracking)]
    private static partial Regex PosixClass { get; }

    /// <summary>The expression for the platform; throws <see cref="FormatException"/> when it is too large or says what the platform cannot.</summary>
    public static string Translate(string text)
    {
        if (text.Length > MaxLength) throw new FormatException($"the expression is longer than {MaxLength} signs");
        if (Size(text) > MaxSize) throw new FormatException($"the expression has more than {MaxSize} signs with its repeats laid out");
        return PosixClass.Replace(text, match => match.Groups[1].Length == 0 && Classes.TryGetValue(match.Groups[2].Value, out var set)
            ? set
            : throw new FormatException($"the class '{match.Value}' is unknown"));
    }

    /// <summary>Ties an expression to an end of the value, whatever alternatives and flags it has.</summary>
    public static string Anchor(string plain, Place place) => place switch
    {
        Place.Start => $@"\A(?:{plain})",
        Place.End => $@"(?:{plain})\z",
        _ => plain,
    };

    /// <summary>Signs of an expression with every counted repeat laid out; never more than a little above <see cref="MaxSize"/> squared.</summary>
    public static long Size(string text)
    {
        // one frame a bracket: what is summed up so far, and the last thing a repeat would double
        var frames = new Stack<(long Sum, long Last)>();
        long sum = 0, last = 0;
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\\':
                    Item(1);
                    i++;
                    break;
                case '[':
                    Item(1);
                    i = ClassEnd(text, i);
                    break;
                case '(':
                    frames.Push((sum + last, 0));
                    (sum, last) = (0, 0);
                    break;
                case ')':
                    var inner = Math.Max(1, sum + last);
                    if (frames.Count > 0) (sum, _) = frames.Pop();
                    else sum = 0;
                    last = inner;
                    break;
                case '{' when Repeat(text, ref i, out var times):
                    last = Math.Min(last * Math.Max(1, times), int.MaxValue);
                    break;
                default:
                    Item(1);
                    break;
            }
            if (sum + last > MaxSize * 1_000L) return sum + last;
        }
        sum += last;
        foreach (var frame in frames) sum += frame.Sum;
        return sum;

        void Item(long size)
        {
            sum += last;
            last = size;
        }
    }

    private static int ClassEnd(string text, int at)
    {
        var i = at + 1;
        if (i < text.Length && text[i] == '^') i++;
        if (i < text.Length && text[i] == ']') i++;
        for (; i < text.Length; i++)
        {
            if (text[i] == '\\') { i++; continue; }
            if (text[i] == '[' && i + 1 < text.Length && text[i + 1] == ':')
            {
                var close = text.IndexOf(":]", i + 2, StringComparison.Ordinal);
                if (close > 0) { i = close + 1; continue; }
            }
            if (text[i] == ']') return i;
        }
        return text.Length;
    }

    /// <summary>{n}, {n,} and {n,m}; anything else behind a brace is the brace itself.</summary>
    private static bool Repeat(string text, ref int i, out long times)
    {
        times = 0;
        var close = text.IndexOf('}', i);
        if (close < 0 || close - i > 24) return false;
        var parts = text[(i + 1)..close].Split(',');
        if (parts.Length > 2 || !long.TryParse(parts[0], System.Globalization.NumberStyles.None, null, out var least)) return false;
        times = least;
        if (parts.Length == 2 && parts[1].Length > 0)
        {
            if (!long.TryParse(parts[1], System.Globalization.NumberStyles.None, null, out var most)) return false;
            times = Math.Max(least, most);
        }
        times = Math.Min(times, int.MaxValue);
        i = close;
        return true;
    }
}
