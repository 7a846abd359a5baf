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

    /// <summary>The bytes of base 32 text, letter case aside; what is not of its alphabet is passed over.</summary>
    public static byte[] FromBase32(string text)
    {
        var bytes = new List<byte>(text.Length * 5 / 8);
        int bits = 0, value = 0;
        foreach (var c in text.ToLowerInvariant())
        {
            var digit = Alphabet.IndexOf(c, StringComparison.Ordinal);
            if (digit < 0) continue;
            value = ((value << 5) | digit) & 0xFFFF;
            if ((bits += 5) < 8) continue;
            bytes.Add((byte)(value >> (bits -= 8)));
        }
        return [.. bytes];
    }
}
