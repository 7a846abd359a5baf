namespace Palisade.Engine.Parse.Text;

/// <summary>Reads IPv6 addresses as text, without a zone and without brackets. Allocates nothing.</summary>
/// <remarks>Source: RFC 4291, section 2.2; a dotted end as there in section 2.5.5, without leading zeros.</remarks>
public static class IPv6Text
{
    private const int Groups = 8;

    /// <summary>The 128 bits of an address; false where the text is none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out UInt128 value)
    {
        value = default;
        int groups = 0, gap = -1, at = 0;
        UInt128 bits = 0;
        if (text.StartsWith("::"u8)) (gap, at) = (0, 2);
        while (at < text.Length)
        {
            var start = at;
            uint group = 0;
            for (; at < text.Length && at - start < 5 && char.IsAsciiHexDigit((char)text[at]); at++) group = group << 4 | (uint)Digit(text[at]);
            if (at < text.Length && text[at] == '.')
            {
                if (groups > Groups - 2 || !TryDotted(text[start..], out var dotted)) return false;
                bits = bits << 32 | dotted;
                groups += 2;
                break;
            }
            if (at == start || at - start > 4 || groups++ == Groups) return false;
            bits = bits << 16 | group;
            if (at == text.Length) break;
            // a colon, and what is behind it
            if (text[at++] != ':' || at == text.Length) return false;
            if (text[at] != ':') continue;
            if (gap >= 0) return false;
            gap = groups;
            at++;
        }
        if (gap < 0 ? groups != Groups : groups >= Groups) return false;
        value = bits;
        if (gap < 0 || groups == 0) return true;
        // what stands behind the gap is at the end already
        var behind = (groups - gap) * 16;
        var low = (UInt128.One << behind) - 1;
        value = gap == 0 ? bits & low : bits >> behind << (128 - gap * 16) | bits & low;
        return true;
    }

    private static int Digit(byte b) => b <= '9' ? b - '0' : (b | 0x20) - 'a' + 10;

    private static bool TryDotted(ReadOnlySpan<byte> text, out uint value)
    {
        value = 0;
        int parts = 1, digits = 0;
        uint part = 0;
        foreach (var b in text)
        {
            if (b == '.')
            {
                if (digits == 0 || ++parts > 4) return false;
                value = value << 8 | part;
                (part, digits) = (0, 0);
                continue;
            }
            if (b is < (byte)'0' or > (byte)'9' || digits > 0 && part == 0) return false;
            part = part * 10 + (uint)(b - '0');
            if (++digits > 3 || part > 255) return false;
        }
        value = value << 8 | part;
        return parts == 4 && digits > 0;
    }
}
