namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// What was found in values, each different set of findings once and known by a number: many values hold the same. Bounded: when it is
/// nearly full, its owner lets it forget everything between two events. One instance a thread.
/// </summary>
/// <remarks>
/// A set is <c>[n exact, n possible, n rules, atoms…, atoms…, rules…]</c>, its number is where it begins; 0 is "nothing found", which most
/// values share. Rules follow from the atoms, so they are no part of what is compared.
/// </remarks>
internal sealed class FoundSets
{
    /// <summary>Not known.</summary>
    public const int None = -1;

    private const int Slots = 1 << 14, MaxSets = Slots / 2, MaxWords = 1 << 18, MaxSet = MaxWords / 16;
    private const int Head = 3;

    // As large as it ever gets, so that nothing is allocated later; the pages of memory nobody has written to yet cost nothing.
    private readonly int[] words = GC.AllocateUninitializedArray<int>(MaxWords, pinned: true);
    private readonly int[] slots = new int[Slots];
    private int used = Head, count;

    public FoundSets() => words.AsSpan(0, Head).Clear();

    /// <summary>Changes when everything is forgotten: numbers of before say nothing then.</summary>
    public int Epoch { get; private set; }

    /// <summary>It should forget before the next event.</summary>
    public bool NearlyFull => count > MaxSets * 3 / 4 || used > MaxWords * 3 / 4;

    public ReadOnlySpan<int> Exact(int set) => words.AsSpan(set + Head, words[set]);
    public ReadOnlySpan<int> Possible(int set) => words.AsSpan(set + Head + words[set], words[set + 1]);
    public ReadOnlySpan<int> Rules(int set) => words.AsSpan(set + Head + words[set] + words[set + 1], words[set + 2]);

    /// <summary>The number of what was found; <see cref="None"/> where there is no room for it.</summary>
    public int Of(FoundInValue found)
    {
        var exact = found.Exact;
        var possible = found.Possible;
        if (exact.IsEmpty && possible.IsEmpty) return 0;
        var at = (int)(KeyedHash.Of(exact) * 31 + KeyedHash.Of(possible)) & (Slots - 1);
        for (; slots[at] != 0; at = (at + 1) & (Slots - 1))
            if (Exact(slots[at]).SequenceEqual(exact) && Possible(slots[at]).SequenceEqual(possible)) return slots[at];
        var rules = found.Rules();
        var size = Head + exact.Length + possible.Length + rules.Length;
        if (count == MaxSets || size > MaxSet || used + size > MaxWords) return None;
        var set = slots[at] = used;
        (words[set], words[set + 1], words[set + 2]) = (exact.Length, possible.Length, rules.Length);
        used += size;
        count++;
        exact.CopyTo(words.AsSpan(set + Head));
        possible.CopyTo(words.AsSpan(set + Head + exact.Length));
        rules.CopyTo(words.AsSpan(set + Head + exact.Length + possible.Length));
        return set;
    }

    public void Forget()
    {
        Array.Clear(slots);
        (used, count) = (Head, 0);
        Epoch++;
    }
}
