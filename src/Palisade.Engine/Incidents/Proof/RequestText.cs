namespace Palisade.Engine.Incidents.Proof;

/// <summary>Brings what a client sent and what a host ran to one form, and finds the one in the other.</summary>
internal static class RequestText
{
    /// <summary>Bytes of a request that are compared.</summary>
    public const int Most = 384;
    /// <summary>A text in common of this length is no accident.</summary>
    public const int Telling = 8;
    private const int Rounds = 3;

    /// <summary>Decodes percent signs (up to three times over) and plus signs, folds case and blanks, and reads the shell's stand-ins for a blank.</summary>
    /// <returns>Bytes written.</returns>
    public static int Decode(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var length = Math.Min(from.Length, to.Length);
        from[..length].CopyTo(to);
        for (var round = 0; round < Rounds; round++)
        {
            var n = Percent(to[..length], plus: round == 0);
            var done = n == length;
            length = n;
            if (done) break;
        }
        return Fold(to[..length]);
    }

    private static int Percent(Span<byte> text, bool plus)
    {
        var n = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '%' && i + 2 < text.Length && Hex(text[i + 1], out var high) && Hex(text[i + 2], out var low))
            {
                c = (byte)(high << 4 | low);
                i += 2;
            }
            else if (c == '\\' && i + 3 < text.Length && text[i + 1] == 'x' && Hex(text[i + 2], out high) && Hex(text[i + 3], out low))
            {
                // nginx writes so what it does not print
                c = (byte)(high << 4 | low);
                i += 3;
            }
            else if (c == '+' && plus)
            {
                c = (byte)' ';
            }
            text[n++] = c;
        }
        return n;
    }

    private static bool Hex(byte c, out int value)
    {
        value = c is >= (byte)'0' and <= (byte)'9' ? c - '0' : (c | 0x20) is >= 'a' and <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
        return value >= 0;
    }

    /// <summary>Lower case; any run of blanks, line ends and the shell's stand-ins for one becomes one blank; none at either end.</summary>
    public static int Fold(Span<byte> text)
    {
        var n = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is >= (byte)'A' and <= (byte)'Z') c |= 0x20;
            if (c == '$' && Blank(text[i..]) is > 0 and var used)
            {
                c = (byte)' ';
                i += used - 1;
            }
            if (c <= ' ')
            {
                if (n == 0 || text[n - 1] == ' ') continue;
                c = (byte)' ';
            }
            text[n++] = c;
        }
        return n > 0 && text[n - 1] == ' ' ? n - 1 : n;
    }

    private static int Blank(ReadOnlySpan<byte> text)
    {
        if (text.Length >= 6 && Same(text[..6], "${ifs}"u8)) return 6;
        return text.Length >= 4 && Same(text[..4], "$ifs"u8) ? 4 : 0;
    }

    private static bool Same(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower)
    {
        for (var i = 0; i < lower.Length; i++)
            if ((text[i] is >= (byte)'A' and <= (byte)'Z' ? text[i] | 0x20 : text[i]) != lower[i]) return false;
        return true;
    }

    /// <summary>How much of what was done stands in the request: 0 nothing, else the bytes in common.</summary>
    /// <param name="wholly">Nothing less than a piece that reads like a command, and a long one, counts: the attack is not of a kind that runs commands as a rule.</param>
    /// <remarks>
    /// Either all that was done, between characters that end a word; or a piece of it that is long and holds more than letters and digits, since a
    /// request may bring only the end of a command (<c>ping -c 1 192.0.2.1;id</c>).
    /// </remarks>
    public static int Common(ReadOnlySpan<byte> request, ReadOnlySpan<byte> done, bool wholly)
    {
        if (done.Length < 2) return 0;
        if ((!wholly || done.Length >= Telling) && HasWords(request, done)) return done.Length;
        return request.Length < Telling || done.Length < Telling ? 0 : Longest(request, done, wholly);
    }

    /// <summary>Whether a name or address stands in the request, not as part of a longer one.</summary>
    public static bool HasName(ReadOnlySpan<byte> request, ReadOnlySpan<byte> name)
    {
        for (var at = 0; name.Length > 3 && request[at..].IndexOf(name) is >= 0 and var found; at += found + 1)
        {
            var (start, end) = (at + found, at + found + name.Length);
            if ((start == 0 || !IsWord(request[start - 1]) || request[start - 1] == '/') && (end == request.Length || !IsWord(request[end]) || request[end] == '/')) return true;
        }
        return false;
    }

    private static bool HasWords(ReadOnlySpan<byte> request, ReadOnlySpan<byte> words)
    {
        for (var at = 0; request[at..].IndexOf(words) is >= 0 and var found; at += found + 1)
        {
            var (start, end) = (at + found, at + found + words.Length);
            if ((start == 0 || !IsWord(request[start - 1])) && (end == request.Length || !IsWord(request[end]))) return true;
        }
        return false;
    }

    private static bool IsWord(byte c) => c is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9') or (byte)'_' or (byte)'-' or (byte)'.' or (byte)'/' or >= 0x80;

    private static int Longest(ReadOnlySpan<byte> request, ReadOnlySpan<byte> done, bool wholly)
    {
        // Eight bytes at a time are looked up in a small filter first: most requests share nothing with a command.
        Span<ulong> filter = stackalloc ulong[32];
        filter.Clear();
        for (var i = 0; i + Telling <= done.Length; i++) Set(filter, Eight(done, i));
        var best = 0;
        for (var i = 0; i + Telling <= request.Length; i++)
        {
            if (!IsSet(filter, Eight(request, i))) continue;
            for (var j = 0; j + Telling <= done.Length; j++)
            {
                if (Eight(done, j) != Eight(request, i)) continue;
                var n = Telling;
                while (i + n < request.Length && j + n < done.Length && request[i + n] == done[j + n]) n++;
                if (n > best && (wholly ? n >= Telling * 3 / 2 && IsCommand(request.Slice(i, n)) : IsCommand(request.Slice(i, n)) || IsArgument(request, i, n) && IsArgument(done, j, n))) best = n;
            }
        }
        return best;
    }

    private static ulong Eight(ReadOnlySpan<byte> text, int at) => System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(text[at..]);

    private static void Set(Span<ulong> filter, ulong key)
    {
        var bit = (int)(Hash.Mix(key, 0) & 2047);
        filter[bit >> 6] |= 1UL << (bit & 63);
    }

    private static bool IsSet(ReadOnlySpan<ulong> filter, ulong key)
    {
        var bit = (int)(Hash.Mix(key, 0) & 2047);
        return (filter[bit >> 6] >> (bit & 63) & 1) != 0;
    }

    /// <summary>Letters, and something that joins words to a command.</summary>
    private static bool IsCommand(ReadOnlySpan<byte> text)
    {
        bool letters = false, joints = false;
        foreach (var c in text)
        {
            letters |= c is >= (byte)'a' and <= (byte)'z';
            joints |= c is (byte)' ' or (byte)';' or (byte)'|' or (byte)'&' or (byte)'$' or (byte)'`' or (byte)'<' or (byte)'>' or (byte)'(';
        }
        return letters && joints;
    }

    /// <summary>A path or address from its begin to its end.</summary>
    private static bool IsArgument(ReadOnlySpan<byte> text, int at, int length) =>
        text.Slice(at, length).IndexOf((byte)'/') >= 0 && (at == 0 || !IsWord(text[at - 1])) && (at + length == text.Length || !IsWord(text[at + length]));
}
