using System.Text.RegularExpressions;

namespace Palisade.Store.Http;

/// <summary>The little of SQL that the HTTP protocol needs: where an INSERT's data starts, which format is asked for, whether rows come back.</summary>
internal static class StatementText
{
    private const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking;
    private static readonly Regex WholeInsert = new(@"\A(\s*INSERT\s+INTO\s(?:.|\n)*?)\s+FORMAT\s+(\w+)\s*;?\s*\z", Options);
    private static readonly Regex FirstLineInsert = new(@"\A(\s*INSERT\s+INTO\s[^\n]*)\s+FORMAT\s+(\w+)[ \t]*;?\r?\n", Options);
    private static readonly Regex LastFormat = new(@"\sFORMAT\s+(\w+)\s*;?\s*\z", Options);
    private static readonly Regex Rows = new(@"\A(?:\s|/\*[^*]*\*/|--[^\n]*\n|\()*(?:SELECT|WITH)\b", Options);

    /// <summary>Formats whose chunks can be sent as they come; RowBinaryWithNamesAndTypes after cutting repeated headers.</summary>
    private static readonly HashSet<string> Streamable = new(StringComparer.Ordinal)
    {
        "RowBinary", "RowBinaryWithNamesAndTypes", "Native", "TabSeparated", "TSV", "CSV", "JSONEachRow", "JSONCompactEachRow", "TSKV", "LineAsString",
    };

    /// <summary>An INSERT that names a format and carries no data itself.</summary>
    public static bool IsInsert(string sql, out string statement, out string format) => Split(WholeInsert.Match(sql), out statement, out format, out _);

    /// <summary>An INSERT line at the head of a body, with data after it.</summary>
    /// <param name="head">First bytes of the body as Latin-1, so that positions are bytes.</param>
    public static bool StartsWithInsert(string head, out int statementLength, out string format, out int dataStart)
    {
        var found = Split(FirstLineInsert.Match(head), out var statement, out format, out dataStart);
        statementLength = statement.Length;
        return found;
    }

    private static bool Split(Match match, out string statement, out string format, out int end)
    {
        (statement, format, end) = match.Success ? (match.Groups[1].Value, match.Groups[2].Value, match.Length) : ("", "", 0);
        return match.Success;
    }

    /// <summary>The format a statement ends with; null when it names none.</summary>
    public static string? Format(string sql) => LastFormat.Match(sql) is { Success: true } m ? m.Groups[1].Value : null;

    public static bool CanStream(string sql, string format) => Streamable.Contains(format) && Rows.IsMatch(sql);

    public static string Quote(string value) => "'" + value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal) + "'";

    /// <summary>A setting's name is a word: anything else would be SQL.</summary>
    public static bool IsSettingName(string name) => name.Length is > 0 and <= 128 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
