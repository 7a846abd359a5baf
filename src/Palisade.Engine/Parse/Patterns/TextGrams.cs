using System.Runtime.CompilerServices;

namespace Palisade.Engine.Parse.Patterns;

/// <summary>
/// Which runs of three bytes a text holds, hashed to 2,048 bits: one walk over the text, after which a pattern whose literals are not there is passed
/// over by a look at a bit. It never says no to what is there; what it says yes to is looked for.
/// </summary>
internal sealed class TextGrams
{
    /// <summary>A place that is always set: of patterns with no literal of three bytes.</summary>
    public const ushort Always = Bits;

    private const int Bits = 2048;
    // Longer texts would set most bits, and the walk would cost more than it saves.
    private const int MostBytes = 2048;

    private readonly ulong[] set = new ulong[(Bits / 64) + 1];
    private int offset = -1, length;

    /// <summary>Forgets the text: the next one may stand in the same place.</summary>
    public void Reset() => offset = -1;

    /// <summary>Takes up a text; nothing is done when it is the one at hand.</summary>
    public void Read(ReadOnlySpan<byte> text, int at)
    {
        if (offset == at && length == text.Length) return;
        (offset, length) = (at, text.Length);
        set.AsSpan().Fill(text.Length > MostBytes ? ulong.MaxValue : 0);
        set[Bits / 64] = 1;
        if (text.Length is < 3 or > MostBytes) return;
        var gram = (uint)(text[0] << 8 | text[1] << 16);
        foreach (var b in text[2..])
        {
            gram = gram >> 8 | (uint)b << 16;
            var place = Place(gram);
            set[place >> 6] |= 1UL << (int)(place & 63);
        }
    }

    /// <summary>May the text hold all literals of the gate?</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayHold(in GramGate gate) => Has(gate.A) && Has(gate.B) && Has(gate.C) && Has(gate.D) && Has(gate.E) && Has(gate.F);

    /// <summary>The gate of literals that a text must hold all of.</summary>
    public static GramGate Gate(IEnumerable<byte[]> literals)
    {
        // The longest literals tell most; of each its first and last three bytes.
        Span<ushort> places = [Always, Always, Always, Always, Always, Always];
        var n = 0;
        foreach (var literal in literals.Where(l => l.Length >= 3).OrderByDescending(l => l.Length).Take(3))
        {
            places[n++] = PlaceOf(literal);
            places[n++] = PlaceOf(literal.AsSpan(literal.Length - 3));
        }
        return new GramGate(places[0], places[1], places[2], places[3], places[4], places[5]);
    }

    private static ushort PlaceOf(ReadOnlySpan<byte> literal) => (ushort)Place((uint)(literal[0] | literal[1] << 8 | literal[2] << 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Place(uint gram) => gram * 0x9E3779B1u >> 21;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Has(ushort place) => (set[place >> 6] >> (place & 63) & 1) != 0;
}

/// <summary>Places in <see cref="TextGrams"/> that must all be set.</summary>
internal readonly record struct GramGate(ushort A, ushort B, ushort C, ushort D, ushort E, ushort F)
{
    /// <summary>Lets every text through.</summary>
    public static GramGate Open { get; } = TextGrams.Gate([]);
}

/// <summary>A source to try, and what a text must hold for it to be worth the try.</summary>
/// <param name="Pattern">The one pattern to try; null: the source as a whole.</param>
/// <param name="Owner">The source whose pattern it is: the source itself, or one of its kin.</param>
internal readonly record struct Candidate(short Source, GramGate Gate, SourcePattern? Pattern, SourceDefinition Owner);
