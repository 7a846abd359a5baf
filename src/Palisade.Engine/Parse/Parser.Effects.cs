using Palisade.Engine.Parse.Effects;

namespace Palisade.Engine.Parse;

/// <summary>What happens after a record was read: set, parse further, look up, when.</summary>
public sealed partial class Parser
{
    private static readonly byte[] Blank = [(byte)' '];

    private void Run(EffectList effects, SourceDefinition source, EventBatch into, int depth, EffectList? own)
    {
        Apply(effects.Set, into);
        if (own is not null) { Apply(own.Set, into); Further(own.Parse, source, into, depth); }
        Further(effects.Parse, source, into, depth);
        foreach (var lookup in effects.Lookups) LookUp(lookup, into);
        if (own is not null) foreach (var lookup in own.Lookups) LookUp(lookup, into);
        foreach (ref readonly var rule in effects.When.AsSpan()) if (rule.Condition.Holds(into)) Run(rule.Effects, source, into, depth, null);
        if (own is not null) foreach (ref readonly var rule in own.When.AsSpan()) if (rule.Condition.Holds(into)) Run(rule.Effects, source, into, depth, null);
    }

    private void Apply(SetList list, EventBatch into)
    {
        if (list.Steps.Length == 0) return;
        var texts = into.Reserve(list.Texts.Length);
        list.Texts.CopyTo(into.Bytes(texts, list.Texts.Length));
        foreach (ref readonly var step in list.Steps.AsSpan())
        {
            if (step.Composed is { } rule)
            {
                if (Compose(rule.Parts, into, out var offset, out var length)) values.Put(into, rule.Target, offset, length, !rule.Append);
                continue;
            }
            // A list replaces a list: what was there goes as a whole.
            if (!step.Append) into.Remove(step.Field);
            if (step.Length > 0) into.AddSlice(step.Field, texts + step.Offset, step.Length);
        }
    }

    private static bool Compose((byte[] Literal, ushort Field, bool All)[] parts, EventBatch into, out int offset, out int length)
    {
        offset = into.ArenaUsed;
        length = 0;
        foreach (var (literal, field, all) in parts)
        {
            if (field != 0 && into.Get(into.Count - 1, field).IsEmpty) { into.TrimTo(offset); return false; }
            Append(into, literal);
            if (field == 0) continue;
            if (all) { AppendAll(into, field); continue; }
            into.TryGetRange(into.Count - 1, field, out var at, out var n);
            var to = into.Reserve(n);
            into.Bytes(at, n).CopyTo(into.Bytes(to, n));
        }
        length = into.ArenaUsed - offset;
        return true;
    }

    private static void Append(EventBatch into, byte[] text) => text.CopyTo(into.Bytes(into.Reserve(text.Length), text.Length));

    // Only the slots there are now: what is written here goes to the arena, not to a slot.
    private static void AppendAll(EventBatch into, ushort field)
    {
        var index = into.Count - 1;
        var first = true;
        for (var slot = 0; slot < into.FieldIds(index).Length; slot++)
        {
            if (into.FieldIds(index)[slot] != field) continue;
            if (!first) Append(into, Blank);
            first = false;
            var (at, n) = into.RangeAt(index, slot);
            var to = into.Reserve(n);
            into.Bytes(at, n).CopyTo(into.Bytes(to, n));
        }
    }

    private void Further(ParseRule[] rules, SourceDefinition source, EventBatch into, int depth)
    {
        foreach (var rule in rules)
        {
            if (depth >= MaxDepth || !into.TryGetRange(into.Count - 1, rule.Field, out var offset, out var length) || length <= 0) continue;
            switch (rule.Kind)
            {
                case ParseKind.Patterns: TryOwn(source, rule.Patterns, offset, length, into, depth + 1); break;
                case ParseKind.Kv: AddPairs(source, source.Pairs, offset, length, into, depth + 1); break;
                case ParseKind.Json or ParseKind.Xml:
                    var before = into.Header(into.Count - 1).SlotCount;
                    var first = into.Bytes(offset, length)[0];
                    if ((first == '{' && json.Flatten(into, offset, length) == ParseRefusal.None) || (first == '<' && xml.Flatten(into, offset, length) == ParseRefusal.None)) Rename(source, into, before, true);
                    else into.Rewind(before);
                    break;
                case ParseKind.Auto: ReadMessage(offset, length, into, depth + 1); break;
                default:
                    if (set.IndexOf(rule.Source) is >= 0 and var other && TrySource(other, offset, length, into, depth + 1)) into.Header(into.Count - 1).Parser = other;
                    break;
            }
        }
    }

    // Patterns inside a source bring their own effects, and not the source's a second time.
    private void TryOwn(SourceDefinition source, SourcePattern[] patterns, int offset, int length, EventBatch into, int depth)
    {
        var text = into.Bytes(offset, length);
        foreach (var pattern in patterns)
        {
            if (!matcher.TryMatch(pattern.Nodes, text, record.ReceivedMs, ZoneOf(source))) continue;
            Trail?.Matched(source.Name, pattern.Id, matcher.Captures, offset);
            Commit(source, offset, into, depth);
            Run(pattern.Effects, source, into, depth, null);
            return;
        }
    }

    private static void LookUp(LookupRule rule, EventBatch into)
    {
        if (!into.TryGet(into.Count - 1, rule.Field, out var value)) return;
        var found = rule.Find(value);
        if (found.Length == 0) return;
        into.Remove(rule.To);
        foreach (var text in found) into.Add(rule.To, text);
    }
}
