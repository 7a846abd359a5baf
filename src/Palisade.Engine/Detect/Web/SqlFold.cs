namespace Palisade.Engine.Detect.Web;

/// <summary>
/// Reads a value as the inside of an SQL statement and folds it to one character a token, so that signatures can speak
/// of grammar ("boolean operator, literal, comparison, literal") instead of spelling.
/// </summary>
/// <remarks>
/// Alphabet: 1 number or NULL · s string · q quote that opens or closes alone · v name · @ variable · f name before '(' ·
/// F function that only an attack calls · S select · U union · D all/distinct · R from · W where · H having · B order/group by ·
/// L limit · I into · O outfile · &amp; and/or/xor/|| · N not · l like/in/between/is … · A as · C case · T when/then/else/end ·
/// X statement verb · Y waitfor/delay · P procedure · Z :: cast · = comparison · o arithmetic · * star · c comment to the end · k comment that goes on for words ·
/// ( ) , ; . themselves · p sentences · x anything else.
/// The value may start in bare SQL or inside a string: <see cref="Fold"/> is asked once for each.
/// </remarks>
internal static class SqlFold
{
    /// <summary>
    /// Folds at most as many tokens as fit. <paramref name="quote"/> is 0 for bare SQL, else the open quote, which closes at its
    /// occurrence number <paramref name="closing"/> (from 1): a value may carry quotes that the statement keeps inside.
    /// </summary>
    public static int Fold(ReadOnlySpan<byte> s, byte quote, int closing, Span<char> fold)
    {
        var n = 0;
        var i = 0;
        if (quote != 0)
        {
            for (; closing > 0; closing--)
            {
                var at = s[i..].IndexOf(quote);
                if (at < 0) return 0;
                i += at + 1;
            }
            fold[n++] = 'q';
        }
        while (i < s.Length && n < fold.Length)
        {
            var b = s[i];
            if (b <= ' ') { i++; continue; }
            if (IsWord(b)) { Word(s, ref i, fold, ref n); continue; }
            switch (b)
            {
                case (byte)'\'' or (byte)'"':
                    if (quote != '\'' && b == '\'' && i > 0 && IsWord(s[i - 1]) && i + 1 < s.Length && IsLetter(s[i + 1])) { i++; break; } // apostrophe
                    if (!String(s, ref i, b, fold, ref n) && b == quote && n > 1 && fold[n - 2] == '=') return n; // the rest is inside the statement's own string
                    break;
                case (byte)'`': i++; Tick(s, ref i, fold, ref n); break;
                case (byte)'-' when At(s, i + 1) == '-': if (NextLine(s, ref i)) break; fold[n++] = Comment(s[(i + 2)..]); return n;
                case (byte)'#': if (NextLine(s, ref i)) break; fold[n++] = Comment(s[(i + 1)..]); return n;
                case (byte)'/' when At(s, i + 1) == '*':
                    if (At(s, i + 2) == '!') { i += 3; while (i < s.Length && (uint)(s[i] - '0') < 10) i++; break; }
                    var close = s[(i + 2)..].IndexOf("*/"u8);
                    if (close < 0) { fold[n++] = 'c'; return n; }
                    i += close + 4;
                    break;
                case (byte)'*' when At(s, i + 1) == '/': i += 2; break;
                case (byte)'=' or (byte)'<' or (byte)'>': i++; while (At(s, i) is '=' or '<' or '>') i++; fold[n++] = '='; break;
                case (byte)'!': i++; if (At(s, i) == '=') { i++; fold[n++] = '='; } else fold[n++] = 'N'; break;
                case (byte)'|' when At(s, i + 1) == '|': case (byte)'&' when At(s, i + 1) == '&': i += 2; fold[n++] = '&'; break;
                case (byte)'|' or (byte)'&' or (byte)'^' or (byte)'+' or (byte)'-' or (byte)'/' or (byte)'%' or (byte)'~': i++; if (n > 0 ? fold[n - 1] is not ('o' or '&' or '=' or '(' or ',') : b is not ((byte)'-' or (byte)'+')) fold[n++] = 'o'; break; // else a sign
                case (byte)'@': i++; while (i < s.Length && (IsWord(s[i]) || s[i] is (byte)'@' or (byte)'.')) i++; fold[n++] = '@'; break;
                case (byte)':' when At(s, i + 1) == ':': i += 2; fold[n++] = 'Z'; break;
                case (byte)':' when At(s, i + 1) == '=': i += 2; fold[n++] = '='; break;
                case (byte)'(' or (byte)')' or (byte)',' or (byte)';' or (byte)'*' or (byte)'.': i++; fold[n++] = (char)b; break;
                default: i++; fold[n++] = 'x'; break;
            }
        }
        return n;
    }

    /// <summary>A comment that goes on for words is a weaker sign: people write "#2" and "--" too.</summary>
    private static char Comment(ReadOnlySpan<byte> rest)
    {
        rest = rest.Trim(" +-/*\t"u8);
        return rest.Length <= 16 && rest.IndexOf((byte)' ') < 0 && (rest.IsEmpty || !IsDigit(rest[0])) ? 'c' : 'k';
    }

