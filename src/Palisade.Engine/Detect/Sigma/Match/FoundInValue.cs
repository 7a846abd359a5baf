using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>Collects what the scan finds in one value: atoms true, atoms worth trying, rules these wake. Each once. Reused.</summary>
internal sealed class FoundInValue(RuleSet set)
{
    private readonly int[] seenExact = new int[set.Atoms.Length], seenPossible = new int[set.Atoms.Length];
    private readonly int[] seenRule = new int[set.Compiled.Length];
    private int generation;
    private int[] exact = new int[64], possible = new int[64], rules = new int[64];
    private int exactCount, possibleCount, ruleCount;
    private byte[] folded = new byte[4096];

    public ReadOnlySpan<int> Exact => exact.AsSpan(0, exactCount);
    public ReadOnlySpan<int> Possible => possible.AsSpan(0, possibleCount);

    public void Clear()
    {
        (exactCount, possibleCount) = (0, 0);
        if (++generation != int.MaxValue) return;
        Array.Clear(seenExact);
        Array.Clear(seenPossible);
        Array.Clear(seenRule);
        generation = 1;
    }

    /// <summary>Scans a value, not folded, for all literals of a plan.</summary>
    public void Scan(ScanPlan plan, ReadOnlySpan<byte> value)
    {
        var need = Folding.MaxLength(value.Length) + LiteralScan.Slack;
        if (folded.Length < need) folded = new byte[need * 2];
        var length = Folding.Fold(value, folded, out _);
        var sink = new Sink(this);
        plan.Plain?.Scan(folded, length, ref sink);
        if (plan.Dashes is null) return;
        length = Folding.Dashes(folded.AsSpan(0, length));
        plan.Dashes.Scan(folded, length, ref sink);
    }

    /// <summary>Rules woken by what was found, as <see cref="Rules"/> last made them out.</summary>
    public ReadOnlySpan<int> Woken => rules.AsSpan(0, ruleCount);

    /// <summary>Makes out the rules woken by what was found.</summary>
    public ReadOnlySpan<int> Rules()
    {
        ruleCount = 0;
        foreach (var atom in Exact) Wake(set.WokenByAtom[atom], ref ruleCount);
        foreach (var atom in Possible) Wake(set.WokenByAtom[atom], ref ruleCount);
        return Woken;
    }

    private void Wake(int[] woken, ref int n)
    {
        foreach (var rule in woken)
        {
            if (seenRule[rule] == generation) continue;
            seenRule[rule] = generation;
            if (n == rules.Length) Array.Resize(ref rules, n * 2);
            rules[n++] = rule;
        }
    }

    private readonly ref struct Sink(FoundInValue into) : ILiteralSink
    {
        public void Found(int[] exact, int[] possible)
        {
            foreach (var atom in exact) Add(atom, into.seenExact, ref into.exact, ref into.exactCount);
            foreach (var atom in possible) Add(atom, into.seenPossible, ref into.possible, ref into.possibleCount);
        }

        private void Add(int atom, int[] seen, ref int[] list, ref int count)
        {
            if (seen[atom] == into.generation) return;
            seen[atom] = into.generation;
            if (count == list.Length) Array.Resize(ref list, count * 2);
            list[count++] = atom;
        }
    }
}
