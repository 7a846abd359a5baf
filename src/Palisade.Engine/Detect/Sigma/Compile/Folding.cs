using System.Runtime.CompilerServices;
using System.Text;

namespace Palisade.Engine.Detect.Sigma.Compile;

/// <summary>
/// Case folding as both sides of a comparison see it: ASCII letters to lower case, other scalars by the simple invariant
/// mapping (upper, then lower, so that final sigma and the Kelvin sign fold). Bytes that are no UTF-8 stay.
/// </summary>
internal static class Folding
{
    /// <summary>Bytes a folded value may need.</summary>
    public static int MaxLength(int length) => length * 2;

    /// <summary>Folds into <paramref name="to"/>; returns the length and whether all was ASCII (then offsets are kept).</summary>
    public static int Fold(ReadOnlySpan<byte> from, Span<byte> to, out bool ascii)
    {
        var status = Ascii.ToLower(from, to, out var done);
        ascii = status == System.Buffers.OperationStatus.Done;
        return ascii ? done : Slow(from, to, done);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Slow(ReadOnlySpan<byte> from, Span<byte> to, int at)
    {
        var n = at;
        while (at < from.Length)
        {
            if (Rune.DecodeFromUtf8(from[at..], out var rune, out var used) != System.Buffers.OperationStatus.Done)
            {
                to[n++] = from[at++];
                continue;
            }
            var folded = Rune.ToLowerInvariant(Rune.ToUpperInvariant(rune));
            n += folded.EncodeToUtf8(to[n..]);
            at += used;
        }
        return n;
    }

    public static byte[] Fold(ReadOnlySpan<byte> from)
    {
        var to = new byte[MaxLength(from.Length)];
        return to[..Fold(from, to, out _)];
    }

    /// <summary>Makes every sign that Windows takes for a dash (- / – — ―) a plain dash, in place; returns the new length.</summary>
    public static int Dashes(Span<byte> text)
    {
        var n = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var b = text[i];
            if (b == (byte)'/') b = (byte)'-';
            else if (b == 0xE2 && i + 2 < text.Length && text[i + 1] == 0x80 && text[i + 2] is 0x93 or 0x94 or 0x95)
            {
                b = (byte)'-';
                i += 2;
            }
            text[n++] = b;
        }
        return n;
    }

    public static byte[] Dashes(byte[] text)
    {
        var copy = (byte[])text.Clone();
        return copy[..Dashes(copy.AsSpan())];
    }
}
