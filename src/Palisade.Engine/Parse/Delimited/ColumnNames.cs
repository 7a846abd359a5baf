namespace Palisade.Engine.Parse.Delimited;

/// <summary>Tells the first line of a table of values, which names its columns, from the values.</summary>
internal static class ColumnNames
{
    private const int Longest = 64, Least = 2;

    /// <summary>Whether the columns of a line are names: each begins with a letter, holds letters, digits and some signs, and none comes twice.</summary>
    public static bool Are(ReadOnlySpan<byte> text, ReadOnlySpan<(int Start, int Length)> columns)
    {
        if (columns.Length < Least) return false;
        for (var i = 0; i < columns.Length; i++)
        {
            var name = Of(text, columns[i]);
            if (name.Length is 0 or > Longest || !(IsLetter(name[0]) || name[0] is (byte)'_' or (byte)'@')) return false;
            foreach (var b in name)
                if (!(IsLetter(b) || (uint)(b - '0') < 10 || b is (byte)'_' or (byte)'-' or (byte)'.' or (byte)' ' or (byte)'/' or (byte)'(' or (byte)')' or (byte)'#' or (byte)'@')) return false;
            for (var other = 0; other < i; other++)
                if (Of(text, columns[other]).SequenceEqual(name)) return false;
        }
        return true;
    }

    /// <summary>The field of a column: its name in small letters, blanks and hyphens as underscores; 0 where it cannot be one.</summary>
    public static ushort FieldOf(ReadOnlySpan<byte> text, (int Start, int Length) column)
    {
        var name = Of(text, column);
        Span<byte> plain = stackalloc byte[Longest];
        if (name.Length > Longest) return 0;
        for (var i = 0; i < name.Length; i++) plain[i] = name[i] is (byte)' ' or (byte)'-' ? (byte)'_' : (uint)(name[i] - 'A') < 26 ? (byte)(name[i] | 32) : name[i];
        return FieldNames.GetOrAdd(plain[..name.Length]);
    }

    private static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> text, (int Start, int Length) column) => text.Slice(column.Start, column.Length).Trim((byte)' ');

    private static bool IsLetter(byte b) => (uint)((b | 32) - 'a') < 26 || b >= 0x80;
}
