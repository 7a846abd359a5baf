namespace Palisade.Engine.Detect.Web;

/// <summary>What canonicalising a value had to undo.</summary>
[Flags]
internal enum CanonicalFlags : ushort
{
    None = 0,
    /// <summary>Encoded once, as any browser does.</summary>
    Encoded = 1,
    /// <summary>Encoded more than once.</summary>
    Nested = 2,
    /// <summary>Overlong UTF-8 or %uXXXX for a plain ASCII byte.</summary>
    Disguised = 4,
    /// <summary>An HTML character reference was replaced.</summary>
    Entity = 8,
    /// <summary>Contains a NUL byte.</summary>
    Nul = 16,
    /// <summary>Contains a line break.</summary>
    LineBreak = 32,
    /// <summary>%XX.</summary>
    Percent = 64,
    /// <summary>%uXXXX.</summary>
    PercentU = 128,
    /// <summary>\xXX or \uXXXX.</summary>
    Backslash = 256,
    /// <summary>UTF-8 longer than needed.</summary>
    Overlong = 512,
    /// <summary>A full-width or look-alike character for an ASCII one.</summary>
    FullWidth = 1024,
    /// <summary>'+' for a blank.</summary>
    Plus = 2048,
    /// <summary>The value is what base64 held.</summary>
    Base64 = 4096,
    /// <summary>The value was read as program code.</summary>
    Code = 8192,
}

/// <summary>Whether canonicalising folds case: detection does, what people are shown keeps its own.</summary>
internal interface ICasing
{
    static abstract byte Of(byte b);
}

internal readonly struct LowerCase : ICasing
{
    public static byte Of(byte b) => (uint)(b - 'A') < 26 ? (byte)(b | 0x20) : b;
}

internal readonly struct OwnCase : ICasing
{
    public static byte Of(byte b) => b;
}

/// <summary>
/// Brings a value into the one form that signatures are written for: percent, %u, \x and \u escapes and HTML character
/// references decoded (at most <see cref="MaxRounds"/> rounds), overlong and full-width forms to ASCII, lower case.
/// Never grows, so it works in place and its time is linear.
/// </summary>
internal static class Canonical
{
    public const int MaxRounds = 3;

    /// <summary>Writes the canonical form of <paramref name="source"/>; <paramref name="target"/> must be as long.</summary>
    /// <returns>Bytes written.</returns>
    public static int Write(ReadOnlySpan<byte> source, Span<byte> target, bool plusIsSpace, out CanonicalFlags flags)
    {
        flags = CanonicalFlags.None;
        var changed = false;
        // What is neither escaped nor special is most of what comes: it goes in strides.
        var plain = source.Overlaps(target) ? 0 : source.IndexOfAny(Special);
        if (plain < 0) plain = source.Length;
        if (plain > 0) System.Text.Ascii.ToLower(source[..plain], target, out _);
        if (plain == source.Length) return plain;
        var length = plain + Round<LowerCase>(source[plain..], target[plain..], plusIsSpace, ref flags, ref changed);
        if (!changed) return length;
        flags |= CanonicalFlags.Encoded;
        for (var round = 1; round < MaxRounds; round++)
        {
            if (target[..length].IndexOfAny((byte)'%', (byte)'\\', (byte)'&') < 0) break;
            changed = false;
            length = Round<LowerCase>(target[..length], target, false, ref flags, ref changed);
            if (!changed) break;
            flags |= CanonicalFlags.Nested;
        }
        return length;
    }

    /// <summary>One round of decoding with the letters' case kept, for showing what <see cref="Write"/> does. May work in place.</summary>
    /// <param name="flags">What it undid.</param>
    /// <returns>Bytes written.</returns>
    public static int Once(ReadOnlySpan<byte> source, Span<byte> target, bool plusIsSpace, out CanonicalFlags flags)
    {
        flags = CanonicalFlags.None;
        var changed = false;
        return Round<OwnCase>(source, target, plusIsSpace, ref flags, ref changed);
    }

