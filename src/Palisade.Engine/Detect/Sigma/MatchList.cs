namespace Palisade.Engine.Detect.Sigma;

/// <summary>
/// What rules matched which events of a batch, in event order: for each event that any rule matched its index and the rules, by their place in the set. Numbers alone, so that
/// writing an event down costs one copy, however many rules match it; <see cref="JsonDetector.Tell"/> makes findings of them. Reused.
/// </summary>
public sealed class MatchList
{
    // [event, n rules, rules…]
    private int[] words = new int[1024];
    private int used;

    /// <summary>Matches, each of one rule and one event.</summary>
    public int Count { get; private set; }

    public void Clear() => (used, Count) = (0, 0);

    internal void Add(int index, ReadOnlySpan<int> rules)
    {
        if (rules.IsEmpty) return;
        var at = used;
        if (at + 2 + rules.Length > words.Length) Array.Resize(ref words, Math.Max(words.Length * 2, at + 2 + rules.Length));
        (words[at], words[at + 1]) = (index, rules.Length);
        rules.CopyTo(words.AsSpan(at + 2));
        used = at + 2 + rules.Length;
        Count += rules.Length;
    }

    /// <summary>The next event and its rules; false at the end.</summary>
    /// <param name="at">Where to go on; 0 to begin.</param>
    internal bool Next(ref int at, out int index, out ReadOnlySpan<int> rules)
    {
        index = -1;
        rules = default;
        if (at >= used) return false;
        index = words[at];
        rules = words.AsSpan(at + 2, words[at + 1]);
        at += 2 + rules.Length;
        return true;
    }
}
