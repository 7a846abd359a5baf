using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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
    private byte[] unescaped = new byte[4096];
    private char[] chars = new char[4096];

    private EventBatch batch = null!;
    private int index;
    // of an event being read: slots it has so far, and those whose values are still as JSON writes them
    private int slots;
    private int[] escaped = new int[64];
    private int escapedCount;
    // whether keywords are searched in the values, or only in the raw record
    private bool valuesSearched;
    private readonly bool keywordsInValues;

    public EventState(RuleSet set)
    {
        this.set = set;
        var atoms = set.Atoms.Length;
        (truth, possible, tried) = (new long[atoms], new int[atoms], new int[atoms]);
        found = new FoundInValue(set);
        woken = new int[set.Compiled.Length];
        routeStamp = new int[set.Routes.Length];
        routeValue = new bool[set.Routes.Length];
        keywordsInValues = set.Indexes[0] is not null;
    }

    /// <summary>Rules that may match the event, by their place.</summary>
    public ReadOnlySpan<int> Candidates => candidates.AsSpan(0, candidateCount);

    /// <summary>Values that were looked up in the memory of values, and those it knew.</summary>
    public (long Lookups, long Hits) Memo => (memo.Lookups, memo.Hits);

    /// <summary>Finds which literals the event's values hold and so which rules are worth evaluating.</summary>
    public void Load(EventBatch events, int eventIndex)
    {
        Begin(events, eventIndex);
        var raw = events.Raw(eventIndex);
        // Values stand in the raw record as they are, unless it escapes them.
        valuesSearched = raw.IsEmpty || raw.Contains((byte)'\\');
        var values = keywordsInValues && valuesSearched;
        var ids = events.FieldIds(eventIndex);
        slots = ids.Length;
        for (var slot = 0; slot < ids.Length; slot++)
        {
            var plan = set.PlanOf(ids[slot]);
            foreach (var rule in plan.Present) Wake(rule);
            var scan = values ? plan.WithKeywords : plan.Own;
            if (scan.Indexes.Length == 0) continue;
            var value = events.ValueAt(eventIndex, slot);
            if (value.Length >= scan.MinLength) Look(scan, value, slot);
        }
        if (set.Indexes[0] is { } keywords && !raw.IsEmpty && KeywordsAsked())
        {
            // A record is hardly ever the same as another: not remembered.
            found.Clear();
            found.Scan(keywords, raw);
            Apply(found.Exact, found.Possible, found.Rules(), RawSlot);
        }
        WakeAlways();
    }

    // Whether the event is of a log source whose rules search all values.
    private bool KeywordsAsked()
    {
        if (set.KeywordRoutes.Length == 0) return true;
        foreach (var route in set.KeywordRoutes)
            if (Routed(route)) return true;
        return false;
    }

    /// <summary>Rules that are evaluated for every event.</summary>
    public void WakeAlways()
    {
        foreach (var rule in set.AlwaysWoken) Wake(rule);
    }

    /// <summary>Starts an event, whose values are shown one by one as they are read, or loaded.</summary>
    public void Begin(EventBatch events, int eventIndex)
    {
        batch = events;
        index = eventIndex;
        if (++generation == int.MaxValue) Restart();
        (candidateCount, slots, escapedCount, valuesSearched) = (0, 0, 0, true);
    }

    /// <summary>Changes when findings that <see cref="Look(FieldPlan, ref byte, int, bool)"/> gave out are no longer valid.</summary>
    public int Epoch => memo.Epoch;

    /// <summary>A field without a value was added to the event.</summary>
    public void There(FieldPlan plan) => NewSlot(plan, escapes: false);

    // The slot just added; false where the event had no room for it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool NewSlot(FieldPlan plan, bool escapes)
    {
        if (batch.Header(index).SlotCount == slots) return false;
        if (escapes) NoteEscaped(slots);
        slots++;
        foreach (var rule in plan.Present) Wake(rule);
        return true;
    }

    private void NoteEscaped(int slot)
    {
        if (escapedCount == escaped.Length) Array.Resize(ref escaped, escapedCount * 2);
        escaped[escapedCount++] = slot;
    }

    /// <summary>A value was added to the event of which the findings are known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Again(FieldPlan plan, int findings, bool escapes)
    {
        if (NewSlot(plan, escapes) && findings > 0) Apply(findings, slots - 1);
    }

    /// <summary>A value was added to the event; 64 bytes may be read from its begin and behind its end.</summary>
    /// <param name="escapes">It is still written with JSON's escapes.</param>
    /// <returns>Where its findings are, for <see cref="Again"/>; negative where they are not kept.</returns>
    public int Look(FieldPlan plan, ref byte value, int length, bool escapes)
    {
        if (!NewSlot(plan, escapes)) return -1;
        var scan = keywordsInValues ? plan.WithKeywords : plan.Own;
        if (length < scan.MinLength) return 0;
        if (length <= Codes.Max && !scan.HasCodes && Codes.Is(ref value, length)) return 0;
        var text = MemoryMarshal.CreateReadOnlySpan(ref value, length);
        var hash = 0UL;
        if (length <= ValueMemo.MaxValue)
        {
            var known = memo.Find((uint)scan.Number * 2 + (escapes ? 1u : 0), text, out hash);
            if (known > 0) Apply(known, slots - 1);
            if (known >= 0) return known;
        }
        var plain = text;
        if (escapes)
        {
            if (unescaped.Length < length + JsonText.Slack) unescaped = new byte[(length + JsonText.Slack) * 2];
            plain = unescaped.AsSpan(0, JsonText.Unescape(ref value, length, ref unescaped[0]));
        }
        var nothing = Scan(scan, plain, slots - 1);
        if (length <= ValueMemo.MaxValue) memo.Offer(hash, text, found.Exact, found.Possible, found.Woken);
        return nothing ? 0 : -1;
    }

    /// <summary>Undoes the escapes of the event's values, so that they can be judged and shown.</summary>
    public void Open()
    {
        foreach (var slot in escaped.AsSpan(0, escapedCount)) Open(slot);
        escapedCount = 0;
    }

    private void Open(int slot)
    {
        var (offset, length) = batch.RangeAt(index, slot);
        if (unescaped.Length < length + JsonText.Slack) unescaped = new byte[(length + JsonText.Slack) * 2];
        var value = batch.Bytes(offset, length);
        var n = JsonText.Unescape(ref MemoryMarshal.GetReference(value), length, ref unescaped[0]);
        unescaped.AsSpan(0, n).CopyTo(value);
        batch.Shorten(index, slot, n);
    }

    // What a slot says, its escapes undone.
    private ReadOnlySpan<byte> Value(int slot)
    {
        if (escapedCount > 0 && escaped.AsSpan(0, escapedCount).IndexOf(slot) is var at and >= 0)
        {
            Open(slot);
            escaped[at] = escaped[--escapedCount];
        }
        return batch.ValueAt(index, slot);
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

    private void Look(ScanPlan scan, ReadOnlySpan<byte> value, int slot)
    {
        var hash = 0UL;
        if (value.Length <= ValueMemo.MaxValue)
        {
            var known = memo.Find((uint)scan.Number * 2, value, out hash);
            if (known > 0) Apply(known, slot);
            if (known >= 0) return;
        }
        Scan(scan, value, slot);
        if (value.Length <= ValueMemo.MaxValue) memo.Offer(hash, value, found.Exact, found.Possible, found.Woken);
    }

    // True when nothing was found.
    private bool Scan(ScanPlan scan, ReadOnlySpan<byte> value, int slot)
    {
        found.Clear();
        foreach (var field in scan.Indexes) found.Scan(field, value);
        Apply(found.Exact, found.Possible, found.Rules(), slot);
        return found.Exact.IsEmpty && found.Possible.IsEmpty;
    }

    private void Apply(int findings, int slot)
    {
        var all = memo.Findings[findings..];
        int exacts = all[0], possibles = all[1], rules = all[2];
        Apply(all.Slice(3, exacts), all.Slice(3 + exacts, possibles), all.Slice(3 + exacts + possibles, rules), slot);
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
        if (atom.Kind == AtomKind.Literals && !atom.Late) return false;
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
            if (atom.Late && !valuesSearched) return TrySlot(atom, RawSlot);
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
        var hit = atom.Kind == AtomKind.Exists || Fits(atom, slot, raw ? batch.Raw(index) : Value(slot), !raw && batch.IsNull(index, slot));
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
            AtomKind.Literals => Holds(atom, Prepare(value, atom)),
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

    private static bool Holds(Atom atom, ReadOnlySpan<byte> prepared)
    {
        foreach (var literal in atom.Literals)
            if (ValueTests.Placed(prepared, literal.Bytes, literal.Place)) return true;
        return false;
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
                if (!batch.IsNull(index, slot) && References(value, Value(slot), atom)) return true;
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
        var value = slot == RawSlot ? batch.Raw(index) : Value(slot);
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