    private static int Round<TCase>(ReadOnlySpan<byte> s, Span<byte> d, bool plus, ref CanonicalFlags flags, ref bool changed) where TCase : struct, ICasing
    {
        var n = 0;
        for (var i = 0; i < s.Length;)
        {
            var b = s[i];
            var kind = Kinds[b];
            if (kind == Plain) { d[n++] = b; i++; continue; }
            switch (kind)
            {
                case Upper: d[n++] = TCase.Of(b); i++; break;
                case Blank: d[n++] = (byte)' '; i++; break;
                case Break: flags |= CanonicalFlags.LineBreak; d[n++] = b; i++; break;
                case Nul: flags |= CanonicalFlags.Nul; d[n++] = b; i++; break;
                case Plus: if (plus) { flags |= CanonicalFlags.Plus; b = (byte)' '; } d[n++] = b; i++; break;
                case High: i += HighByte<TCase>(s[i..], d, ref n, ref flags); break;
                default: // Escape: '%', '\', '&'
                    var taken = b == '&' ? Entity(s[i..], out var code, ref flags) : Escape(s[i..], out code, ref flags);
                    if (taken == 0) { d[n++] = b; i++; break; }
                    changed = true;
                    i += taken;
                    Emit<TCase>(code, s, ref i, d, ref n, ref flags);
                    break;
            }
        }
        return n;
    }

    /// <summary>Writes a decoded code unit: a byte (0-255) or a character above (its UTF-8 form).</summary>
    private static void Emit<TCase>(int code, ReadOnlySpan<byte> s, ref int i, Span<byte> d, ref int n, ref CanonicalFlags flags) where TCase : struct, ICasing
    {
        if (code >= 0x100)
        {
            var ascii = AsciiOf(code);
            if (ascii != 0) { flags |= CanonicalFlags.Disguised | CanonicalFlags.FullWidth; d[n++] = TCase.Of(ascii); return; }
            if (code >= 0x800) d[n++] = (byte)(0xE0 | code >> 12 & 15);
            d[n++] = (byte)(code >= 0x800 ? 0x80 | code >> 6 & 63 : 0xC0 | code >> 6);
            d[n++] = (byte)(0x80 | code & 63);
            return;
        }
        var b = (byte)code;
        // The second byte of an overlong form is itself escaped: look at it before it is lost.
        if (b is 0xC0 or 0xC1 && i < s.Length && Escape(s[i..], out var second, ref flags) is > 0 and var taken && Overlong(b, second) is > 0 and var plain)
        {
            flags |= CanonicalFlags.Disguised | CanonicalFlags.Overlong;
            i += taken;
            b = (byte)plain;
        }
        else if (b is 0xE0 or 0xF0 or 0xF8 or 0xFC && LongForm(b, s[i..], out var all, ref flags) is > 0 and var shortest)
        {
            flags |= CanonicalFlags.Disguised | CanonicalFlags.Overlong;
            i += all;
            b = (byte)shortest;
        }
        else if (b == 0xEF && WideForm(s[i..], out var used, ref flags) is > 0 and var narrow)
        {
            flags |= CanonicalFlags.Disguised | CanonicalFlags.FullWidth;
            i += used;
            b = (byte)narrow;
        }
        if (b == 0) flags |= CanonicalFlags.Nul;
        if (b is (byte)'\r' or (byte)'\n') flags |= CanonicalFlags.LineBreak;
        d[n++] = b is (byte)'\t' or 0x0B or 0x0C ? (byte)' ' : TCase.Of(b);
    }

    /// <summary>Overlong forms of three to six bytes, each percent-escaped: %E0 %80 %AE → '.'.</summary>
    private static int LongForm(byte lead, ReadOnlySpan<byte> s, out int used, ref CanonicalFlags flags)
    {
        used = 0;
        var more = lead switch { 0xE0 => 2, 0xF0 => 3, 0xF8 => 4, _ => 5 };
        var second = 0x80;
        for (var n = 0; n < more; n++)
        {
            // All but the last two bytes carry nothing in such a form.
            if (second != 0x80) return 0;
            var taken = Escape(s[used..], out second, ref flags);
            if (taken == 0 || second is < 0x80 or > 0xBF) return 0;
            used += taken;
        }
        return Overlong(0xC0, second);
    }

