using System.Runtime.CompilerServices;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>From what was found in an event to the rules that match it: from memory where the same was found before, else rule by rule.</summary>
/// <remarks>
/// While values are read only the numbers of what was found in them are noted. Events are many, the lists of such numbers are few; so
/// atoms and rules are mostly not gone through at all.
/// </remarks>
internal sealed partial class EventState
{
    private readonly FoundSets sets = new();
    private readonly VerdictMemo verdicts = new();

    // what was found in the event: numbers of sets, and of rules that a field wakes by being there their complements; each with its slot
    private int[] noted = new int[64], notedSlots = new int[64];
    private int notedCount;
    // not all that was found is noted, or it is gone through already
    private bool settled;
    // what was tried so far: twice the atom, and one more where it was true
    private int[] asked = new int[64];
    private int askedCount;

    /// <summary>Verdicts that were looked up by what was found, and those that were known.</summary>
    public (long Lookups, long Hits) Verdicts => (verdicts.Lookups, verdicts.Hits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Note(int what, int slot)
    {
        var at = notedCount;
        if ((uint)at >= (uint)noted.Length || (uint)at >= (uint)notedSlots.Length) MoreNotes();
        noted[at] = what;
        notedSlots[at] = slot;
        notedCount = at + 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MoreNotes()
    {
        Array.Resize(ref noted, noted.Length * 2);
        Array.Resize(ref notedSlots, noted.Length);
    }

    // Goes through what is noted: atoms found true, atoms worth trying, rules woken.
    private void Settle()
    {
        settled = true;
        for (var i = 0; i < notedCount; i++)
        {
            var what = noted[i];
            if (what >= 0) Apply(sets.Exact(what), sets.Possible(what), sets.Rules(what), notedSlots[i]);
            else foreach (var rule in set.Present[~what]) woken.Add(rule);
        }
        notedCount = 0;
    }

    /// <summary>The rules that match, by their place, in the order of the set, so that findings come out the same on every run.</summary>
    public ReadOnlySpan<int> Matches()
    {
        if (settled || notedCount > VerdictMemo.MaxFound)
        {
            Settle();
            return Judge();
        }
        var found = noted.AsSpan(0, notedCount);
        var known = verdicts.Find(found, out var hash);
        if (known != 0)
        {
            if (SameAnswers(verdicts.Tried(known))) return verdicts.Rules(known);
            proven.Clear();
        }
        Settle();
        var rules = Judge();
        verdicts.Add(hash, found, asked.AsSpan(0, askedCount), rules);
        return rules;
    }

    private bool SameAnswers(ReadOnlySpan<int> answers)
    {
        foreach (var answer in answers)
            if (Try(set.Atoms[answer >> 1]) != ((answer & 1) != 0)) return false;
        return true;
    }

    private bool Ask(int atom)
    {
        var answer = Try(set.Atoms[atom]);
        if (askedCount == asked.Length) Array.Resize(ref asked, askedCount * 2);
        asked[askedCount++] = atom * 2 + (answer ? 1 : 0);
        return answer;
    }

    private ReadOnlySpan<int> Judge()
    {
        foreach (var rule in set.AlwaysWoken) woken.Add(rule);
        var most = woken.Count + set.UnlessWoken.Length;
        if (matched.Length < most) matched = new int[most * 2];
        var n = 0;
        var heads = set.Heads;
        foreach (var rule in set.UnlessWoken)
            if (!woken.Has(rule) && (heads[rule].Route < 0 || Routed(heads[rule].Route))) matched[n++] = rule;
        foreach (var rule in woken.Items)
        {
            ref readonly var head = ref heads[rule];
            if ((head.Route < 0 || Routed(head.Route)) && Evaluate(head.Begin)) matched[n++] = rule;
        }
        var all = matched.AsSpan(0, n);
        if (n > 1) all.Sort();
        return all;
    }
}
