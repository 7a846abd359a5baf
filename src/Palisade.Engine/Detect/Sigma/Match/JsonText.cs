using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// A place in a JSON text, and the tokens read from there. Behind the text stand a zero byte and <see cref="Slack"/> bytes that may be read.
/// </summary>
internal ref struct JsonText(ref byte text, int end)
{
    /// <summary>Bytes read past an end.</summary>
    public const int Slack = 64;

    private readonly ref byte text = ref text;
    public int At;
    public readonly int End = end;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ref byte Ref(int at) => ref Unsafe.Add(ref text, at);

    public readonly ReadOnlySpan<byte> Span(int at, int length) => MemoryMarshal.CreateReadOnlySpan(ref Ref(at), length);

    /// <summary>Skips white space; the byte there, 0 at the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Next()
    {
        var b = Ref(At);
        if (b > ' ') return b;
        if (b == ' ')
        {
            b = Ref(++At);
            if (b > ' ') return b;
        }
        while (b is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t') b = Ref(++At);
        return b;
    }

    /// <summary>Takes a word.</summary>
    public bool Word(ReadOnlySpan<byte> word)
    {
        if (!Span(At, word.Length).SequenceEqual(word)) return false;
        At += word.Length;
        return At <= End;
    }

    /// <summary>Takes a number (RFC 8259, section 6).</summary>
    public bool Number()
    {
        if (Ref(At) == '-') At++;
        if (Ref(At) == '0') At++;
        else if (!Digits()) return false;
        if (Ref(At) == '.')
        {
            At++;
            if (!Digits()) return false;
        }
        if ((Ref(At) | 0x20) == 'e')
        {
            At++;
            if (Ref(At) is (byte)'+' or (byte)'-') At++;
            if (!Digits()) return false;
        }
        return true;
    }

    private bool Digits()
    {
        var start = At;
        while (Ref(At) is >= (byte)'0' and <= (byte)'9') At++;
        return At > start;
    }

    /// <summary>Takes a string, from behind its first quote to behind its last; as it is written, its escapes only looked at.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool String(out int length, out bool escaped)
    {
        var start = At;
        escaped = false;
        var quotes = Specials(ref Ref(At), out var backslashes, out var controls);
        if ((quotes | backslashes | controls) != 0)
        {
            // the first special sign ends the string: the common case
            var first = BitOperations.TrailingZeroCount(quotes | backslashes | controls);
            if ((quotes >> first & 1) != 0)
            {
                length = first;
                At = start + first + 1;
                return At <= End;
            }
        }
        return Longer(start, out length, out escaped);
    }

    /// <summary>
    /// Length of the string of less than 64 bytes without escapes, or of the whole number, that begins at a place; negative where another
    /// value begins. <paramref name="quotes"/> is how many stand before it and behind it. What stands behind a number is not looked at.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly int Plain(int at, out int quotes)
    {
        if (Ref(at) == '"')
        {
            quotes = 1;
            var ends = Specials(ref Ref(at + 1), out var backslashes, out var controls);
            var others = backslashes | controls;
            return ((ends ^ ends - 1) & others) == 0 && ends != 0 ? BitOperations.TrailingZeroCount(ends) : -1;
        }
        quotes = 0;
        var digits = BitOperations.TrailingZeroCount(~Bytes64.Within(ref Ref(at), (byte)'0', 9));
        return digits == 0 || digits > 1 && Ref(at) == '0' ? -1 : digits;
    }

    // A string of more than 64 bytes or with a backslash, from its first byte on.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Longer(int start, out int length, out bool escaped)
    {
        const ulong Even = 0x5555555555555555;
        (length, escaped) = (0, false);
        // whether the first byte of the chunk is the second of an escape
        ulong carry = 0;
        for (var at = start; at <= End; at += 64)
        {
            var quotes = Specials(ref Ref(at), out var backslashes, out var controls);
            var (seconds, signs) = (0UL, quotes | backslashes);
            if ((backslashes | carry) != 0)
            {
                // Of a run of backslashes each second one is escaped by the one before it, and so is what stands behind an odd run:
                // runs that begin at an odd place are found by the carry of an addition.
                escaped = true;
                backslashes &= ~carry;
                var follows = backslashes << 1 | carry;
                var odd = backslashes & ~Even & ~follows;
                var sum = odd + backslashes;
                carry = sum < odd ? 1UL : 0;
                seconds = (Even ^ sum << 1) & follows;
            }
            var ends = quotes & ~seconds;
            var inside = ends == 0 ? ulong.MaxValue : (ends & (0 - ends)) - 1;
            // the zero byte behind the text is one of them, so nothing behind it is ever taken
            if ((controls & inside) != 0) return false;
            if (!Escapes(at, seconds & inside & ~signs)) return false;
            if (ends == 0) continue;
            At = at + BitOperations.TrailingZeroCount(ends);
            length = At - start;
            return ++At <= End;
        }
        return false;
    }

    // Looks at the second signs of escapes, given as bits of the 64 bytes at a place.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly bool Escapes(int at, ulong seconds)
    {
        for (; seconds != 0; seconds &= seconds - 1)
        {
            var place = at + BitOperations.TrailingZeroCount(seconds);
            switch (Ref(place))
            {
                case (byte)'\\' or (byte)'"' or (byte)'/' or (byte)'n' or (byte)'t' or (byte)'r' or (byte)'b' or (byte)'f':
                    break;
                case (byte)'u':
                    if (place + 5 > End) return false;
                    for (var i = 1; i < 5; i++)
                        if (!char.IsAsciiHexDigit((char)Ref(place + i))) return false;
                    break;
                default:
                    return false;
            }
        }
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Specials(ref byte at, out ulong backslashes, out ulong controls)
    {
        backslashes = Bytes64.Equal(ref at, (byte)'\\');
        controls = Bytes64.Within(ref at, 0, 0x1F);
        return Bytes64.Equal(ref at, (byte)'"');
    }

    /// <summary>
    /// Where the next <c>\n</c> is written in a string that <see cref="String"/> took, or its end; <paramref name="from"/> is not within an escape.
    /// </summary>
    public static int LineFeed(ref byte text, int from, int length)
    {
        while (from < length)
        {
            var backslashes = Bytes64.Equal(ref Unsafe.Add(ref text, from), (byte)'\\');
            from += BitOperations.TrailingZeroCount(backslashes);
            if (backslashes == 0 || from >= length) continue;
            if (Unsafe.Add(ref text, from + 1) == 'n') return from;
            from += 2;
        }
        return length;
    }

    /// <summary>
    /// What a string says, its escapes undone. <see cref="Slack"/> bytes may be read behind it; <paramref name="to"/> must have room for as
    /// many bytes as it and <see cref="Slack"/> more. Only for strings that <see cref="String"/> took.
    /// </summary>
    /// <returns>Bytes written.</returns>
    public static int Unescape(ref byte from, int length, ref byte to)
    {
        int i = 0, n = 0;
        while (true)
        {
            var chunk = Vector256.LoadUnsafe(ref Unsafe.Add(ref from, i));
            chunk.StoreUnsafe(ref Unsafe.Add(ref to, n));
            var backslashes = Vector256.Equals(chunk, Vector256.Create((byte)'\\')).ExtractMostSignificantBits();
            var clean = backslashes == 0 ? 32 : BitOperations.TrailingZeroCount(backslashes);
            if (i + clean >= length) return n + length - i;
            i += clean;
            n += clean;
            if (backslashes == 0) continue;
            var c = Unsafe.Add(ref from, i + 1);
            if (c == 'u') { Unicode(ref from, ref i, ref to, ref n); continue; }
            Unsafe.Add(ref to, n++) = c switch
            {
                (byte)'n' => (byte)'\n',
                (byte)'t' => (byte)'\t',
                (byte)'r' => (byte)'\r',
                (byte)'b' => (byte)'\b',
                (byte)'f' => (byte)'\f',
                _ => c,
            };
            i += 2;
        }
    }

    private static void Unicode(ref byte from, ref int i, ref byte to, ref int n)
    {
        var unit = Unit(ref Unsafe.Add(ref from, i + 2));
        i += 6;
        var rune = Rune.ReplacementChar;
        if (char.IsHighSurrogate(unit) && Unsafe.Add(ref from, i) == '\\' && Unsafe.Add(ref from, i + 1) == 'u' && Unit(ref Unsafe.Add(ref from, i + 2)) is var low && char.IsLowSurrogate(low))
        {
            rune = new Rune(unit, low);
            i += 6;
        }
        else if (!char.IsSurrogate(unit)) rune = new Rune(unit);
        n += rune.EncodeToUtf8(MemoryMarshal.CreateSpan(ref Unsafe.Add(ref to, n), 4));
    }

    // four hexadecimal digits
    private static char Unit(ref byte digits)
    {
        var unit = 0;
        for (var i = 0; i < 4; i++)
        {
            var digit = Unsafe.Add(ref digits, i);
            unit = unit << 4 | (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }
        return (char)unit;
    }
}
