using System.Numerics;
using System.Runtime.CompilerServices;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// Numbers, times, addresses, GUIDs, security ids: values that hardly ever repeat and that words are not found in. Made of hexadecimal
/// digits, the signs - . / : { }, at most one space and at most two of the letters T Z S x.
/// </summary>
internal static class Codes
{
    /// <summary>Longest one; as many bytes are read.</summary>
    public const int Max = Bytes64.Length;

    /// <summary>Whether a value of at most <see cref="Max"/> bytes, behind whose begin as many may be read, is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Is(ref byte value, int length)
    {
        var all = ulong.MaxValue >> (Max - length);
        var others = ~Bytes64.Within(ref value, (byte)'-', ':' - '-') & all;
        if (others == 0) return true;
        others &= ~(Bytes64.Letters(ref value, (byte)'a', 'f' - 'a') | Bytes64.Equal(ref value, (byte)'{') | Bytes64.Equal(ref value, (byte)'}'));
        if (BitOperations.PopCount(others) > 3) return false;
        var spaces = Bytes64.Equal(ref value, (byte)' ') & all;
        others &= ~spaces;
        if (BitOperations.PopCount(spaces) > 1 || BitOperations.PopCount(others) > 2) return false;
        for (; others != 0; others &= others - 1)
            if (Unsafe.Add(ref value, BitOperations.TrailingZeroCount(others)) is not ((byte)'T' or (byte)'Z' or (byte)'S' or (byte)'x')) return false;
        return true;
    }

    /// <summary>Whether one may hold a literal, which is folded.</summary>
    public static bool MayHold(ReadOnlySpan<byte> literal)
    {
        int spaces = 0, letters = 0;
        foreach (var b in literal)
        {
            if (b is >= (byte)'-' and <= (byte)':' or >= (byte)'a' and <= (byte)'f' or (byte)'{' or (byte)'}') continue;
            if (b == (byte)' ') spaces++;
            else if (b is (byte)'t' or (byte)'z' or (byte)'s' or (byte)'x') letters++;
            else return false;
        }
        return spaces <= 1 && letters <= 2;
    }
}