    /// <summary>A comment up to a line break is a blank: the statement goes on behind it.</summary>
    private static bool NextLine(ReadOnlySpan<byte> s, ref int i)
    {
        var end = s[i..].IndexOf((byte)'\n');
        if (end < 0 || i + end + 1 >= s.Length) return false;
        i += end + 1;
        return true;
    }

    private static bool IsDigit(byte b) => (uint)(b - '0') < 10;

    private static int At(ReadOnlySpan<byte> s, int i) => i < s.Length ? s[i] : -1;

    /// <summary>False: the quote stands alone.</summary>
    private static bool String(ReadOnlySpan<byte> s, ref int i, byte quote, Span<char> fold, ref int n)
    {
        for (var j = i + 1; j < s.Length; j++)
        {
            if (s[j] == '\\') { j++; continue; }
            if (s[j] != quote) continue;
            if (At(s, j + 1) == quote) { j++; continue; }
            i = j + 1;
            fold[n++] = 's';
            return true;
        }
        i++; // alone: what follows is read as SQL, the way a statement broken open is
        fold[n++] = 'q';
        return false;
    }

    private static void Tick(ReadOnlySpan<byte> s, ref int i, Span<char> fold, ref int n)
    {
        var close = s[i..].IndexOf((byte)'`');
        if (close < 0) { fold[n++] = 'q'; return; }
        i += close + 1;
        fold[n++] = 'v';
    }

    private static void Word(ReadOnlySpan<byte> s, ref int i, Span<char> fold, ref int n)
    {
        var start = i;
        if ((uint)(s[i] - '0') < 10)
        {
            // "1.union" is the number "1." and a word.
            while (i < s.Length && (IsWord(s[i]) || (s[i] == '.' && !(i + 1 < s.Length && IsLetter(s[i + 1]))))) i++;
            if (At(s, i) == '.' && !s[start..i].ContainsAnyExcept(Decimal)) i++;
            // "1.5union" and "1e0union": the number ends where it has to, without a blank.
            var digits = s[start..i].IndexOfAnyExcept(Decimal);
            if (digits > 1 && SqlWords.CodeOf(s[(start + digits)..i]) == 'U') i = start + digits;
            fold[n++] = IsNumber(s[start..i]) ? '1' : 'v';
            return;
        }
        while (i < s.Length && (IsWord(s[i]) || (s[i] == '.' && i + 1 < s.Length && IsWord(s[i + 1]) && !(IsDigit(s[i + 1]) && SqlWords.CodeOf(s[start..i]) is 'S' or 'U' or 'W' or '&')))) i++;
        var word = s[start..i];
        var quoted = At(s, i);
        if (quoted is '\'' && word.Length == 1 && word[0] is (byte)'n' or (byte)'x' or (byte)'b' or (byte)'e') return; // n'…' x'…'
        var code = SqlWords.CodeOf(word);
        var open = i;
        while (open < s.Length && (s[open] <= ' ' || s[open] == '/'))
        {
            if (s[open] != '/') { open++; continue; }
            // A comment is a blank.
            if (At(s, open + 1) != '*' || s[(open + 2)..].IndexOf("*/"u8) is not (>= 0 and var inner)) break;
            open += inner + 4;
        }
        var call = At(s, open) == '(';
        if (word.SequenceEqual("binary"u8)) return; // a cast without meaning here
        if (code == 'F') code = call ? 'F' : 'v';
        else if (code is 'v' or 'X' or 'T' && call && (open == i || code == 'X' && word.SequenceEqual("if"u8))) code = 'f';
        else if (code == 'B')
        {
            var rest = s[open..];
            if (rest.StartsWith("by"u8) && (rest.Length == 2 || !IsWord(rest[2]))) i = open + 2;
            else code = 'v';
        }
        if (code == 'v' && n > 0 && fold[n - 1] == 'p') return;
        if (code == 'v' && n > 1 && fold[n - 1] == 'v' && fold[n - 2] == 'v')
        {
            // A third name in a row is no SQL, unless it is a word of joins: somebody writes sentences.
            if (!SqlWords.IsLinking(word)) fold[n++] = 'p';
            return;
        }
        fold[n++] = code;
    }

    /// <summary>12, 0x1f, 1.5, 1e7; a lone trailing letter run such as 1blabla is a name.</summary>
    private static bool IsNumber(ReadOnlySpan<byte> word)
    {
        if (word.Length > 2 && word[0] == '0' && word[1] == 'x') return !word[2..].ContainsAnyExcept(Hex);
        return !word.ContainsAnyExcept(Decimal);
    }

    private static readonly System.Buffers.SearchValues<byte> Hex = System.Buffers.SearchValues.Create("0123456789abcdef"u8);
    private static readonly System.Buffers.SearchValues<byte> Decimal = System.Buffers.SearchValues.Create("0123456789.e"u8);

    private static bool IsLetter(byte b) => (uint)(b - 'a') < 26;
    private static bool IsWord(byte b) => (uint)(b - 'a') < 26 || (uint)(b - '0') < 10 || b is (byte)'_' or (byte)'$' or >= 0x80;
}
