using System.Buffers.Text;

namespace Palisade.Engine.Parse.KeyValue;

/// <summary>How pairs are written: <c>key=value</c>, parted by blanks unless said otherwise.</summary>
/// <param name="Separator">Byte between pairs.</param>
/// <param name="Assign">Byte between key and value.</param>
/// <param name="OpenValues">A value without quotes may hold the separator: it goes on to where the next key stands (CEF extensions).</param>
/// <param name="Least">Keys that a text must have, different ones that begin with a letter; 0: any number.</param>
internal readonly record struct PairSyntax(byte Separator, byte Assign, bool OpenValues, int Least)
{
    /// <summary>Most keys that can be asked for.</summary>
    public const int MaxLeast = 16;

    private const int WordsAKey = 3, WordsBeside = 2;

    public static PairSyntax Default { get; } = new((byte)' ', (byte)'=', false, 0);

    /// <summary>Reads the name of a separator, behind which a <c>|</c> stands: a sign that is no letter, digit or blank, its number as <c>x5E</c> or <c>0x5E</c>, <c>\t</c>, or nothing.</summary>
    /// <param name="text">From the name on.</param>
    /// <param name="separator">The byte; 0 where none is named.</param>
    /// <returns>Bytes of the name; below 0: this is none.</returns>
    public static int ReadSeparator(ReadOnlySpan<byte> text, out byte separator)
    {
        separator = 0;
        if (text.Length < 2) return -1;
        if (text[1] == '|' && !char.IsAsciiLetterOrDigit((char)text[0]) && text[0] is > 32 and < 127 or (byte)'\t')
        {
            separator = text[0];
            return 1;
        }
        if (text[0] == '|') return 0;
        if (text.StartsWith("\\t|"u8)) { separator = (byte)'\t'; return 2; }
        var digits = text[0] == '0' ? 2 : 1;
        if ((text[digits - 1] | 32) != 'x' || text.Length <= digits + 2 || text[digits + 2] != '|') return -1;
        return Utf8Parser.TryParse(text.Slice(digits, 2), out separator, out var used, 'x') && used == 2 && separator is > 0 and < 128 ? digits + 2 : -1;
    }

    /// <summary>False where a text cannot have as many keys as it must.</summary>
    public bool MayHaveEnough(ReadOnlySpan<byte> text) => Least == 0 || text.Count(Assign) >= Least;

    /// <summary>Whether the text has as many keys as it must, and is no prose in which some happen to stand: three words a key, and two.</summary>
    public bool HasEnough(ReadOnlySpan<byte> text)
    {
        if (Least == 0) return true;
        Span<Range> keys = stackalloc Range[MaxLeast];
        int count = 0, pairs = 0, words = 0, end = 0;
        var reader = new PairReader(text, this);
        while (reader.TryNext(out var pair))
        {
            var key = text.Slice(pair.KeyStart, pair.KeyLength);
            words += Words(text[end..pair.KeyStart]);
            end = reader.Position;
            // store=<Store:0x1f4 ...>, info={...}: a program shows an object, and says nothing to be read by key.
            var dump = pair.ValueLength > 0 && text[pair.ValueStart] is (byte)'<' or (byte)'{' or (byte)'(';
            if (dump || (uint)((key[0] | 32) - 'a') >= 26) continue;
            pairs++;
            if (count == MaxLeast) continue;
            var known = false;
            foreach (var other in keys[..count]) known |= text[other].SequenceEqual(key);
            if (!known) keys[count++] = pair.KeyStart..(pair.KeyStart + pair.KeyLength);
        }
        words += Words(text[end..]);
        return count >= Least && words <= WordsAKey * pairs + WordsBeside;
    }

    private static int Words(ReadOnlySpan<byte> text)
    {
        var count = 0;
        var inside = false;
        foreach (var b in text)
        {
            var blank = b is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)',' or (byte)';';
            if (!blank && !inside) count++;
            inside = !blank;
        }
        return count;
    }
}

/// <summary>One pair: ranges of the text.</summary>
internal readonly record struct Pair(int KeyStart, int KeyLength, int ValueStart, int ValueLength);

/// <summary>
/// Reads key=value pairs one by one: values bare, or in double or single quotes (a backslash escapes). Words without the assign byte are
/// stepped over. A group separator (0x1D, before what auditd appends to a record) ends a bare value, as does the end of <c>(null)</c>. Forward only: allocates nothing.
/// </summary>
internal ref struct PairReader(ReadOnlySpan<byte> text, PairSyntax syntax)
{
    private const byte GroupSeparator = 0x1D;
    private readonly ReadOnlySpan<byte> text = text;
    private int at;

    /// <summary>Where the next pair is looked for.</summary>
    public readonly int Position => Math.Min(at, text.Length);

    public bool TryNext(out Pair pair)
    {
        pair = default;
        while (at < text.Length)
        {
            while (at < text.Length && (text[at] == syntax.Separator || text[at] is (byte)' ' or (byte)',' or (byte)'\t' or (byte)'\n')) at++;
            var key = at;
            while (at < text.Length && IsKey(text[at])) at++;
            if (at == key) { at++; continue; }
            var keyLength = at - key;
            if (syntax.Assign == ':' && at < text.Length && text[at] == ' ') at++;
            if (at >= text.Length || text[at] != syntax.Assign) { SkipWord(); continue; }
            at++;
            if (syntax.Assign == ':') while (at < text.Length && text[at] == ' ') at++;
            var (value, length) = Value();
            pair = new Pair(key, keyLength, value, length);
            return true;
        }
        return false;
    }

    private void SkipWord()
    {
        while (at < text.Length && text[at] != syntax.Separator && text[at] != ' ') at++;
    }

    private (int Start, int Length) Value()
    {
        if (at >= text.Length) return (at, 0);
        if (text[at] is (byte)'"' or (byte)'\'')
        {
            var quote = text[at];
            var start = ++at;
            while (at < text.Length && text[at] != quote) at += text[at] == '\\' ? 2 : 1;
            at = Math.Min(at, text.Length);
            var length = at - start;
            at++;
            return (start, length);
        }
        var from = at;
        if (syntax.OpenValues) return Open(from);
        if (text[at..].StartsWith("(null)"u8)) return (from, (at += 6) - from);
        while (at < text.Length && text[at] != syntax.Separator && text[at] is not ((byte)'\n' or GroupSeparator)) at++;
        var end = at;
        if (end > from && text[end - 1] == ',' && syntax.Separator == ' ') end--;
        return (from, end - from);
    }

    // Up to the blank before the next "key=".
    private (int Start, int Length) Open(int from)
    {
        var end = from;
        while (true)
        {
            var next = text[end..].IndexOf(syntax.Assign);
            if (next < 0) { at = text.Length; return (from, text.Length - from); }
            next += end;
            if (next > 0 && text[next - 1] == '\\') { end = next + 1; continue; }
            var key = next;
            while (key > from && IsKey(text[key - 1])) key--;
            if (key == next || key == from || text[key - 1] != syntax.Separator) { end = next + 1; continue; }
            at = key;
            return (from, text[from..key].TrimEnd(syntax.Separator).Length);
        }
    }

    private static bool IsKey(byte b) => (uint)((b | 32) - 'a') < 26 || (uint)(b - '0') < 10 || b is (byte)'_' or (byte)'-' or (byte)'.' or (byte)'@' or (byte)'[' or (byte)']';
}
