using System.Buffers;
using System.Text;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// What is known of the event being judged: its values by rule field, the atoms found true, the rules woken. Stamped with a
/// generation instead of cleared, so an event costs what it touches; nothing is allocated an event.
/// </summary>
internal sealed class EventState
{
    /// <summary>Slot that stands for the raw record.</summary>
    public const int RawSlot = -1;

    private readonly RuleSet set;
    private readonly ValueMemo memo = new();
    private readonly FoundInValue found;
    private int generation;

    // atoms: true (generation in the upper half, slot that proves it in the lower), worth trying, tried
    private readonly long[] truth;
    private readonly int[] possible, tried;
    private readonly int[] woken;
    private readonly int[] routeStamp;
    private readonly bool[] routeValue;
    private int[] candidates = new int[64];
    private int candidateCount;
    private byte[] folded = new byte[4096];
    private byte[] foldedOther = new byte[256];
    private char[] chars = new char[4096];

    private EventBatch batch = null!;
    private int index;

    public EventState(RuleSet set)
    {
        this.set = set;
        var atoms = set.Atoms.Length;
        (truth, possible, tried) = (new long[atoms], new int[atoms], new int[atoms]);
        found = new FoundInValue(set);
        woken = new int[set.Compiled.Length];
        routeStamp = new int[set.Routes.Length];
        routeValue = new bool[set.Routes.Length];
    }

    /// <summary>Rules that may match the event, by their place.</summary>
    public ReadOnlySpan<int> Candidates => candidates.AsSpan(0, candidateCount);

    /// <summary>Values that were looked up in the memory of values, and those it knew.</summary>
    public (long Lookups, long Hits) Memo => (memo.Lookups, memo.Hits);

    /// <summary>Finds which literals the event's values hold and so which rules are worth evaluating.</summary>
    public void Load(EventBatch events, int eventIndex)
    {
        batch = events;
        index = eventIndex;
        if (++generation == int.MaxValue) Restart();
        candidateCount = 0;
        var raw = events.Raw(eventIndex);
        // Values stand in the raw record as they are, unless it escapes them.
        var values = set.Indexes[0] is not null && (raw.IsEmpty || raw.Contains((byte)'\\'));
        var ids = events.FieldIds(eventIndex);
        for (var slot = 0; slot < ids.Length; slot++)
        {
            var plan = set.PlanOf(ids[slot]);
            foreach (var rule in plan.Present) Wake(rule);
            if (plan.Indexes.Length == 0 && !values) continue;
            var value = events.ValueAt(eventIndex, slot);
            if (!value.IsEmpty) Look(plan, values, value, slot);
        }
        if (set.Indexes[0] is { } keywords && !raw.IsEmpty)
        {
            // A record is hardly ever the same as another: not remembered.
            found.Clear();
            found.Scan(keywords, raw);
            Apply(found.Exact, found.Possible, found.Rules(), RawSlot);
        }
        foreach (var rule in set.AlwaysWoken) Wake(rule);
    }

    // Stamps of two thousand million events ago would be taken for new ones.
    private void Restart()
    {
        Array.Clear(truth);
        Array.Clear(possible);
        Array.Clear(tried);
        Array.Clear(woken);
        Array.Clear(routeStamp);
        generation = 1;
    }

    private void Look(FieldPlan plan, bool keywords, ReadOnlySpan<byte> value, int slot)
    {
        var hash = 0UL;
        var known = ValueMemo.Miss;
        if (value.Length <= ValueMemo.MaxValue) known = memo.Find((uint)plan.Number * 2 + (keywords ? 1u : 0), value, out hash);
        // most values hold nothing any rule looks for
        if (known == 0) return;
        if (known > 0)
        {
            var all = memo.Findings[known..];
            int exacts = all[0], possibles = all[1], rules = all[2];
            Apply(all.Slice(3, exacts), all.Slice(3 + exacts, possibles), all.Slice(3 + exacts + possibles, rules), slot);
            return;
        }
        found.Clear();
        foreach (var field in plan.Indexes) found.Scan(field, value);
        if (keywords) found.Scan(set.Indexes[0]!, value);
        var wakes = found.Rules();
        Apply(found.Exact, found.Possible, wakes, slot);
        if (value.Length <= ValueMemo.MaxValue) memo.Offer(hash, value, found.Exact, found.Possible, wakes);
    }

