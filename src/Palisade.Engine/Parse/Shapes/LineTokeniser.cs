using System.Buffers;
using System.Text;

namespace Palisade.Engine.Parse.Shapes;

/// <summary>
/// Takes a line apart into words, numbers, addresses, times, quoted texts and what stands between them. Bounded: the first
/// <see cref="MaxBytes"/> bytes and <see cref="MaxTokens"/> parts, the rest is one part.
/// </summary>
internal sealed class LineTokeniser
{
    public const int MaxBytes = 4096;
    public const int MaxTokens = 120;

    private static readonly SearchValues<byte> WordEnds = SearchValues.Create(" \t\r\n\"'=,;:()[]{}<>|"u8);
    private static readonly SearchValues<byte> ValueEnds = SearchValues.Create(" \t\r\n\"',;&|()[]{}<>"u8);
    private static readonly SearchValues<byte> PathEnds = SearchValues.Create(" \t\r\n\"'<>|,;()[]{}"u8);
    private static readonly SearchValues<byte> AddressBytes = SearchValues.Create("0123456789abcdefABCDEF.:"u8);
    private static readonly HashSet<string> Levels = new(StringComparer.OrdinalIgnoreCase)
        { "trace", "debug", "info", "information", "notice", "warn", "warning", "error", "err", "fatal", "crit", "critical", "alert", "emerg", "panic", "severe" };
    private static readonly HashSet<string> Methods = new(StringComparer.Ordinal) { "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT" };

    private readonly List<ShapeToken> tokens = [];
    private readonly StringBuilder literal = new();
    private string hint = "";
    private bool keyed;

    /// <summary>The parts, in order. Valid until the next call.</summary>
    public IReadOnlyList<ShapeToken> Read(ReadOnlySpan<byte> line)
    {
        tokens.Clear();
        literal.Clear();
        (hint, keyed) = ("", false);
        var cut = line.Length > MaxBytes;
        if (cut) line = line[..MaxBytes];
        for (var at = 0; at < line.Length;)
        {
            if (tokens.Count >= MaxTokens) { Rest(line[at..]); return tokens; }
            at += Next(line, at);
        }
        Flush();
        // The last part of a line that is cut may be half a word.
        if (cut && tokens.Count > 0) tokens[^1] = tokens[^1] with { Kind = ShapeKind.Rest, IsData = true };
        return tokens;
    }

    private void Rest(ReadOnlySpan<byte> rest)
    {
        Flush();
        tokens.Add(new ShapeToken(ShapeKind.Rest, Encoding.UTF8.GetString(rest), true, "", false, 0, ""));
    }

    private int Next(ReadOnlySpan<byte> line, int at)
    {
        var left = line[at..];
        var isFirst = at == 0 || keyed;
        var times = ShapeTimes.Find(left, isFirst || line[at - 1] is (byte)'[', out var length);
        if (times != 0) return Put(ShapeKind.Time, left[..length], true, times);
        if (left[0] is (byte)'"' or (byte)'\'' && QuotedLength(line, at) is >= 0 and var inside) return Quoted(left, inside);
        if (keyed) return Value(left);
        if (Address(left, out length) is var address && address != ShapeKind.Literal) return Put(address, left[..length], true);
        if (NumberLength(line, at, out var isFraction, out var unit) is > 0 and var digits) return Number(left, digits, isFraction, unit);
        if (PathLength(line, at) is > 0 and var path) return Put(ShapeKind.Path, left[..path], true);
        var word = left.IndexOfAny(WordEnds);
        if (word < 0) word = left.Length;
        while (word > 1 && left[word - 1] is (byte)'.' or (byte)'!' or (byte)'?') word--;
        if (word == 0) return Literal(left[..1]);
        if (word < left.Length - 1 && left[word] == '=' && left[word + 1] != '=' && IsKey(left[..word])) return Key(left, word);
        return Word(left[..word]);
    }

    private int Word(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        if (!bytes.ContainsAnyInRange((byte)'a', (byte)'z') && !bytes.ContainsAnyInRange((byte)'A', (byte)'Z') && !bytes.ContainsAnyInRange((byte)'0', (byte)'9') && bytes[0] < 0x80)
            return Literal(bytes);
        if (Levels.Contains(text)) { (hint, keyed) = ("level", false); Put(ShapeKind.Word, bytes, true); return bytes.Length; }
        if (Methods.Contains(text)) { (hint, keyed) = ("method", false); Put(ShapeKind.Word, bytes, true); return bytes.Length; }
        var isData = bytes.ContainsAnyInRange((byte)'0', (byte)'9');
        Put(ShapeKind.Word, bytes, isData);
        if (!isData) hint = text;
        return bytes.Length;
    }

    private int Value(ReadOnlySpan<byte> left)
    {
        var length = left.IndexOfAny(ValueEnds);
        if (length < 0) length = left.Length;
        if (length == 0) { (hint, keyed) = ("", false); return Literal(left[..1]); }
        var value = left[..length];
        if (Address(value, out var n) is var kind && kind != ShapeKind.Literal && n == length) return Put(kind, value, true);
        if (NumberLength(left, 0, out var isFraction, out var unit) is > 0 and var digits && digits + unit.Length == length) return Number(left, digits, isFraction, unit);
        return Put(value[0] == '/' || value.IndexOf("://"u8) > 0 ? ShapeKind.Path : ShapeKind.Word, value, true);
    }

    private int Key(ReadOnlySpan<byte> left, int length)
    {
        literal.Append(Encoding.UTF8.GetString(left[..(length + 1)]));
        (hint, keyed) = (Encoding.UTF8.GetString(left[..length]), true);
        return length + 1;
    }

