using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
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
    private const int None = -2;

    private readonly RuleSet set;
    private readonly Atom[] atoms;
    private int generation;

    // atoms: stamps of "true", "worth trying", "tried"; where the proof lies
    private readonly int[] isTrue, possible, tried;
    private readonly int[] proofSlot, proofOffset, proofLength;
    private readonly int[] woken;
    private readonly int[] routeStamp;
    private readonly bool[] routeValue;
    private readonly int[] headStamp, head;
    private int[] next = new int[64];
    private int[] candidates = new int[64];
    private int candidateCount;
    private byte[] folded = new byte[4096];
    private byte[] foldedOther = new byte[256];
    private char[] chars = new char[4096];

    private EventBatch batch = null!;
    private int index;
    private int slotCount;
    private int scanSlot;
    private bool scanAscii;

    public EventState(RuleSet set)
    {
        this.set = set;
        atoms = set.Atoms;
        (isTrue, possible, tried) = (new int[atoms.Length], new int[atoms.Length], new int[atoms.Length]);
        (proofSlot, proofOffset, proofLength) = (new int[atoms.Length], new int[atoms.Length], new int[atoms.Length]);
        woken = new int[set.Compiled.Length];
        routeStamp = new int[set.Routes.Length];
        routeValue = new bool[set.Routes.Length];
        headStamp = new int[set.FieldCount];
        head = new int[set.FieldCount];
    }

    /// <summary>Rules that may match the event, by their place.</summary>
    public ReadOnlySpan<int> Candidates => candidates.AsSpan(0, candidateCount);

    /// <summary>Scans an event: which literals its values hold and so which rules are worth evaluating.</summary>
    public void Load(EventBatch events, int eventIndex)
    {
        batch = events;
        index = eventIndex;
        generation++;
        candidateCount = 0;
        var ids = events.FieldIds(eventIndex);
        slotCount = ids.Length;
        if (next.Length < slotCount * 4) next = new int[slotCount * 8];
        var keywords = set.Indexes[0];
        var raw = events.Raw(eventIndex);
        // Values stand in the raw record as they are, unless it escapes them.
        var values = keywords is not null && (raw.IsEmpty || raw.Contains((byte)'\\'));
        var links = 0;
        for (var slot = 0; slot < slotCount; slot++)
        {
            var fields = set.FieldsOf(ids[slot]);
            if (fields is null && !values) continue;
            var value = events.ValueAt(eventIndex, slot);
            scanSlot = slot;
            var length = -1;
            if (fields is not null)
            {
                foreach (var field in fields)
                {
                    if (links * 2 + 2 > next.Length) Array.Resize(ref next, next.Length * 2);
                    next[links * 2] = slot;
                    next[links * 2 + 1] = headStamp[field] == generation ? head[field] : -1;
                    head[field] = links++;
                    if (headStamp[field] != generation)
                    {
                        headStamp[field] = generation;
                        foreach (var rule in set.WokenByField[field]) Wake(rule);
                    }
                    if (set.Indexes[field] is not { } fieldIndex) continue;
                    if (length < 0) length = Fold(value);
                    Scan(fieldIndex, length);
                }
            }
            if (!values) continue;
            length = Fold(value);
            Scan(keywords!, length);
        }
        if (keywords is not null && !raw.IsEmpty)
        {
            scanSlot = RawSlot;
            Scan(keywords, Fold(raw));
        }
        foreach (var rule in set.AlwaysWoken) Wake(rule);
    }

    private int Fold(ReadOnlySpan<byte> value)
    {
        var need = Folding.MaxLength(value.Length);
        if (folded.Length < need) folded = new byte[need * 2];
        return Folding.Fold(value, folded, out scanAscii);
    }

    private void Scan(FieldIndexes indexes, int length)
    {
        var sink = new Sink(this);
        indexes.Plain?.Scan(folded.AsSpan(0, length), ref sink);
        if (indexes.Dashes is null) return;
        var before = scanAscii;
        if (foldedOther.Length < length) foldedOther = new byte[length * 2];
        folded.AsSpan(0, length).CopyTo(foldedOther);
        var shorter = Folding.Dashes(foldedOther.AsSpan(0, length));
        indexes.Dashes.Scan(foldedOther.AsSpan(0, shorter), ref sink);
        scanAscii = before;
    }

    private readonly ref struct Sink(EventState state) : ILiteralSink
    {
        public void Found(int[] exact, int[] possible, int offset, int length)
        {
            foreach (var atom in exact)
            {
                if (state.isTrue[atom] == state.generation) continue;
                state.isTrue[atom] = state.generation;
                state.Prove(atom, state.scanSlot, state.scanAscii ? offset : 0, state.scanAscii ? length : -1);
                foreach (var rule in state.set.WokenByAtom[atom]) state.Wake(rule);
            }
            foreach (var atom in possible)
            {
                if (state.possible[atom] == state.generation) continue;
                state.possible[atom] = state.generation;
                foreach (var rule in state.set.WokenByAtom[atom]) state.Wake(rule);
            }
        }
    }

    private void Wake(int rule)
    {
        if (woken[rule] == generation) return;
        woken[rule] = generation;
        if (candidateCount == candidates.Length) Array.Resize(ref candidates, candidateCount * 2);
        candidates[candidateCount++] = rule;
    }

    private void Prove(int atom, int slot, int offset, int length)
    {
        proofSlot[atom] = slot;
        proofOffset[atom] = offset;
        proofLength[atom] = length;
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

    private bool IsTrue(Atom atom)
    {
        var i = atom.Index;
        if (isTrue[i] == generation) return true;
        if (atom.Kind == AtomKind.Literals) return false;
        if (atom.Required is not null && possible[i] != generation) return false;
        if (tried[i] == generation) return false;
        tried[i] = generation;
        if (!Try(atom)) return false;
        isTrue[i] = generation;
        return true;
    }

    private bool Has(int field) => headStamp[field] == generation;

    private bool Try(Atom atom)
    {
        if (atom.Kind == AtomKind.Exists) return Has(atom.Field);
        if (atom.Field == 0)
        {
            for (var slot = RawSlot; slot < slotCount; slot++)
                if (TrySlot(atom, slot)) return true;
            return false;
        }
        if (!Has(atom.Field)) return atom.Kind == AtomKind.Null;
        for (var at = head[atom.Field]; at >= 0; at = next[at * 2 + 1])
            if (TrySlot(atom, next[at * 2])) return true;
        return false;
    }

    private bool TrySlot(Atom atom, int slot)
    {
        var raw = slot == RawSlot;
        var value = raw ? batch.Raw(index) : batch.ValueAt(index, slot);
        var isNull = !raw && batch.IsNull(index, slot);
        if (atom.Kind == AtomKind.Null) return isNull;
        if (isNull || raw && value.IsEmpty) return false;
        var hit = atom.Kind switch
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
        if (hit) Prove(atom.Index, slot, 0, -1);
        return hit;
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
        if (!Has(atom.OtherField)) return false;
        for (var at = head[atom.OtherField]; at >= 0; at = next[at * 2 + 1])
        {
            var slot = next[at * 2];
            if (batch.IsNull(index, slot)) continue;
            var other = batch.ValueAt(index, slot);
            if (atom.Cased) { if (ValueTests.Placed(value, other, atom.Place)) return true; continue; }
            var need = Folding.MaxLength(other.Length);
            if (foldedOther.Length < need) foldedOther = new byte[need];
            var otherLength = Folding.Fold(other, foldedOther, out _);
            var length = Fold(value);
            if (ValueTests.Placed(folded.AsSpan(0, length), foldedOther.AsSpan(0, otherLength), atom.Place)) return true;
        }
        return false;
    }

    private bool RegexMatches(Regex regex, ReadOnlySpan<byte> value)
    {
        if (chars.Length < value.Length) chars = new char[value.Length * 2];
        var n = Encoding.UTF8.GetChars(value, chars);
        // Linear in the value (NonBacktracking), so no clock decides: the same record always gives the same answer.
        return regex.IsMatch(chars.AsSpan(0, n));
    }

    /// <summary>Where the first positive test of a true tree lies: field 0 is the raw record, length 0 is nothing to point at.</summary>
    public (ushort Field, int Offset, int Length) Evidence(Node node)
    {
        var slot = Proof(node, out var atom);
        if (slot == None) return (0, 0, 0);
        var length = proofLength[atom] >= 0 ? proofLength[atom] : slot == RawSlot ? batch.Raw(index).Length : batch.ValueAt(index, slot).Length;
        return (slot == RawSlot ? (ushort)0 : batch.FieldIds(index)[slot], proofOffset[atom], length);
    }

    private int Proof(Node node, out int atom)
    {
        atom = -1;
        switch (node.Kind)
        {
            case NodeKind.Atom when node.Atom is { Kind: not (AtomKind.Null or AtomKind.Exists) } a && isTrue[a.Index] == generation:
                atom = a.Index;
                return proofSlot[atom];
            case NodeKind.And or NodeKind.Or:
                foreach (var child in node.Children)
                    if (Proof(child, out atom) is var slot and not None) return slot;
                return None;
            default:
                return None;
        }
    }
}
