using System.Runtime.CompilerServices;

namespace Palisade.Engine.Detect.Web;

/// <summary>
/// The n-grams of a canonical value, n = 1 … 4, as slots of a table. Digits count as one digit, blanks as one blank, and all
/// bytes above ASCII as one: what is left is the shape of a language and not one sender's numbers and names.
/// </summary>
/// <remarks>Source: K. Weinberger et al., "Feature hashing for large scale multitask learning", ICML 2009.</remarks>
public static class WebGrams
{
    /// <summary>Bits of a slot.</summary>
    public const int Bits = 17;
    /// <summary>Slots of the table.</summary>
    public const int Slots = 1 << Bits;
    /// <summary>Symbols of one block; two neighbouring blocks are a window.</summary>
    public const int Block = 32;
    /// <summary>The byte fed behind the last one of a value.</summary>
    public const byte End = 0xFF;

    internal const byte Begin = 1;
    private const uint SaltTwo = 0x9E3779B1, SaltThree = 0x85EBCA6B, SaltFour = 0xC2B2AE35;
    private static readonly byte[] SymbolOf = MakeSymbols();

    /// <summary>What a byte counts as.</summary>
    internal static ReadOnlySpan<byte> Symbols => SymbolOf;

    /// <summary>Whether a run of this symbol counts as one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsRun(uint symbol) => symbol is '0' or ' ' or 0x80;

    /// <summary>Slot of one symbol.</summary>
    internal static int SlotOfOne(uint symbol) => Slot(symbol, 0x2545F491);

    /// <summary>Slot of the last two symbols, the latest in the low byte.</summary>
    internal static int SlotOfTwo(uint last) => Slot(last & 0xFFFF, SaltTwo);

    /// <summary>Slot of the last three symbols.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int SlotOfThree(uint last) => Slot(last & 0xFFFFFF, SaltThree);

    /// <summary>Slot of the last four symbols.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int SlotOfFour(uint last) => Slot(last, SaltFour);

    /// <summary>Walks over a value; after each <see cref="Next"/> that says yes the four slots of that position stand ready.</summary>
    public struct Reader
    {
        private uint last;
        private bool begun;

        /// <summary>Slot of the single symbol.</summary>
        public int One { readonly get; private set; }
        /// <summary>Slot of the pair that ends here.</summary>
        public int Two { readonly get; private set; }
        /// <summary>Slot of the three that end here.</summary>
        public int Three { readonly get; private set; }
        /// <summary>Slot of the four that end here.</summary>
        public int Four { readonly get; private set; }

        /// <summary>Takes the next byte; false where it only prolongs a run.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool Next(byte b)
        {
            if (!begun) { last = Begin; begun = true; }
            uint symbol = SymbolOf[b];
            if (symbol == (last & 0xFF) && IsRun(symbol)) return false;
            last = last << 8 | symbol;
            One = SlotOfOne(symbol);
            Two = SlotOfTwo(last);
            Three = SlotOfThree(last);
            Four = SlotOfFour(last);
            return true;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Slot(uint gram, uint salt)
    {
        var h = (gram + salt) * 0x9E3779B1;
        h ^= h >> 15;
        return (int)((h * salt) >> (32 - Bits));
    }

    private static byte[] MakeSymbols()
    {
        var symbols = new byte[256];
        for (var b = 0; b < 256; b++)
        {
            symbols[b] = b switch
            {
                End => 2,
                >= 0x80 => 0x80,
                >= '0' and <= '9' => (byte)'0',
                >= 'A' and <= 'Z' => (byte)(b | 0x20),
                '\n' or '\r' => (byte)'\n',
                0 => 3,
                < 0x20 => (byte)' ',
                _ => (byte)b,
            };
        }
        return symbols;
    }
}