    /// <summary>Full-width forms U+FF01-FF5E, each byte percent-escaped: %EF %BC %8E → '.'.</summary>
    private static int WideForm(ReadOnlySpan<byte> s, out int used, ref CanonicalFlags flags)
    {
        used = 0;
        var first = Escape(s, out var b1, ref flags);
        if (first == 0 || b1 is not (0xBC or 0xBD)) return 0;
        var second = Escape(s[first..], out var b2, ref flags);
        if (second == 0 || b2 is < 0x80 or > 0xBF) return 0;
        used = first + second;
        return AsciiOf(0xF000 | (b1 & 63) << 6 | b2 & 63);
    }

    private static int HighByte<TCase>(ReadOnlySpan<byte> s, Span<byte> d, ref int n, ref CanonicalFlags flags) where TCase : struct, ICasing
    {
        if (s.Length > 1 && s[0] is 0xC0 or 0xC1 && s.Length > 1 && Overlong(s[0], s[1]) is > 0 and var plain)
        {
            flags |= CanonicalFlags.Disguised | CanonicalFlags.Overlong;
            d[n++] = (byte)plain;
            return 2;
        }
        if (s.Length > 2 && s[0] == 0xEF && s[1] is 0xBC or 0xBD && s.Length > 2 && AsciiOf(0xF000 | (s[1] & 63) << 6 | s[2] & 63) is > 0 and var narrow)
        {
            flags |= CanonicalFlags.Disguised | CanonicalFlags.FullWidth;
            d[n++] = TCase.Of((byte)narrow);
            return 3;
        }
        // 0xFF separates segments and is no part of UTF-8 nor a lead byte of GBK.
        d[n++] = s[0] == 0xFF ? (byte)0xFE : s[0];
        return 1;
    }

    /// <summary>C0 AE and its sloppy relatives: only what is worth hiding, so that GBK text stays itself.</summary>
    private static int Overlong(byte lead, int second)
    {
        var value = (lead & 1) << 6 | second & 63;
        return value is '.' or '/' or '\\' or '<' or '>' ? value : 0;
    }

    /// <summary>ASCII that a character stands for when software "best fits" it; 0 for none.</summary>
    private static byte AsciiOf(int code) => code switch
    {
        >= 0xFF01 and <= 0xFF5E => (byte)(code - 0xFEE0),
        0x2215 or 0x2044 => (byte)'/',
        0x2216 => (byte)'\\',
        0x02B9 or 0x02BC => (byte)'\'',
        0x02BA => (byte)'"',
        0x2024 => (byte)'.',
        _ => 0,
    };

    /// <summary>%XX, %uXXXX, \xXX, \uXXXX. Returns the bytes it took, 0 for no escape.</summary>
    private static int Escape(ReadOnlySpan<byte> s, out int code, ref CanonicalFlags flags)
    {
        code = 0;
        if (s.Length < 3) return 0;
        if (s[0] == '%')
        {
            if ((s[1] | 0x20) == 'u') return s.Length >= 6 && Hex4(s[2..], out code) ? Wide(6, code, ref flags) : 0;
            if (!Hex2(s[1..], out code)) return 0;
            flags |= CanonicalFlags.Percent;
            return 3;
        }
        if (s[0] != '\\' || s.Length < 4) return 0;
        var taken = (s[1] | 0x20) == 'x' && Hex2(s[2..], out code) ? 4 : (s[1] | 0x20) == 'u' && s.Length >= 6 && Hex4(s[2..], out code) ? 6 : 0;
        if (taken > 0) flags |= CanonicalFlags.Backslash;
        return taken;
    }

    private static int Wide(int taken, int code, ref CanonicalFlags flags)
    {
        flags |= code < 0x80 ? CanonicalFlags.Disguised | CanonicalFlags.PercentU : CanonicalFlags.PercentU;
        return taken;
    }

