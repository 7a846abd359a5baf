using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// A place in a JSON text, and the tokens read from there. Behind the text stands a zero byte and <see cref="Slack"/> bytes that may be
/// read; from <see cref="Free"/> on may be written, as many bytes as the text has and <see cref="Slack"/> more.
/// </summary>
internal ref struct JsonText(ref byte text, int end, int free)
{
    /// <summary>Bytes read or written past an end.</summary>
    public const int Slack = 64;

    private readonly ref byte text = ref text;
    public int At;
    public readonly int End = end;
    public int Free = free;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly ref byte Ref(int at) => ref Unsafe.Add(ref text, at);

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

    /// <summary>
    /// Takes a string, from behind its first quote to behind its last. Without escapes it lies where it is; with escapes it is unescaped to
    /// <see cref="Free"/> when <paramref name="keep"/> says so.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool String(bool keep, out int at, out int length)
    {
        at = At;
        while (true)
        {
            var special = Special(ref Ref(At));
            if (special == 0)
            {
                At += 64;
                if (At > End) { length = 0; return false; }
                continue;
            }
            At += BitOperations.TrailingZeroCount(special);
            length = At - at;
            if (Ref(At) == '"' && At < End) { At++; return true; }
            return Ref(At) == '\\' && At < End && Escaped(keep, ref at, out length);
        }
    }

    // quotes, backslashes and control bytes of 64
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Special(ref byte at)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            var v = Vector512.LoadUnsafe(ref at);
            return (Vector512.Equals(v, Vector512.Create((byte)'"')) | Vector512.Equals(v, Vector512.Create((byte)'\\')) | Vector512.LessThan(v, Vector512.Create((byte)0x20))).ExtractMostSignificantBits();
        }
        return Half(ref at) | (ulong)Half(ref Unsafe.Add(ref at, 32)) << 32;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Half(ref byte at)
    {
        var v = Vector256.LoadUnsafe(ref at);
        return (Vector256.Equals(v, Vector256.Create((byte)'"')) | Vector256.Equals(v, Vector256.Create((byte)'\\')) | Vector256.LessThan(v, Vector256.Create((byte)0x20))).ExtractMostSignificantBits();
    }

    // At the first backslash of a string that began at 'at'.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Escaped(bool keep, ref int at, out int length)
    {
        int from = at, to = Free;
        var start = to;
        length = 0;
        while (true)
        {
            // a chunk of 64; its special bytes are walked by bits as long as escapes stay inside
            var chunk = At;
            var special = Special(ref Ref(chunk));
            if (special == 0)
            {
                At = chunk + 64;
                if (At > End) return false;
                continue;
            }
            while (special != 0)
            {
                At = chunk + BitOperations.TrailingZeroCount(special);
                if (At >= End) return false;
                var b = Ref(At);
                if (b != '"' && b != '\\') return false;
                if (keep) Copy(from, At, ref to);
                if (b == '"')
                {
                    At++;
                    if (!keep) return true;
                    (at, length, Free) = (start, to - start, to);
                    return true;
                }
                if (!Escape(keep, ref to)) return false;
                from = At;
                if (At >= chunk + 64) { special = 0; break; }
                special &= ulong.MaxValue << (At - chunk);
                if (special == 0) At = chunk + 64;
            }
            if (At > End) return false;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Copy(int from, int until, ref int to)
    {
        for (var i = from; i < until; i += 32) Vector256.LoadUnsafe(ref Ref(i)).StoreUnsafe(ref Ref(to + i - from));
        to += until - from;
    }

    // At a backslash; goes behind the escape.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Escape(bool keep, ref int to)
    {
        var c = Ref(At + 1);
        if (c == 'u') return Unicode(keep, ref to);
        c = c switch
        {
            (byte)'\\' or (byte)'"' or (byte)'/' => c,
            (byte)'n' => (byte)'\n',
            (byte)'t' => (byte)'\t',
            (byte)'r' => (byte)'\r',
            (byte)'b' => (byte)'\b',
            (byte)'f' => (byte)'\f',
            _ => 0,
        };
        if (c == 0) return false;
        if (keep) Ref(to++) = c;
        At += 2;
        return true;
    }

    private bool Unicode(bool keep, ref int to)
    {
        if (!Hex(At, out var unit)) return false;
        At += 6;
        var rune = Rune.ReplacementChar;
        if (char.IsHighSurrogate(unit) && Ref(At) == '\\' && Ref(At + 1) == 'u' && Hex(At, out var low) && char.IsLowSurrogate(low))
        {
            rune = new Rune(unit, low);
            At += 6;
        }
        else if (!char.IsSurrogate(unit)) rune = new Rune(unit);
        if (!keep) return true;
        Span<byte> bytes = stackalloc byte[4];
        var n = rune.EncodeToUtf8(bytes);
        for (var i = 0; i < n; i++) Ref(to++) = bytes[i];
        return true;
    }

    // four digits behind \u at a place
    private readonly bool Hex(int at, out char unit)
    {
        unit = '\0';
        if (at + 6 > End) return false;
        for (var i = 2; i < 6; i++)
        {
            var digit = Ref(at + i);
            if (!char.IsAsciiHexDigit((char)digit)) return false;
            unit = (char)(unit << 4 | (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10));
        }
        return true;
    }
}
