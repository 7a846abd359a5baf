using System.Text;

namespace Palisade.Server.Tokens;

internal static class TokenText
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    /// <summary>RFC 4648 base 32, lower case, without padding.</summary>
    public static string Base32(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        int bits = 0, value = 0;
        foreach (var b in bytes)
        {
            value = ((value << 8) | b) & 0xFFFF;
            for (bits += 8; bits >= 5; bits -= 5) text.Append(Alphabet[(value >> (bits - 5)) & 31]);
        }
        if (bits > 0) text.Append(Alphabet[(value << (5 - bits)) & 31]);
        return text.ToString();
    }
}
