namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// Remembers which rules matched events in which the same was found. What was found says which rules are evaluated and nearly all they ask;
/// what they had to try besides (an expression, a number, a field that must not be there) is remembered with its answers: where the same
/// is found again and these answers are the same, so is the verdict. Bounded: when its memory is full it forgets everything. One
/// instance a thread.
/// </summary>
/// <remarks>Keys are compared in full, so a wrong answer is impossible. An entry is <c>[n found, n tried, n rules, found…, tried…, rules…]</c>.</remarks>
internal sealed class VerdictMemo
{
    /// <summary>Events in which more was found, or of which more was tried, are not remembered.</summary>
    public const int MaxFound = 64, MaxTried = 32;

    private const int Slots = 1 << 13, MaxWords = 1 << 18, MaxRules = 1024;
    private const int Head = 3;

    private readonly record struct Slot(uint Hash, int At);

    private readonly Slot[] slots = new Slot[Slots];
    private readonly int[] words = GC.AllocateUninitializedArray<int>(MaxWords, pinned: true);
    // 0 is no entry
    private int used = 1;

    /// <summary>Verdicts asked for, and those known.</summary>
    public long Lookups { get; private set; }
    public long Hits { get; private set; }

    /// <summary>Where the verdict on an event with these findings lies; 0: it is not known.</summary>
    public int Find(ReadOnlySpan<int> found, out ulong hash)
    {
        hash = KeyedHash.Of(found);
        Lookups++;
        ref readonly var slot = ref slots[(int)hash & (Slots - 1)];
        if (slot.Hash != (uint)(hash >> 32) || slot.At == 0) return 0;
        if (!words.AsSpan(slot.At + Head, words[slot.At]).SequenceEqual(found)) return 0;
        Hits++;
        return slot.At;
    }

    /// <summary>What was tried: twice the atom, and one more where it was true.</summary>
    public ReadOnlySpan<int> Tried(int entry) => words.AsSpan(entry + Head + words[entry], words[entry + 1]);

    /// <summary>The rules that match.</summary>
    public ReadOnlySpan<int> Rules(int entry) => words.AsSpan(entry + Head + words[entry] + words[entry + 1], words[entry + 2]);

    /// <summary>Takes up a verdict, in the place of the one that has its slot.</summary>
    public void Add(ulong hash, ReadOnlySpan<int> found, ReadOnlySpan<int> tried, ReadOnlySpan<int> rules)
    {
        if (found.Length > MaxFound || tried.Length > MaxTried || rules.Length > MaxRules) return;
        var size = Head + found.Length + tried.Length + rules.Length;
        if (used + size > MaxWords) Forget();
        var at = used;
        used += size;
        (words[at], words[at + 1], words[at + 2]) = (found.Length, tried.Length, rules.Length);
        found.CopyTo(words.AsSpan(at + Head));
        tried.CopyTo(words.AsSpan(at + Head + found.Length));
        rules.CopyTo(words.AsSpan(at + Head + found.Length + tried.Length));
        slots[(int)hash & (Slots - 1)] = new Slot((uint)(hash >> 32), at);
    }

    public void Forget()
    {
        Array.Clear(slots);
        used = 1;
    }
}