    /// <summary>&amp;lt; &amp;#60; &amp;#x3c; (the semicolon may be missing after digits).</summary>
    private static int Entity(ReadOnlySpan<byte> s, out int code, ref CanonicalFlags flags)
    {
        code = 0;
        if (s.Length < 4) return 0;
        var i = 1;
        if (s[1] == '#')
        {
            var hex = (s[2] | 0x20) == 'x';
            i = hex ? 3 : 2;
            var first = i;
            for (; i < s.Length && i < 24; i++)
            {
                var v = HexValue(s[i]);
                if (v < 0 || (!hex && v > 9)) break;
                if (code < 0x10000) code = code * (hex ? 16 : 10) + v;
            }
            if (i == first || code is 0 or > 0xFFFF) return 0;
        }
        else
        {
            while (i < s.Length && i < 12 && (byte)((s[i] | 0x20) - 'a') < 26) i++;
            if (i == s.Length || s[i] != ';') return 0;
            code = Named(s[1..i]);
            if (code == 0) return 0;
        }
        flags |= CanonicalFlags.Entity;
        return i < s.Length && s[i] == ';' ? i + 1 : i;
    }

    private static int Named(ReadOnlySpan<byte> name)
    {
        Span<byte> lower = stackalloc byte[12];
        for (var i = 0; i < name.Length; i++) lower[i] = LowerCase.Of(name[i]);
        foreach (var (key, value) in References)
            if (lower[..name.Length].SequenceEqual(key)) return value;
        return 0;
    }

    private static readonly (byte[] Name, byte Value)[] References =
    [
        ("lt"u8.ToArray(), (byte)'<'), ("gt"u8.ToArray(), (byte)'>'), ("amp"u8.ToArray(), (byte)'&'), ("quot"u8.ToArray(), (byte)'"'),
        ("apos"u8.ToArray(), (byte)'\''), ("colon"u8.ToArray(), (byte)':'), ("lpar"u8.ToArray(), (byte)'('), ("rpar"u8.ToArray(), (byte)')'),
        ("equals"u8.ToArray(), (byte)'='), ("sol"u8.ToArray(), (byte)'/'), ("bsol"u8.ToArray(), (byte)'\\'), ("tab"u8.ToArray(), (byte)' '),
        ("newline"u8.ToArray(), (byte)'\n'), ("grave"u8.ToArray(), (byte)'`'), ("semi"u8.ToArray(), (byte)';'), ("period"u8.ToArray(), (byte)'.'),
    ];

    private static bool Hex2(ReadOnlySpan<byte> s, out int value)
    {
        value = HexValue(s[0]) << 4 | HexValue(s[1]);
        return value >= 0;
    }

    private static bool Hex4(ReadOnlySpan<byte> s, out int value)
    {
        value = HexValue(s[0]) << 12 | HexValue(s[1]) << 8 | HexValue(s[2]) << 4 | HexValue(s[3]);
        return value >= 0;
    }

    private static int HexValue(byte b) => b switch
    {
        >= (byte)'0' and <= (byte)'9' => b - '0',
        >= (byte)'a' and <= (byte)'f' => b - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => b - 'A' + 10,
        _ => -1,
    };

    private const byte Plain = 0, Upper = 1, Blank = 2, Break = 3, Nul = 4, Plus = 5, High = 6, Escaped = 7;

    private static readonly byte[] Kinds = MakeKinds();
    private static readonly System.Buffers.SearchValues<byte> Special =
        System.Buffers.SearchValues.Create([.. Enumerable.Range(0, 256).Where(b => b >= 0x80 || (Kinds[b] is not (Plain or Upper))).Select(b => (byte)b)]);

    private static byte[] MakeKinds()
    {
        var k = new byte[256];
        for (var b = (int)'A'; b <= 'Z'; b++) k[b] = Upper;
        k['\t'] = k[0x0B] = k[0x0C] = Blank;
        k['\r'] = k['\n'] = Break;
        k[0] = Nul;
        k['+'] = Plus;
        k[0xC0] = k[0xC1] = k[0xEF] = k[0xFF] = High;
        k['%'] = k['\\'] = k['&'] = Escaped;
        return k;
    }
}
