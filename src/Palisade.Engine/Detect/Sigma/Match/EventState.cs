using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// What is known of the event being judged: its values by rule field, the atoms found true, the rules woken. An event costs what it
/// touches; nothing is allocated an event.
/// </summary>
internal sealed partial class EventState
{
    /// <summary>Slot that stands for the raw record.</summary>
    public const int RawSlot = -1;

    private readonly RuleSet set;
    private readonly ValueMemo memo = new();
    private readonly FoundInValue found;

    // atoms found true, and for each (in that order) the slot that proves it; atoms worth trying; atoms tried
    private readonly SparseSet proven, possible, tried;
    private int[] proofs = new int[64];
    private readonly SparseSet woken;
    private int[] matched = new int[64];
    // what is known of each log source's condition
    private readonly RouteState[] routes;
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
        (proven, possible, tried, woken) = (new SparseSet(atoms), new SparseSet(atoms), new SparseSet(atoms), new SparseSet(set.Compiled.Length));
        found = new FoundInValue(set);
        routes = new RouteState[set.Routes.Length];
        keywordsInValues = set.Indexes[0] is not null;
    }

    private enum RouteState : byte { Unknown, Holds, Fails }

    /// <summary>Rules that had to be evaluated.</summary>
    public int Woken => woken.Count;

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
            if (plan.Present != 0) Note(~plan.Present, slot);
            var scan = values ? plan.WithKeywords : plan.Own;
            if (scan.IsEmpty) continue;
            var value = events.ValueAt(eventIndex, slot);
            if (value.Length < scan.MinLength) continue;
            ref var first = ref MemoryMarshal.GetReference(value);
            if (value.Length <= Codes.Max && Codes.Is(ref first, value.Length) && !scan.Codes.MayHold(ref first, value.Length)) continue;
            Find(scan, ref first, value.Length, slot, escapes: false);
        }
        Settle();
        if (keywordsInValues && !raw.IsEmpty && KeywordsAsked())
        {
            // A record is hardly ever the same as another: not remembered.
            found.Clear();
            found.Scan(set.Unnamed.WithKeywords, raw);
            Apply(found.Exact, found.Possible, found.Rules(), RawSlot);
        }
    }

    // Whether the event is of a log source whose rules search all values.
    private bool KeywordsAsked()
    {
        if (set.KeywordRoutes.Length == 0) return true;
        foreach (var route in set.KeywordRoutes)
            if (Routed(route)) return true;
        return false;
    }

    /// <summary>Starts an event, whose values are shown one by one as they are read, or loaded.</summary>
    public void Begin(EventBatch events, int eventIndex)
    {
        batch = events;
        index = eventIndex;
        proven.Clear();
        possible.Clear();
        tried.Clear();
        woken.Clear();
        Array.Clear(routes);
        (slots, escapedCount, valuesSearched) = (0, 0, true);
        (notedCount, askedCount, settled) = (0, 0, false);
        if (!sets.NearlyFull) return;
        sets.Forget();
        memo.Forget();
        verdicts.Forget();
    }

    /// <summary>Changes when what <see cref="Look"/> gave out says nothing any more.</summary>
    public int Epoch => sets.Epoch;

    /// <summary>A field without a value was added to the event.</summary>
    public void There(FieldPlan plan) => NewSlot(plan.Present, escapes: false);

    // The slot just added.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void NewSlot(int present, bool escapes)
    {
        if (escapes) NoteEscaped(slots);
        slots++;
        if (present != 0) Note(~present, slots - 1);
    }

    private void NoteEscaped(int slot)
    {
        if (escapedCount == escaped.Length) Array.Resize(ref escaped, escapedCount * 2);
        escaped[escapedCount++] = slot;
    }

    /// <summary>A value was added to the event of which the findings are known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Again(int present, int findings, bool escapes)
    {
        NewSlot(present, escapes);
        if (findings > 0) Note(findings, slots - 1);
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

    private void Apply(ReadOnlySpan<int> exact, ReadOnlySpan<int> perhaps, ReadOnlySpan<int> rules, int slot)
    {
        foreach (var atom in exact) Prove(atom, slot);
        foreach (var atom in perhaps) possible.Add(atom);
        foreach (var rule in rules) woken.Add(rule);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Prove(int atom, int slot)
    {
        if (!proven.Add(atom)) return;
        if (proven.Count > proofs.Length) Array.Resize(ref proofs, proofs.Length * 2);
        proofs[proven.Count - 1] = slot;
    }

    private int Fold(ReadOnlySpan<byte> value)
    {
        var need = Folding.MaxLength(value.Length);
        if (folded.Length < need) folded = new byte[need * 2];
        return Folding.Fold(value, folded, out _);
    }

    /// <summary>Whether the event is of a log source; judged once an event.</summary>
    private bool Routed(int route)
    {
        ref var known = ref routes[route];
        if (known == RouteState.Unknown) known = Evaluate(set.Routes[route]) ? RouteState.Holds : RouteState.Fails;
        return known == RouteState.Holds;
    }

    // The verdict of the condition that begins at a step.
    private bool Evaluate(int at)
    {
        var steps = set.Steps;
        while ((uint)at < (uint)steps.Length)
        {
            ref readonly var step = ref steps[at];
            at = proven.Has(step.Atom) || step.Kind != StepKind.Known && IsTrue(step) ? step.Yes : step.No;
        }
        return at == DecisionTable.True;
    }

    // An atom that the scan has not answered, nor another rule found true.
    private bool IsTrue(in Step step) => (step.Kind != StepKind.Gated || possible.Has(step.Atom)) && tried.Add(step.Atom) && Ask(step.Atom);

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
        var slot = proofs[proven.Items.IndexOf(atom.Index)];
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
            case NodeKind.Atom when node.Atom is { Kind: not (AtomKind.Null or AtomKind.Exists) } atom && proven.Has(atom.Index):
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