    private int Quoted(ReadOnlySpan<byte> left, int inside)
    {
        var (kind, mark) = left[0] == '"' ? (ShapeKind.Quoted, '"') : (ShapeKind.Single, '\'');
        literal.Append(mark);
        Put(kind, left.Slice(1, inside), true);
        literal.Append(mark);
        return inside + 2;
    }

    private int Number(ReadOnlySpan<byte> left, int digits, bool isFraction, string unit)
    {
        Put(isFraction ? ShapeKind.Num : ShapeKind.Int, left[..digits], true, unit: unit);
        literal.Append(unit);
        return digits + unit.Length;
    }

    private int Literal(ReadOnlySpan<byte> bytes)
    {
        // A word tells what follows only from right before it: "user li", "port: 22".
        if (bytes[0] is not ((byte)' ' or (byte)':' or (byte)'#' or (byte)'[' or (byte)'(')) hint = "";
        literal.Append(Encoding.UTF8.GetString(bytes));
        return bytes.Length;
    }

    private int Put(ShapeKind kind, ReadOnlySpan<byte> bytes, bool isData, uint times = 0, string unit = "")
    {
        Flush();
        tokens.Add(new ShapeToken(kind, Encoding.UTF8.GetString(bytes), isData, hint, keyed, times, unit));
        (hint, keyed) = ("", false);
        return bytes.Length;
    }

    private void Flush()
    {
        if (literal.Length == 0) return;
        tokens.Add(new ShapeToken(ShapeKind.Literal, literal.ToString(), false, "", false, 0, ""));
        literal.Clear();
    }

    private static bool IsKey(ReadOnlySpan<byte> word)
    {
        if (word.Length > 64 || !(char.IsAsciiLetter((char)word[0]) || word[0] == '_')) return false;
        foreach (var b in word)
            if (!char.IsAsciiLetterOrDigit((char)b) && b is not ((byte)'_' or (byte)'.' or (byte)'-')) return false;
        return true;
    }

    // Bytes between the quote at a place and the one that closes it; -1 when nothing closes it, or it is no quote.
    private static int QuotedLength(ReadOnlySpan<byte> line, int at)
    {
        var mark = line[at];
        if (mark == '\'' && at > 0 && (char.IsAsciiLetterOrDigit((char)line[at - 1]) || line[at - 1] >= 0x80)) return -1;
        for (var i = at + 1; i < line.Length; i++)
        {
            if (line[i] == '\\' && mark == '"') { i++; continue; }
            if (line[i] == mark && (i + 1 == line.Length || !char.IsAsciiLetterOrDigit((char)line[i + 1]))) return i - at - 1;
        }
        return -1;
    }

    private static ShapeKind Address(ReadOnlySpan<byte> left, out int length)
    {
        length = left.IndexOfAnyExcept(AddressBytes);
        if (length < 0) length = left.Length;
        if (length < 3 || (length < left.Length && (char.IsAsciiLetterOrDigit((char)left[length]) || left[length] is (byte)'/' or (byte)'-' or (byte)'_' or (byte)'@' or (byte)'%'))) return ShapeKind.Literal;
        while (length > 0 && left[length - 1] is (byte)'.' or (byte)':') length--;
        if (Endpoint.IsAddress(left[..length])) return ShapeKind.Ip;
        var colon = left[..length].IndexOf((byte)':');
        if (colon < 7 || !Endpoint.IsAddress(left[..colon])) return ShapeKind.Literal;
        var port = left[(colon + 1)..length].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (port == 0) return ShapeKind.Literal;
        if (port < 0) return ShapeKind.IpPort;
        length = colon;
        return ShapeKind.Ip;
    }

    private static int NumberLength(ReadOnlySpan<byte> line, int at, out bool isFraction, out string unit)
    {
        (isFraction, unit) = (false, "");
        var i = at;
        if (line[i] == '-' && (at == 0 || line[at - 1] is (byte)' ' or (byte)'=' or (byte)'(' or (byte)'[')) i++;
        var first = i;
        while (i < line.Length && char.IsAsciiDigit((char)line[i])) i++;
        if (i == first || i - first > 18) return 0;
        if (i + 1 < line.Length && line[i] == '.' && char.IsAsciiDigit((char)line[i + 1]))
        {
            isFraction = true;
            i++;
            while (i < line.Length && char.IsAsciiDigit((char)line[i])) i++;
        }
        var end = line[i..].IndexOfAny(WordEnds);
        var tail = line.Slice(i, end < 0 ? line.Length - i : end);
        if (tail.Length == 0 || tail is [(byte)'%'] or [(byte)'.']) return i - at;
        if (tail.SequenceEqual("ms"u8) || tail.SequenceEqual("us"u8) || tail.SequenceEqual("s"u8)) { unit = Encoding.UTF8.GetString(tail); return i - at; }
        return 0;
    }

    private static int PathLength(ReadOnlySpan<byte> line, int at)
    {
        var left = line[at..];
        var scheme = left[..Math.Min(left.Length, 12)].IndexOf("://"u8);
        if (scheme < 2 && (left[0] != '/' || left.Length < 2 || left[1] is (byte)' ' or (byte)'/')) return 0;
        var length = left.IndexOfAny(PathEnds);
        if (length < 0) length = left.Length;
        while (length > 1 && left[length - 1] is (byte)'.' or (byte)':') length--;
        return length < 2 || length <= scheme ? 0 : length;
    }
}
