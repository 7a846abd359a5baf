using Palisade.Engine.Parse.Patterns;
using Palisade.Engine.Parse.Targets;

namespace Palisade.Engine.Parse.Delimited;

/// <summary>How columns are written, and which there are.</summary>
/// <param name="Separator">Byte between columns.</param>
/// <param name="Quoted">A column may stand in double quotes, doubled or escaped inside.</param>
/// <param name="Bracketed">A column may stand in brackets.</param>
/// <param name="More">A record may have more columns than a layout; the further ones are kept out.</param>
/// <param name="Lists">Layouts to choose from: the first whose columns are as many and fit.</param>
/// <param name="Header">What a line begins with that names the columns; empty when there is none.</param>
/// <param name="Comment">What lines begin with that carry nothing; empty when there are none.</param>
/// <param name="Named">A line that holds names alone (<see cref="ColumnNames"/>) names the columns.</param>
internal sealed record ColumnSyntax(byte Separator, bool Quoted, bool Bracketed, bool More, Target[][][] Lists, byte[] Header, byte[] Comment, bool Named = false)
{
    /// <summary>Columns that a record has at least where no header line named them; more than any has where there is no layout.</summary>
    public int Least { get; } = Named ? 2 : Lists.Length > 0 ? Lists.Min(l => l.Length) : int.MaxValue;

    /// <summary>For each byte, may a record begin with it whose columns no header line named, or a header or comment? Null: with any.</summary>
    public bool[]? First { get; } = Named ? null : PatternStart.FirstBytes(
        [.. Lists.Select(l => l.Length > 0 ? l[0] : [])],
        [Separator, (byte)'-', (byte)' ', .. Header.AsSpan(0, Math.Min(Header.Length, 1)), .. Comment.AsSpan(0, Math.Min(Comment.Length, 1)), .. Quoted ? "\""u8 : default, .. Bracketed ? "["u8 : default]);

    public static ColumnSyntax None { get; } = new((byte)',', true, false, false, [], [], []);
}

/// <summary>Splits one record to columns. Holds their ranges; reused, allocates nothing.</summary>
internal sealed class ColumnReader
{
    /// <summary>Columns one record may have.</summary>
    public const int MaxColumns = 256;
    private readonly (int Start, int Length)[] ranges = new (int, int)[MaxColumns];

    /// <summary>Ranges of the last record's columns, quotes taken off.</summary>
    public ReadOnlySpan<(int Start, int Length)> Ranges => ranges.AsSpan(0, Count);

    public int Count { get; private set; }

    /// <summary>False when there are more than so many.</summary>
    public bool Split(ReadOnlySpan<byte> text, ColumnSyntax syntax, int most = MaxColumns)
    {
        Count = 0;
        var at = 0;
        while (true)
        {
            if (Count == most) return false;
            // Blank-separated columns may be padded.
            if (syntax.Separator == ' ') while (at < text.Length && text[at] == ' ') at++;
            if (syntax.Separator == ' ' && at >= text.Length) return true;
            at = One(text, at, syntax);
            if (at >= text.Length) return true;
            at++;
            if (at == text.Length && syntax.Separator != ' ') { if (Count < most) ranges[Count++] = (at, 0); return true; }
        }
    }

    private int One(ReadOnlySpan<byte> text, int at, ColumnSyntax syntax)
    {
        var start = at;
        if (at < text.Length && syntax.Quoted && text[at] == '"')
        {
            for (at++; at < text.Length; at++)
            {
                if (text[at] == '\\') { at++; continue; }
                if (text[at] != '"') continue;
                if (at + 1 < text.Length && text[at + 1] == '"') { at++; continue; }
                if (at + 1 == text.Length || text[at + 1] == syntax.Separator) break;
            }
            at = Math.Min(at, text.Length);
            ranges[Count++] = (start + 1, at - start - 1);
            return Math.Min(at + 1, text.Length);
        }
        if (at < text.Length && syntax.Bracketed && text[at] == '[' && text[at..].IndexOf((byte)']') is > 0 and var close)
        {
            ranges[Count++] = (start + 1, close - 1);
            return at + close + 1;
        }
        var end = text[at..].IndexOf(syntax.Separator);
        at = end < 0 ? text.Length : at + end;
        ranges[Count++] = (start, at - start);
        return at;
    }
}