    private void Apply(ReadOnlySpan<int> exact, ReadOnlySpan<int> perhaps, ReadOnlySpan<int> rules, int slot)
    {
        var stamp = (long)generation << 32;
        foreach (var atom in exact)
            if (truth[atom] < stamp) truth[atom] = stamp | (uint)(slot + 1);
        foreach (var atom in perhaps) possible[atom] = generation;
        foreach (var rule in rules) Wake(rule);
    }

    private void Wake(int rule)
    {
        if (woken[rule] == generation) return;
        woken[rule] = generation;
        if (candidateCount == candidates.Length) Array.Resize(ref candidates, candidateCount * 2);
        candidates[candidateCount++] = rule;
    }

    private int Fold(ReadOnlySpan<byte> value)
    {
        var need = Folding.MaxLength(value.Length);
        if (folded.Length < need) folded = new byte[need * 2];
        return Folding.Fold(value, folded, out _);
    }

    /// <summary>Candidates in the order of the set, so that findings come out the same on every run.</summary>
    public void SortCandidates() => candidates.AsSpan(0, candidateCount).Sort();

    /// <summary>Whether the event is of a log source; judged once an event.</summary>
    public bool Routed(int route)
    {
        if (routeStamp[route] != generation)
        {
            routeStamp[route] = generation;
            routeValue[route] = Evaluate(set.Routes[route]);
        }
        return routeValue[route];
    }

    public bool Evaluate(Node node)
    {
        switch (node.Kind)
        {
            case NodeKind.Atom:
                return IsTrue(node.Atom!);
            case NodeKind.And:
                foreach (var child in node.Children)
                    if (!Evaluate(child)) return false;
                return true;
            case NodeKind.Or:
                foreach (var child in node.Children)
                    if (Evaluate(child)) return true;
                return false;
            case NodeKind.Not:
                return !Evaluate(node.Children[0]);
            default:
                return true;
        }
    }

    private bool IsKnownTrue(int atom) => truth[atom] >> 32 == generation;

    private bool IsTrue(Atom atom)
    {
        var i = atom.Index;
        if (IsKnownTrue(i)) return true;
        if (atom.Kind == AtomKind.Literals) return false;
        if (atom.Required.Length > 0 && possible[i] != generation) return false;
        if (tried[i] == generation) return false;
        tried[i] = generation;
        return Try(atom);
    }

    private void Prove(int atom, int slot) => truth[atom] = (long)generation << 32 | (uint)(slot + 1);

    private bool Has(int field)
    {
        var ids = batch.FieldIds(index);
        foreach (var id in set.FieldIds[field])
            if (ids.Contains(id)) return true;
        return false;
    }

    private bool Try(Atom atom)
    {
        var ids = batch.FieldIds(index);
        if (atom.Field == 0)
        {
            for (var slot = RawSlot; slot < ids.Length; slot++)
                if (TrySlot(atom, slot)) return true;
            return false;
        }
        var there = false;
        foreach (var id in set.FieldIds[atom.Field])
        {
            for (var slot = ids.IndexOf(id); slot >= 0; slot = Next(ids, id, slot))
            {
                there = true;
                if (TrySlot(atom, slot)) return true;
            }
        }
        if (!there && atom.Kind == AtomKind.Null) { Prove(atom.Index, RawSlot); return true; }
        return false;
    }

    private static int Next(ReadOnlySpan<ushort> ids, ushort id, int slot)
    {
        var next = ids[(slot + 1)..].IndexOf(id);
        return next < 0 ? -1 : slot + 1 + next;
    }

    private bool TrySlot(Atom atom, int slot)
    {
        var raw = slot == RawSlot;
        var hit = atom.Kind == AtomKind.Exists || Fits(atom, slot, raw ? batch.Raw(index) : batch.ValueAt(index, slot), !raw && batch.IsNull(index, slot));
        if (hit) Prove(atom.Index, slot);
        return hit;
    }

    private bool Fits(Atom atom, int slot, ReadOnlySpan<byte> value, bool isNull)
    {
        if (atom.Kind == AtomKind.Null) return isNull;
        if (isNull || slot == RawSlot && value.IsEmpty) return false;
        return atom.Kind switch
        {
            AtomKind.HasValue => true,
            AtomKind.Empty => value.IsEmpty,
            AtomKind.Glob => atom.Pattern!.Matches(Prepare(value, atom)),
            AtomKind.Regex => RegexMatches(atom.Regex!, value),
            AtomKind.Number => ValueTests.Number(value, atom),
            AtomKind.TimePart => ValueTests.Time(value, atom),
            AtomKind.Cidr => ValueTests.Cidr(value, atom),
            AtomKind.FieldReference => References(value, atom),
            _ => false,
        };
    }

