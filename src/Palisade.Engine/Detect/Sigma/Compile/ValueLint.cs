using System.Text.RegularExpressions;

namespace Palisade.Engine.Detect.Sigma.Compile;

/// <summary>Remarks on values that are legal and hardly ever what was meant.</summary>
internal static partial class ValueLint
{
    // one backslash, not two, between a path and a wildcard
    [GeneratedRegex(@"(^|[^\\])\\[*?]", RegexOptions.NonBacktracking)]
    private static partial Regex EscapedWildcard { get; }

    [GeneratedRegex(@"(/|\.[a-zA-Z]{2,5})\?[A-Za-z0-9_\[\]-]+=", RegexOptions.NonBacktracking)]
    private static partial Regex OpenQuery { get; }

    public static void Text(string text, int line, Action<string, int, string> warn)
    {
        if (text.Length > 4_096 || text.AsSpan().IndexOfAny('*', '?') < 0) return;
        if (EscapedWildcard.IsMatch(text) && LooksLikePath(text))
            warn("SIG071", line, $@"'{text}': a single backslash makes the sign behind it itself, not a wildcard; for a backslash and a wildcard write \\* or \\?");
        if (OpenQuery.IsMatch(text))
            warn("SIG075", line, $@"'{text}': ? stands for any one character; for a question mark write \?");
    }

    // C:\x\*, \\host\*, %temp%\*
    private static bool LooksLikePath(string text) =>
        text.Length > 2 && (text[1] == ':' || text[0] is '\\' or '%') || text.AsSpan().Count('\\') > 1;

    /// <summary>What YAML 1.1 would make of a plain scalar, where that differs from the 1.2 core schema; null: the same.</summary>
    public static string? Yaml11(string text) => text switch
    {
        "" => null,
        "y" or "Y" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" => "true",
        "n" or "N" or "no" or "No" or "NO" or "off" or "Off" or "OFF" => "false",
        _ when !char.IsAsciiDigit(text[0]) && text[0] is not ('-' or '+') => null,
        _ when Octal11.IsMatch(text) => "an octal number",
        _ when Octal12.IsMatch(text) => "text",
        _ when Grouped.IsMatch(text) => "a number",
        _ when Binary.IsMatch(text) => "a binary number",
        _ when Sexagesimal.IsMatch(text) => "a number of base 60",
        _ when BareExponent.IsMatch(text) => "text",
        _ when Date.IsMatch(text) => "a date",
        _ => null,
    };

    [GeneratedRegex(@"^[-+]?0[0-7_]+$", RegexOptions.NonBacktracking)]
    private static partial Regex Octal11 { get; }
    [GeneratedRegex(@"^0o[0-7]+$", RegexOptions.NonBacktracking)]
    private static partial Regex Octal12 { get; }
    [GeneratedRegex(@"^[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?$", RegexOptions.NonBacktracking)]
    private static partial Regex Grouped { get; }
    [GeneratedRegex(@"^[-+]?0b[01_]+$", RegexOptions.NonBacktracking)]
    private static partial Regex Binary { get; }
    [GeneratedRegex(@"^[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$", RegexOptions.NonBacktracking)]
    private static partial Regex Sexagesimal { get; }
    [GeneratedRegex(@"^[-+]?[0-9]+[eE][-+]?[0-9]+$|^[-+]?[0-9]+\.[0-9]*[eE][0-9]+$", RegexOptions.NonBacktracking)]
    private static partial Regex BareExponent { get; }
    [GeneratedRegex(@"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", RegexOptions.NonBacktracking)]
    private static partial Regex Date { get; }
}
