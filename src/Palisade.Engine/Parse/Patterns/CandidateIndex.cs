using System.Numerics;

namespace Palisade.Engine.Parse.Patterns;

/// <summary>A source to try, or one of its patterns.</summary>
/// <param name="Source">Index of the source.</param>
/// <param name="Pattern">The one pattern to try; null: the source as a whole.</param>
/// <param name="Owner">The source whose pattern it is: the source itself, or one of its kin.</param>
internal readonly record struct Candidate(short Source, SourcePattern? Pattern, SourceDefinition Owner)
{
    /// <summary>Texts of which any fitting text holds one, as many such sets as are known.</summary>
    public IEnumerable<byte[][]> Clauses => Pattern is { } pattern ? PatternStart.Clauses(pattern.Nodes) : Owner.Format != SourceFormat.Kv ? [] : Owner.HasKeys.Select(k => new[] { k });

    /// <summary>How often any fitting text holds a sign, at the least. 0 where lines may be remarks, or have the columns that a header line named.</summary>
    public int Least(byte sign) => Pattern is { } pattern ? pattern.Nodes.Where(n => n.Kind == NodeKind.Literal).Sum(n => n.Literal.AsSpan().Count(sign))
        : Owner is { Format: SourceFormat.Delimited, Columns: { Header.Length: 0, Comment.Length: 0, Named: false } columns } && columns.Separator == sign ? columns.Least - 1 : 0;

    /// <summary>Places of runs that no fitting text lacks, the rarest of each literal first.</summary>
    public ushort[] Needs(int[] common) => Pattern is not { } pattern ? [] :
        [.. PatternStart.Literals(pattern.Nodes).SelectMany(l => TextGrams.PlacesOf(l).Distinct().OrderBy(p => common[p]).Select((p, i) => (p, i))).OrderBy(p => p.i).ThenBy(p => common[p.p]).Select(p => p.p).Distinct()];

    /// <summary>May a text begin with this byte?</summary>
    public bool MayBegin(int first) => Pattern is { } pattern ? pattern.Begin.May(0, first) : Owner.Format != SourceFormat.Delimited || Owner.Columns.First is not { } begins || begins[first];
}

/// <summary>
/// All candidates in the order they are tried, found by what a text holds instead of asked one by one: each waits at the places of its witness, the
/// rarest run of three bytes that no fitting text lacks (or one run for each of the words of which it has one), and is opened when the text has that run.
/// </summary>
internal sealed class CandidateIndex
{
    private const ushort End = ushort.MaxValue;

    // A bit for each place for which a candidate waits, and how many of them stand before each 32.
    private readonly uint[] awaited = new uint[TextGrams.Places / 32];
    private readonly ushort[] before = new ushort[TextGrams.Places / 32];
    // Where the list of the candidates begins in waiting, for each place for which one waits; each list ends with End.
    private readonly ushort[] lists;
    private readonly ushort[] waiting;
    private readonly ulong[] always;
    private readonly (TextSketch Sketch, ulong Runs)[] wants;
    private readonly (int From, int To)[] ranges;

    /// <exception cref="ArgumentException">There are more candidates than a list can name.</exception>
    public CandidateIndex(IEnumerable<Candidate> candidates)
    {
        All = [.. candidates];
        if (All.Length >= End) throw new ArgumentException($"more than {End} patterns");
        always = new ulong[Words];
        ranges = new (int, int)[All.Length > 0 ? All.Max(c => c.Source) + 1 : 0];
        for (var i = 0; i < All.Length; i++) ranges[All[i].Source] = (ranges[All[i].Source] is { To: > 0 } range ? range.From : i, i + 1);
        var clauses = Array.ConvertAll(All, c => c.Clauses.Where(words => words.All(w => w.Length >= TextGrams.Run)).ToArray());
        var common = new int[TextGrams.Places];
        foreach (var place in clauses.SelectMany(c => c).SelectMany(words => words.SelectMany(TextGrams.PlacesOf).Distinct())) common[place]++;
        wants = Array.ConvertAll(All, c => (TextSketch.Of(c), Pack(c.Needs(common))));
        var by = new SortedDictionary<ushort, List<ushort>>();
        for (var i = 0; i < All.Length; i++)
        {
            var witness = clauses[i].Select(words => words.Select(w => TextGrams.PlacesOf(w).MinBy(p => common[p])).Distinct().ToArray()).MinBy(places => places.Sum(p => common[p]));
            if (witness is null) always[i >> 6] |= 1UL << i;
            else foreach (var place in witness) (by.TryGetValue(place, out var list) ? list : by[place] = []).Add((ushort)i);
        }
        var all = new List<ushort>();
        lists = new ushort[by.Count];
        var count = 0;
        foreach (var (place, list) in by)
        {
            awaited[place >> 5] |= 1u << place;
            lists[count++] = (ushort)all.Count;
            all.AddRange([.. list, End]);
        }
        for (int i = 0, sum = 0; i < awaited.Length; sum += BitOperations.PopCount(awaited[i++])) before[i] = (ushort)sum;
        waiting = [.. all];
        ByFirst = [.. Enumerable.Range(0, 256).Select(b => Where(c => c.MayBegin(b)))];
    }

    /// <summary>The candidates, in the order they are tried; their indexes are their numbers.</summary>
    public Candidate[] All { get; }

    /// <summary>For each byte a bit for each candidate that may fit a text which begins with it.</summary>
    public ulong[][] ByFirst { get; }

    /// <summary>Words of 64 bits that hold a bit for each candidate.</summary>
    public int Words => (All.Length + 63) >> 6;

    /// <summary>A bit for each place where a candidate waits for a run of bytes.</summary>
    public ReadOnlySpan<uint> Awaited => awaited;

    /// <summary>A bit for each candidate that this holds of.</summary>
    public ulong[] Where(Func<Candidate, bool> which)
    {
        var bits = new ulong[Words];
        for (var i = 0; i < All.Length; i++) if (which(All[i])) bits[i >> 6] |= 1UL << i;
        return bits;
    }

    /// <summary>Numbers of the candidates of a source, its own patterns first; the second is the first of no more.</summary>
    public (int From, int To) RangeOf(short source) => source < ranges.Length ? ranges[source] : default;

    /// <summary>Sets the bits of the candidates that any text may fit, and no other.</summary>
    public void Begin(Span<ulong> open) => always.CopyTo(open);

    /// <summary>What a candidate wants of a text, beside its witness: its sketch, and four places of runs of 16 bits each.</summary>
    public ref readonly (TextSketch Sketch, ulong Runs) WantsOf(int number) => ref wants[number];

    // Four places of runs in one word; where there are fewer, the place that every text has.
    private static ulong Pack(ushort[] places)
    {
        ulong packed = 0;
        for (var i = 0; i < 4; i++) packed |= (ulong)(i < places.Length ? places[i] & TextGrams.Always - 1 : TextGrams.Always) << i * 16;
        return packed;
    }

    /// <summary>Sets the bits also of the candidates that a text may fit which has runs of bytes at these places.</summary>
    public void Open(ReadOnlySpan<ushort> places, Span<ulong> open)
    {
        foreach (var place in places)
            for (int i = lists[before[place >> 5] + BitOperations.PopCount(awaited[place >> 5] & (1u << place) - 1)]; waiting[i] is var number && number != End; i++) open[number >> 6] |= 1UL << number;
    }
}