    /// <summary>The value as the atom's pattern was prepared: folded or not, dashes made one or not.</summary>
    private ReadOnlySpan<byte> Prepare(ReadOnlySpan<byte> value, Atom atom)
    {
        if (atom.Cased && !atom.Dashes) return value;
        int length;
        if (atom.Cased)
        {
            if (folded.Length < value.Length) folded = new byte[value.Length * 2];
            value.CopyTo(folded);
            length = value.Length;
        }
        else length = Fold(value);
        if (atom.Dashes) length = Folding.Dashes(folded.AsSpan(0, length));
        return folded.AsSpan(0, length);
    }

    private bool References(ReadOnlySpan<byte> value, Atom atom)
    {
        var ids = batch.FieldIds(index);
        foreach (var id in set.FieldIds[atom.OtherField])
        {
            for (var slot = ids.IndexOf(id); slot >= 0; slot = Next(ids, id, slot))
                if (!batch.IsNull(index, slot) && References(value, batch.ValueAt(index, slot), atom)) return true;
        }
        return false;
    }

    private bool References(ReadOnlySpan<byte> value, ReadOnlySpan<byte> other, Atom atom)
    {
        if (atom.Cased) return ValueTests.Placed(value, other, atom.Place);
        var need = Folding.MaxLength(other.Length);
        if (foldedOther.Length < need) foldedOther = new byte[need * 2];
        var otherLength = Folding.Fold(other, foldedOther, out _);
        var length = Fold(value);
        return ValueTests.Placed(folded.AsSpan(0, length), foldedOther.AsSpan(0, otherLength), atom.Place);
    }

    private bool RegexMatches(LazyPattern regex, ReadOnlySpan<byte> value)
    {
        if (chars.Length < value.Length) chars = new char[value.Length * 2];
        var n = Encoding.UTF8.GetChars(value, chars);
        // Time chooses the matcher, never the answer: the same record always gives the same one.
        return regex.IsMatch(chars.AsSpan(0, n));
    }

    /// <summary>Where the first positive test of a true tree lies: field 0 is the raw record, length 0 is nothing to point at.</summary>
    public (ushort Field, int Offset, int Length) Evidence(Node node)
    {
        if (Proof(node) is not { } atom) return (0, 0, 0);
        var slot = (int)(uint)truth[atom.Index] - 1;
        var value = slot == RawSlot ? batch.Raw(index) : batch.ValueAt(index, slot);
        var (offset, length) = Place(atom, value);
        return (slot == RawSlot ? (ushort)0 : batch.FieldIds(index)[slot], offset, length);
    }

    /// <summary>Where in a value the first of an atom's literals lies; the whole value where folding moves places or the atom has no literals.</summary>
    private (int Offset, int Length) Place(Atom atom, ReadOnlySpan<byte> value)
    {
        if (atom.Kind != AtomKind.Literals || !Ascii.IsValid(value)) return (0, value.Length);
        var length = Fold(value);
        if (atom.Dashes) length = Folding.Dashes(folded.AsSpan(0, length));
        var text = folded.AsSpan(0, length);
        int best = -1, bestLength = value.Length;
        foreach (var literal in atom.Literals)
        {
            if (!ValueTests.Placed(text, literal.Bytes, literal.Place)) continue;
            var at = literal.Place == Compile.Place.End ? length - literal.Bytes.Length : text.IndexOf(literal.Bytes);
            if (best < 0 || at < best) (best, bestLength) = (at, literal.Bytes.Length);
        }
        return (Math.Max(best, 0), bestLength);
    }

    private Atom? Proof(Node node)
    {
        switch (node.Kind)
        {
            case NodeKind.Atom when node.Atom is { Kind: not (AtomKind.Null or AtomKind.Exists) } atom && IsKnownTrue(atom.Index):
                return atom;
            case NodeKind.And or NodeKind.Or:
                foreach (var child in node.Children)
                    if (Proof(child) is { } atom) return atom;
                return null;
            default:
                return null;
        }
    }
}
