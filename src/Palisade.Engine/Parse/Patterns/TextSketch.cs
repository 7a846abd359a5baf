namespace Palisade.Engine.Parse.Patterns;

/// <summary>A text at a glance, or what a candidate wants of one: sixteen bytes turn most of those away that do not fit.</summary>
/// <param name="Counts">How often each of eight signs stands in the text, at most 127 times; or must stand in it at the least. A byte each.</param>
/// <param name="Begin">Of which class the byte is at each of eight places near the beginning; or may be. A bit of a byte each; none where the text is shorter.</param>
internal readonly record struct TextSketch(ulong Counts, ulong Begin)
{
    private const ulong Highest = 0x8080_8080_8080_8080;
    private const int Most = 127;

    // Signs between the parts of lines.
    private static ReadOnlySpan<byte> Signs => " ,\t\"|[:="u8;
    // Those at which most stamps differ.
    private static ReadOnlySpan<byte> Places => [0, 1, 2, 3, 4, 5, 7, 10];
    // Bytes by class; those of no class make one of their own.
    private static readonly string[] Classes = ["0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "-", "/", " ", ":", ".,"];
    private static readonly byte[] ClassOf = [.. Enumerable.Range(0, 256).Select(b => (byte)(1 << (Array.FindIndex(Classes, c => c.Contains((char)b, StringComparison.Ordinal)) is >= 0 and var i ? i : Classes.Length)))];

    /// <summary>The sketch of a text.</summary>
    public static TextSketch Of(ReadOnlySpan<byte> text)
    {
        ulong counts = 0, begin = 0;
        for (var i = 0; i < Signs.Length; i++) counts |= (ulong)Math.Min(text.Count(Signs[i]), Most) << i * 8;
        for (var i = 0; i < Places.Length && Places[i] < text.Length; i++) begin |= (ulong)ClassOf[text[Places[i]]] << i * 8;
        return new TextSketch(counts, begin);
    }

    /// <summary>What a candidate wants.</summary>
    public static TextSketch Of(Candidate candidate)
    {
        ulong counts = 0, begin = 0;
        for (var i = 0; i < Signs.Length; i++) counts |= (ulong)Math.Min(candidate.Least(Signs[i]), Most) << i * 8;
        if (candidate.Pattern is not { } pattern) return new TextSketch(counts, ~0UL);
        for (var value = 0; value < ClassOf.Length; value++)
        {
            var places = pattern.Begin.PlacesOf(value);
            for (var i = 0; places != 0 && i < Places.Length; i++) begin |= (ulong)ClassOf[value] * (places >> Places[i] & 1) << i * 8;
        }
        return new TextSketch(counts, begin);
    }

    /// <summary>Whether this text has what is wanted.</summary>
    public bool Has(TextSketch wanted) => (Begin & ~wanted.Begin) == 0 && (((Counts | Highest) - wanted.Counts) & Highest) == Highest;
}
