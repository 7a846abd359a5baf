using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Palisade.Engine.Parse.Patterns;

/// <summary>
/// Which runs of three bytes a text holds, hashed to 2,048 places, and which single bytes: one walk over the text, after which a pattern whose literals are not
/// there is passed over by a look at a place. It never says no to what is there; what it says yes to is looked for.
/// </summary>
internal sealed class TextGrams
{
    /// <summary>A place that is always set: of patterns with no literal.</summary>
    public const ushort Always = Grams;

    private const int Grams = 2048, Single = Grams + 1, Places = Single + 256;
    // Longer texts would set most places, and the walk would cost more than it saves.
    private const int MostBytes = 2048;

    // A place is set when it holds the number of the text at hand: nothing is cleared between two texts.
    private readonly byte[] seen = new byte[Places];
    private int offset = -1, length;
    private byte number;

    /// <summary>Forgets the text: the next one may stand in the same place.</summary>
    public void Reset() => offset = -1;

    /// <summary>Whether this is the text at hand.</summary>
    public bool Holds(int at, int bytes) => offset == at && length == bytes;

    /// <summary>Takes up a text; nothing is done when it is the one at hand.</summary>
    public void Read(ReadOnlySpan<byte> text, int at)
    {
        if (Holds(at, text.Length)) return;
        (offset, length) = (at, text.Length);
        if (++number == 0)
        {
            Array.Clear(seen);
            number = 1;
        }
        var n = number;
        if (text.Length > MostBytes) { seen.AsSpan().Fill(n); return; }
        ref var place = ref MemoryMarshal.GetArrayDataReference(seen);
        Unsafe.Add(ref place, Always) = n;
        uint gram = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var b = text[i];
            gram = gram >> 8 | (uint)b << 16;
            Unsafe.Add(ref place, Single + b) = n;
            if (i >= 2) Unsafe.Add(ref place, (int)Place(gram)) = n;
        }
    }

    /// <summary>May the text hold all literals of the gate?</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayHold(in GramGate gate) => Has(gate.A) && Has(gate.B) && Has(gate.C) && Has(gate.D) && Has(gate.E) && Has(gate.F);

    /// <summary>Of eight places, from an index on, which are set: a bit each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Eight(ushort[] places, int from)
    {
        var eight = places.AsSpan(from, 8);
        return Bit(eight[0]) | Bit(eight[1]) << 1 | Bit(eight[2]) << 2 | Bit(eight[3]) << 3 | Bit(eight[4]) << 4 | Bit(eight[5]) << 5 | Bit(eight[6]) << 6 | Bit(eight[7]) << 7;
    }

    /// <summary>The gate of literals that a text must hold all of.</summary>
    public static GramGate Gate(IEnumerable<byte[]> literals)
    {
        // The longest literals tell most; of each its first and last three bytes. Short ones are told by their bytes, those that most lines hold last.
        Span<ushort> places = [Always, Always, Always, Always, Always, Always];
        var n = 0;
        var all = literals.ToList();
        foreach (var literal in all.Where(l => l.Length >= 3).OrderByDescending(l => l.Length).Take(3))
        {
            places[n++] = PlaceOf(literal);
            places[n++] = PlaceOf(literal.AsSpan(literal.Length - 3));
        }
        foreach (var b in all.Where(l => l.Length < 3).SelectMany(l => l).Distinct().OrderBy(Commonness).Take(places.Length - n)) places[n++] = (ushort)(Single + b);
        return new GramGate(places[0], places[1], places[2], places[3], places[4], places[5]);
    }

    private static int Commonness(byte b) => b switch { (byte)' ' => 3, (byte)':' or (byte)'-' or (byte)'.' => 2, _ => char.IsAsciiLetterOrDigit((char)b) ? 1 : 0 };

    private static ushort PlaceOf(ReadOnlySpan<byte> literal) => (ushort)Place((uint)(literal[0] | literal[1] << 8 | literal[2] << 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Place(uint gram) => gram * 0x9E3779B1u >> 21;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Has(ushort place) => Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(seen), place) == number;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint Bit(ushort place) => Has(place) ? 1u : 0;
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

/// <summary>Candidates in the order they are tried, and apart from them the first place of each one's gate: most are passed over by it, eight at a time.</summary>
internal sealed class CandidateList
{
    public CandidateList(IEnumerable<Candidate> candidates)
    {
        All = [.. candidates];
        // What fills the last eight is past the end and never looked at.
        First = [.. All.Select(c => c.Gate.A), .. Enumerable.Repeat(TextGrams.Always, (8 - All.Length % 8) % 8)];
    }

    public Candidate[] All { get; }
    public ushort[] First { get; }
}
